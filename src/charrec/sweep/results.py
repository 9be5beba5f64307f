"""What came out of many runs: experiments, each over its seeds, the best first.

The validation accuracy of a run's best epoch decides; the test accuracy is told and decides
nothing.
"""

from __future__ import annotations

import re
import statistics
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charrec.errors import UserError
from charrec.runs import find_runs
from charrec.sweep.fingerprint import experiment, flat

OPTIONS = "optimizer.options."


@dataclass(frozen=True)
class Result:
    """What a run recorded, read once."""

    folder: Path
    summary: dict[str, Any]
    status: str

    @property
    def settings(self) -> dict[str, str]:
        return dict(flat(self.summary["settings"]))

    @property
    def validation(self) -> float | None:
        """Accuracy of the best epoch; None for a run that did not complete, or has none."""
        return self._accuracy("validation")

    @property
    def test(self) -> float | None:
        return self._accuracy("test")

    def _accuracy(self, split: str) -> float | None:
        found = (self.summary.get(split) or {}).get("accuracy")
        return float(found) if found is not None and self.status == "completed" else None


@dataclass(frozen=True)
class Experiment:
    """Runs of which only the seed differs."""

    repeats: tuple[Result, ...]

    @property
    def best(self) -> Result:
        return max(self.repeats, key=lambda result: _or_lowest(result.validation))

    @property
    def completed(self) -> list[Result]:
        return [result for result in self.repeats if result.status == "completed"]

    @property
    def validation(self) -> tuple[float | None, float | None]:
        """Mean and standard deviation over the seeds; the latter needs two."""
        return _mean_and_deviation(result.validation for result in self.repeats)

    @property
    def test(self) -> tuple[float | None, float | None]:
        return _mean_and_deviation(result.test for result in self.repeats)


def _or_lowest(accuracy: float | None) -> float:
    return -1.0 if accuracy is None else accuracy


def _mean_and_deviation(values: Iterable[float | None]) -> tuple[float | None, float | None]:
    there = [value for value in values if value is not None]
    mean = statistics.mean(there) if there else None
    return mean, statistics.stdev(there) if len(there) > 1 else None


def read_results(folders: Iterable[Path]) -> list[Result]:
    """Those of all runs in the folders, each once, in natural order.

    Raises:
        UserError: a folder that does not exist or holds no run.
    """
    found: dict[Path, Result] = {}
    for folder in folders:
        runs = find_runs(folder)
        if not runs:
            raise UserError(f"{folder} holds no run; name the folders of runs or sweeps")
        for run in sorted(runs, key=lambda run: _natural(run.folder)):
            try:
                _ = run.settings  # refused where they are damaged
                found.setdefault(run.folder.resolve(), Result(run.folder, run.summary, run.status))
            except UserError as error:  # a broken one must not hide the others
                warnings.warn(str(error), stacklevel=2)
    return list(found.values())


def _natural(path: Path) -> list[tuple[int, str]]:
    """Folder 2 before folder 10."""
    parts = re.findall(r"\d+|\D+", str(path))
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def rank(results: Iterable[Result]) -> list[Experiment]:
    """The best first; those of which no run completed last."""
    repeats: dict[str, list[Result]] = {}
    for result in results:
        repeats.setdefault(experiment(result.summary["settings"]), []).append(result)
    experiments = [Experiment(tuple(some)) for some in repeats.values()]
    return sorted(experiments, key=lambda e: _or_lowest(e.validation[0]), reverse=True)


def varied_in(experiments: Sequence[Experiment]) -> list[str]:
    """The settings in which they differ, but for options that come with the optimizer."""
    settings = [experiment.best.settings for experiment in experiments]
    names = dict.fromkeys(name for some in settings for name in some)
    return [
        name
        for name in names
        if name != "seed"
        and len({some.get(name) for some in settings}) > 1
        and not _comes_with_the_optimizer(name, settings)
    ]


def _comes_with_the_optimizer(name: str, settings: Sequence[dict[str, str]]) -> bool:
    values: dict[str, set[str | None]] = {}
    for some in settings:
        values.setdefault(some.get("optimizer", ""), set()).add(some.get(name))
    return name.startswith(OPTIONS) and all(len(own) == 1 for own in values.values())
