"""What is drawn of many runs, whoever draws it: places and words, all worked out before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

BEST = "#d55e00"  # vermilion, which viridis does not have
PLAIN = "#31688e"  # where there is no key: a blue of viridis
DARKEST, LIGHTEST = 0.0, 0.88  # of viridis; the last tenth is too light for lines on white
MOST_CELLS = 12  # along one side of the heat map
MOST_SIZES = 6  # that are written below an axis, each


@dataclass(frozen=True)
class Key:
    """What colours say: the values, in order, of one setting."""

    setting: str
    values: tuple[str, ...]

    def place(self, value: str) -> float:
        """On a colour map that goes from 0 to 1."""
        steps = max(len(self.values) - 1, 1)
        return DARKEST + (LIGHTEST - DARKEST) * self.values.index(value) / steps


@dataclass(frozen=True)
class Curve:
    """Validation accuracy of one run by epoch."""

    name: str  # what is varied, with its values
    label: str  # the same, or the folder where that is shorter
    points: tuple[tuple[int, float], ...]  # at least one
    status: str
    group: str  # value of the key's setting
    best: bool = False  # the best of all


@dataclass(frozen=True)
class Heat:
    """Mean accuracy for each pair of values of two settings, over all else."""

    settings: tuple[str, str]  # down, across
    down: tuple[str, ...]
    across: tuple[str, ...]
    means: tuple[tuple[float | None, ...], ...]  # None: no experiment that completed
    completed: tuple[tuple[int, ...], ...]  # experiments
    tried: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Axis:
    """One upright axis of the parallel coordinates, from 0 to 1."""

    title: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Parallel:
    """A line for each experiment that completed, the best last."""

    axes: tuple[Axis, ...]  # the last is the accuracy
    lines: tuple[tuple[float, ...], ...]  # a place on each axis
    names: tuple[str, ...]
    accuracies: tuple[float, ...]


@dataclass(frozen=True)
class Spot:
    """An experiment by the size of its network."""

    name: str
    label: str
    parameters: int
    accuracy: float
    deviation: float | None
    group: str


@dataclass(frozen=True)
class Comparison:
    curves: tuple[Curve, ...]  # the best first
    key: Key | None  # of the curves
    heat: Heat | None  # two settings with few enough values, or None
    parallel: Parallel | None  # None where nothing is varied, or nothing completed
    spots: tuple[Spot, ...]
    spot_key: Key | None


def is_wide(values: Sequence[float]) -> bool:
    """Whether a logarithmic axis shows them better."""
    return min(values) > 0 and max(values) / min(values) > 3


def spread(heights: Sequence[float], gap: float, top: float) -> list[float]:
    """The heights moved as little as is simple, so that labels at them stand `gap` apart.

    They keep their order and, where there is room for all of them, stay between 0 and `top`.
    """
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    moved = list(heights)
    for before, index in pairwise(order):
        moved[index] = max(moved[index], moved[before] + gap)
    ceiling = top
    for index in reversed(order):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return moved


def words_in(mean: float | None, completed: int, tried: int, narrow: bool = False) -> str:
    """What stands in a cell: the mean over how many experiments, or why there is none."""
    if not tried:
        return "not tried"
    many = f"{completed}" if completed == tried else f"{completed} of {tried}"
    if mean is None:
        return many if narrow else f"{many}\ncompleted"
    return f"{mean:.1%}\n{many}" if narrow else f"{mean:.1%}\nn = {many}"


def frontier(spots: Sequence[Spot]) -> list[Spot]:
    """Those that no experiment with as few parameters beats, the smallest first."""
    best: list[Spot] = []
    for spot in sorted(spots, key=lambda spot: (spot.parameters, -spot.accuracy)):
        if not best or spot.accuracy > best[-1].accuracy:
            best.append(spot)
    return best


def sizes_to_name(sizes: Sequence[int]) -> list[int]:
    """The sizes themselves, for an axis on which they are few and stand apart; else none."""
    distinct = sorted(set(sizes))
    places = [math.log(size) if is_wide(sizes) else size for size in distinct]
    room = (places[-1] - places[0]) / 8
    apart = all(after - before > room for before, after in pairwise(places))
    return distinct if len(distinct) <= MOST_SIZES and apart else []
