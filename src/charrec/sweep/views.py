"""From the experiments of a comparison to what its figures show."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from charrec.figures.comparison import (
    MOST_CELLS,
    Axis,
    Comparison,
    Curve,
    Heat,
    Key,
    Parallel,
    Spot,
    is_wide,
)
from charrec.sweep.effects import (
    ABSENT,
    NULL,
    Effects,
    as_number,
    in_order,
    strongest_first,
    value_of,
)
from charrec.sweep.results import Experiment, Result

MOST_COLOURS = 8
MOST_AXES = 8
MOST_TICKS = 10
MOST_POINTS = 400  # of one curve: more than a screen shows
LONGEST_NAME = 30  # beside a curve
LONGEST_VALUE, LONGEST_NUMBER = 18, 9
OF_SIZE = ("hsize", "data.image_size", "data.alphabet")  # what the number of parameters depends on


def views_of(experiments: Sequence[Experiment], effects: Effects) -> Comparison:
    """Of experiments in their order, the best first."""
    names = list(effects)
    key = _key(effects)
    spot_key = _key({name: e for name, e in effects.items() if name not in OF_SIZE})
    return Comparison(
        curves=tuple(_curves(experiments, names, key)),
        key=key,
        heat=_heat(experiments, effects),
        parallel=_parallel(experiments, effects),
        spots=tuple(_spots(experiments, names, spot_key)),
        spot_key=spot_key,
    )


def _key(effects: Effects) -> Key | None:
    """The setting with the most effect among those with few enough values to tell colours apart."""
    few = {name: some for name, some in effects.items() if 1 < len(some) <= MOST_COLOURS}
    for name in strongest_first(few):
        return Key(name, tuple(effect.value for effect in few[name]))
    return None


def named(result: Result, names: Sequence[str], seeds: bool = False) -> str:
    """``hsize=64 optimizer=adam``: what a run has of what is varied, and perhaps its seed."""
    having = [name for name in names if result.settings.get(name, NULL) != NULL]
    having += ["seed"] if seeds else []
    return " ".join(f"{name}={shortened(result.settings.get(name, ''))}" for name in having)


def shortened(value: str) -> str:
    """Four digits of a number that has many; the end of a long text, which tells paths apart."""
    number = as_number(value)
    if number is not None and len(value) > LONGEST_NUMBER:
        return f"{number:.4g}"
    return value if len(value) <= LONGEST_VALUE else "…" + value[1 - LONGEST_VALUE :]


def words_for(value: str) -> str:
    return "not set" if value == ABSENT else shortened(value)


def _label(result: Result, name: str, prefix: bool) -> str:
    if 0 < len(name) <= LONGEST_NAME:
        return name
    folder = result.folder
    return f"{shortened(folder.parent.name)}/{folder.name}" if prefix else folder.name


def _curves(
    experiments: Sequence[Experiment], names: Sequence[str], key: Key | None
) -> list[Curve]:
    runs = [result for experiment in experiments for result in experiment.repeats]
    best = experiments[0].best if experiments and experiments[0].completed else None
    seeds = len({result.settings.get("seed") for result in runs}) > 1
    several = len({result.folder.parent for result in runs}) > 1
    curves = []
    for result in runs:
        if result.curve:
            name = named(result, names, seeds)
            group = result.settings.get(key.setting, ABSENT) if key else ""
            label = _label(result, name, several)
            points = _thinned(result.curve)
            curves.append(Curve(name, label, points, result.status, group, result is best))
    return sorted(
        curves, key=lambda c: (c.best, c.status == "completed", _highest(c)), reverse=True
    )


def _highest(curve: Curve) -> float:
    return max(value for _, value in curve.points)


def _thinned(points: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
    """Every second, third ... point of a long curve, and its last."""
    step = math.ceil(len(points) / MOST_POINTS)
    return points if step == 1 else (*points[:-1:step], points[-1])


def _heat(experiments: Sequence[Experiment], effects: Effects) -> Heat | None:
    """Of the two settings with the most effect, if two have few enough values to read."""
    few = {name: some for name, some in effects.items() if 1 < len(some) <= MOST_CELLS}
    if len(few) < 2 or not any(experiment.completed for experiment in experiments):
        return None
    first, second = (name for name in effects if name in strongest_first(few)[:2])
    down, across = (tuple(effect.value for effect in few[name]) for name in (first, second))
    cells: dict[tuple[str, str], list[float]] = {}
    tried: Counter[tuple[str, str]] = Counter()
    for experiment in experiments:
        cell = value_of(experiment, first), value_of(experiment, second)
        tried[cell] += 1
        if (mean := experiment.validation[0]) is not None:
            cells.setdefault(cell, []).append(mean)
    grid = [[(row, column) for column in across] for row in down]
    return Heat(
        settings=(first, second),
        down=tuple(map(words_for, down)),
        across=tuple(map(words_for, across)),
        means=tuple(
            tuple(statistics.mean(cells[c]) if c in cells else None for c in row) for row in grid
        ),
        completed=tuple(tuple(len(cells.get(c, ())) for c in row) for row in grid),
        tried=tuple(tuple(tried[c] for c in row) for row in grid),
    )


def _parallel(experiments: Sequence[Experiment], effects: Effects) -> Parallel | None:
    """The strongest setting stands beside the accuracy, where the eye follows it best."""
    there = [(e, e.validation[0]) for e in experiments if e.validation[0] is not None][::-1]
    names = strongest_first(effects)[:MOST_AXES]
    if not there or not names:
        return None
    accuracies = [accuracy for _, accuracy in there if accuracy is not None]
    columns = [_axis(name, [value_of(e, name) for e, _ in there]) for name in reversed(names)]
    columns.append(_accuracy_axis(accuracies))
    return Parallel(
        axes=tuple(axis for axis, _ in columns),
        lines=tuple(zip(*(places for _, places in columns), strict=True)),
        names=tuple(named(experiment.best, list(effects)) for experiment, _ in there),
        accuracies=tuple(accuracies),
    )


def _axis(name: str, values: Sequence[str]) -> tuple[Axis, list[float]]:
    """The place of each value: in slots where there are few, else as a number where all are."""
    distinct = in_order(values)
    numbers = [as_number(value) for value in values]
    if len(distinct) > MOST_TICKS and None not in numbers:
        return _scale(name, [number for number in numbers if number is not None])
    width = 1 / len(distinct)
    seen: Counter[str] = Counter()
    places = []
    for value in values:  # in a slot side by side, so that lines do not hide each other
        seen[value] += 1
        within = 0.2 + 0.6 * (seen[value] / (values.count(value) + 1))
        places.append((distinct.index(value) + within) * width)
    every = math.ceil(len(distinct) / MOST_TICKS)
    ticks = [((i + 0.5) * width, words_for(v)) for i, v in enumerate(distinct)]
    return Axis(name, tuple(ticks[::every])), places


def _scale(name: str, numbers: Sequence[float]) -> tuple[Axis, list[float]]:
    """Logarithmic where they span much; a tick at each fifth of the way."""
    ways = (math.log, math.exp) if is_wide(numbers) else (float, float)
    forth, back = ways
    low, high = forth(min(numbers)), forth(max(numbers))
    ticks = [(i / 5, f"{back(low + (high - low) * i / 5):.3g}") for i in range(6)]
    return Axis(name, tuple(ticks)), [(forth(n) - low) / (high - low) for n in numbers]


def _accuracy_axis(accuracies: Sequence[float]) -> tuple[Axis, list[float]]:
    low, high = min(accuracies), max(accuracies)
    if low == high:
        low, high = low - 0.01, high + 0.01
    ticks = tuple((i / 5, f"{low + (high - low) * i / 5:.1%}") for i in range(6))
    return Axis("validation accuracy", ticks), [(a - low) / (high - low) for a in accuracies]


def _spots(experiments: Sequence[Experiment], names: Sequence[str], key: Key | None) -> list[Spot]:
    several = len({experiment.best.folder.parent for experiment in experiments}) > 1
    spots = []
    for experiment in experiments:
        (mean, deviation), best = experiment.validation, experiment.best
        if mean is not None and best.parameters is not None:
            name = named(best, names)
            label, group = (
                _label(best, name, several),
                value_of(experiment, key.setting) if key else "",
            )
            spots.append(Spot(name, label, best.parameters, mean, deviation, group))
    return spots
