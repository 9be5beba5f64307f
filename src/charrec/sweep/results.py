"""What came out of many runs: experiments, each over its seeds, the best first.

The validation accuracy of a run's best epoch decides; the test accuracy is told and decides
nothing.
"""

from __future__ import annotations

import csv
import math
import re
import statistics
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from charrec import parameters
from charrec.errors import UserError
from charrec.run import Run
from charrec.runs import find_runs
from charrec.spelling import flat
from charrec.sweep.fingerprint import experiment

GROUPS = {"optimizer.options.": "optimizer", "augment.": "augment"}  # whose choice sets them


@dataclass(frozen=True)
class Result:
    """What a run recorded, read once."""

    folder: Path
    summary: dict[str, Any]
    status: str

    @cached_property
    def settings(self) -> dict[str, str]:
        return dict(flat(self.summary["settings"]))

    @cached_property
    def parameters(self) -> int | None:
        """How many numbers the network learned; None where the record does not say."""
        try:
            return parameters.count_of(self.summary["settings"])
        except (KeyError, TypeError):
            return None

    @cached_property
    def curve(self) -> tuple[tuple[int, float], ...]:
        """Epoch and validation accuracy, for the epochs that were validated so far."""
        from charrec.figures.curves import read_metrics  # matplotlib, and only here

        path = self.folder / "metrics.csv"
        try:
            points = read_metrics(path).get("validation_accuracy", [])
        except FileNotFoundError:  # it has not begun to learn
            return ()
        except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
            warnings.warn(f"{path} cannot be read, its curve is left out: {error}", stacklevel=2)
            return ()
        return tuple((epoch, value) for epoch, value in points if math.isfinite(value))

    @cached_property
    def best_epoch(self) -> int | None:
        found = self.summary.get("best_epoch")
        return None if found is None else int(found)

    @cached_property
    def validation(self) -> float | None:
        """Accuracy of the best epoch; None for a run that did not complete, or has none."""
        return self._accuracy("validation")

    @cached_property
    def test(self) -> float | None:
        return self._accuracy("test")

    def _accuracy(self, split: str) -> float | None:
        found = (self.summary.get(split) or {}).get("accuracy")
        if found is None or self.status != "completed":
            return None
        if not 0 <= float(found) <= 1:  # nor NaN, which would upset every order
            raise ValueError(f"{split} accuracy {found}")
        return float(found)


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
        for run in sorted(runs, key=lambda run: natural(str(run.folder))):
            place = run.folder.resolve()
            if place not in found and (result := _read(run)):
                found[place] = result
    return list(found.values())


def _read(run: Run) -> Result | None:
    """None, and a warning, for a run whose record is damaged: it must not hide the others."""
    try:
        summary = run.summary
        run.settings_in(summary)
        result = Result(run.folder, summary, run.status_in(summary))
        _ = result.settings, result.best_epoch, result.validation, result.test  # now or never
        return result
    except UserError as error:
        warnings.warn(str(error), stacklevel=3)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        told = f"{type(error).__name__}: {error}"
        warnings.warn(f"{run.folder / 'summary.json'} is damaged, left out: {told}", stacklevel=3)
    return None


def natural(text: str) -> list[tuple[int, str]]:
    """A key by which folder 2 comes before folder 10."""
    parts = re.findall(r"\d+|\D+", text)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def rank(results: Iterable[Result]) -> list[Experiment]:
    """The best first; those of which no run completed last."""
    repeats: dict[str, list[Result]] = {}
    for result in results:
        repeats.setdefault(experiment(result.summary["settings"]), []).append(result)
    experiments = [Experiment(tuple(some)) for some in repeats.values()]
    return sorted(experiments, key=lambda e: _or_lowest(e.validation[0]), reverse=True)


def varied_in(experiments: Sequence[Experiment]) -> list[str]:
    """The settings in which they differ, but for what comes with a choice of several of them."""
    settings = [experiment.best.settings for experiment in experiments]
    names = dict.fromkeys(name for some in settings for name in some)
    return [
        name
        for name in names
        if name != "seed"
        and len({some.get(name) for some in settings}) > 1
        and not _comes_with_a_choice(name, settings)
    ]


def _comes_with_a_choice(name: str, settings: Sequence[dict[str, str]]) -> bool:
    choice = next((group for start, group in GROUPS.items() if name.startswith(start)), None)
    if choice is None:
        return False
    values: dict[str, set[str | None]] = {}
    for some in settings:
        values.setdefault(some.get(choice, ""), set()).add(some.get(name))
    return all(len(own) == 1 for own in values.values())
