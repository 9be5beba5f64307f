"""The points of a grid: every combination of the values given, with its checked settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

from charrec.cli.checks import check_train
from charrec.cli.entry import settings_of
from charrec.errors import UserError
from charrec.settings import TrainSettings
from charrec.spelling import flat
from charrec.sweep.fingerprint import fingerprint
from charrec.trainer_arguments import processes

OF_THE_SWEEP = "sweep."  # settings that begin so belong to no single job


@dataclass(frozen=True)
class Point:
    overrides: tuple[str, ...]  # in Hydra's grammar
    settings: dict[str, Any]  # resolved and checked
    varied: dict[str, str]  # value by setting, for those that the sweep varies
    notes: tuple[str, ...] = ()  # for the user

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.settings)


def points_of(
    config: DictConfig, loader: ConfigLoader, arguments: Sequence[str]
) -> Iterator[Point]:
    """Compose and check every combination; none is started before all are checked.

    Raises:
        UserError: a value out of its range, or a setting of the sweep with several values.
    """
    overrides = OverridesParser.create(loader).parse_overrides(list(arguments))
    names = [name_of(o) for o in overrides if o.is_sweep_override()]
    refuse_lists(names)
    for combination in _combinations(overrides):
        yield checked_point(config, loader, names, combination)


def checked_point(
    config: DictConfig, loader: ConfigLoader, names: Sequence[str], combination: Sequence[str]
) -> Point:
    """Compose and check one combination.

    Args:
        names: of the settings that the sweep varies.

    Raises:
        UserError: a value out of its range.
    """
    settings = settings_of(loader.load_sweep_config(config, list(combination)))
    if settings["resume"] is not None:
        raise UserError("resume goes on with one run: leave out -m; sweeps have sweep.resume")
    check_train(settings)
    checked = TrainSettings.from_config(settings)
    if (count := processes(checked.trainer)) > 1:
        raise UserError(
            f"{count} processes are for one large run: leave out -m, or trainer.devices"
        )
    record = checked.record()
    varied = _varied(names, combination, record)
    return Point(tuple(combination), record, varied, checked.notes)


def each_once(points: Iterable[Point]) -> list[Point]:
    """Without those that are the same experiment as one before them."""
    first: dict[str, Point] = {}
    for point in points:
        first.setdefault(point.fingerprint, point)
    return list(first.values())


def name_of(override: Override) -> str:
    return str(override.get_key_element()).lstrip("+")


def refuse_lists(names: Iterable[str]) -> None:
    """Raise UserError where a setting of the sweep was given several values."""
    for name in names:
        if name.startswith(OF_THE_SWEEP):
            raise UserError(f"{name} is one for the whole sweep: give it one value")


def _combinations(overrides: list[Override]) -> list[list[str]]:
    of_jobs = [o for o in overrides if not name_of(o).startswith(OF_THE_SWEEP)]
    (combinations,) = BasicSweeper.split_arguments(of_jobs, max_batch_size=None)
    return combinations


def _varied(
    names: Iterable[str], combination: Iterable[str], record: dict[str, Any]
) -> dict[str, str]:
    """As it was resolved, momentum=null with Adam; as it was given where it names many settings."""
    given = dict(override.lstrip("+").split("=", 1) for override in combination)
    resolved = dict(flat(record))
    return {name: resolved.get(name, given[name]) for name in names}
