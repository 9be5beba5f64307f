"""The space of a search: ranges and choices in Hydra's override syntax."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep, Sweep
from omegaconf import DictConfig

from charrec.errors import UserError
from charrec.sweep.points import OF_THE_SWEEP, Point, checked_point, name_of, refuse_lists

MOST_CORNERS = 16  # a second's work; of more only so many that each end is among them
LOG = "log"


@dataclass(frozen=True)
class Choice:
    values: tuple[str, ...]  # in Hydra's grammar

    @property
    def ends(self) -> tuple[str, ...]:
        return self.values


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included; whole ones where both are."""

    low: float
    high: float
    step: float | None = None
    log: bool = False

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def ends(self) -> tuple[str, ...]:
        return (str(self.low), str(self.high))


@dataclass(frozen=True)
class Space:
    """What is varied, by the setting's name, and what all jobs have in common."""

    dimensions: dict[str, Choice | Range]
    keys: dict[str, str]  # as the setting was given, with Hydra's +
    fixed: tuple[str, ...]
    config: DictConfig
    loader: ConfigLoader

    def point(self, values: Mapping[str, object]) -> Point:
        """The settings of one trial.

        Raises:
            UserError: they are refused.
        """
        own = [f"{self.keys[n]}={_readable(values[n], d)}" for n, d in self.dimensions.items()]
        return checked_point(self.config, self.loader, list(self.dimensions), [*self.fixed, *own])

    def check(self) -> list[str]:
        """Refuse a space with a corner that is no valid setting, before anything starts.

        Returns:
            What there is to be told to the user.
        """
        return [note for values in self._corners() for note in self.point(values).notes]

    def _corners(self) -> Iterator[dict[str, str]]:
        ends = [dimension.ends for dimension in self.dimensions.values()]
        if math.prod(map(len, ends)) > MOST_CORNERS:
            count = max(map(len, ends))
            ends_in_turn = ([some[i % len(some)] for some in ends] for i in range(count))
            yield from (dict(zip(self.dimensions, corner, strict=True)) for corner in ends_in_turn)
            return
        for corner in itertools.product(*ends):
            yield dict(zip(self.dimensions, corner, strict=True))


def space_of(config: DictConfig, loader: ConfigLoader, arguments: Sequence[str]) -> Space:
    """Raises UserError where a range is none, or nothing is varied."""
    overrides = OverridesParser.create(loader).parse_overrides(list(arguments))
    varied = [o for o in overrides if o.is_sweep_override()]
    refuse_lists(map(name_of, varied))
    if not varied:
        raise UserError(
            "a search needs settings to vary: 'lr=tag(log,interval(1e-4,1e-1))' hsize=32,64, say"
        )
    of_jobs = [o for o in overrides if not name_of(o).startswith(OF_THE_SWEEP)]
    (fixed,), *_ = BasicSweeper.split_arguments([o for o in of_jobs if o not in varied], None)
    return Space(
        {name_of(o): _dimension(o) for o in varied},
        {name_of(o): o.get_key_element() for o in varied},
        tuple(fixed),
        config,
        loader,
    )


def _readable(value: object, dimension: Choice | Range) -> object:
    """0.001234 for 0.0012340567891234: what a person can read and give again."""
    if not isinstance(value, float) or isinstance(dimension, Choice):
        return value
    rounded = float(f"{value:.4g}")
    return rounded if dimension.low <= rounded <= dimension.high else value


def _dimension(override: Override) -> Choice | Range:
    sweep = override.value()
    tags = sweep.tags if isinstance(sweep, Sweep) else set()  # a glob has none
    if isinstance(sweep, IntervalSweep):
        assert sweep.start is not None
        assert sweep.end is not None
        found: Choice | Range = Range(sweep.start, sweep.end, log=LOG in tags)
    elif isinstance(sweep, RangeSweep):
        found = _steps(override, sweep, LOG in tags)
    else:
        found = Choice(tuple(dict.fromkeys(override.sweep_string_iterator())))
    _refuse(override, _wrong_with(found, tags))
    return found


def _steps(override: Override, sweep: RangeSweep, log: bool) -> Range:
    """As in a grid the end itself is left out."""
    if not sweep.step:
        _refuse(override, "its step is 0")
    if log and sweep.step not in (1, -1):
        _refuse(
            override, "with the tag log there are no steps; write interval or int(interval(...))"
        )
    values = sweep.range()
    if not isinstance(values, range):
        values = list(values)  # type: ignore[assignment]
    if not values:
        _refuse(override, "it holds no value")
    first, last = sorted((values[0], values[-1]))  # type: ignore[index]
    return Range(first, last, None if log else abs(sweep.step), log)


def _wrong_with(found: Choice | Range, tags: set[str]) -> str | None:
    if unknown := tags - {LOG}:
        return f"the tag {min(unknown)} means nothing here; the one that does is log"
    if isinstance(found, Choice):
        none = "" if found.values else "it holds no value"
        return "choices have no tag log; interval and range do" if tags else none
    if not found.low <= found.high or math.isinf(found.high - found.low):
        return "write interval(LOWEST,HIGHEST)"
    if found.log and found.low <= 0:
        return "with the tag log its lowest value must be above 0"
    return None


def _refuse(override: Override, why: str | None) -> None:
    if why:
        raise UserError(f"{override.input_line} is refused: {why}")
