"""Experiments side by side: a table to read, ``compare.csv`` and ``best.json`` to go on from."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charrec.figures.tables import print_table
from charrec.files import whole_file, write_whole
from charrec.paths import shown_path
from charrec.runs import BEST, find_runs
from charrec.sweep.results import Experiment, rank, read_results, varied_in

COMPARISON = "compare.csv"


def show(experiments: Sequence[Experiment]) -> None:
    """Print the table, and how to test and predict with the best run."""
    if not experiments:
        return
    names = varied_in(experiments)
    columns = (*names, "runs", "validation", "epoch", "test", "folder")
    print_table(columns, [_shown(experiment, names) for experiment in experiments])
    best = experiments[0].best
    if best.validation is None:
        return
    run = shlex.quote(shown_path(best.folder))
    print(f"Best on validation, {best.validation:.1%}: {run}")
    print(f"Test: python -m charrec.test run={run}")
    print(f"Predict: python -m charrec.predict images=FOLDER run={run}")


def _shown(experiment: Experiment, names: Sequence[str]) -> list[str]:
    best, done, count = experiment.best, len(experiment.completed), len(experiment.repeats)
    return [
        *(best.settings.get(name, "") for name in names),
        str(count) if done == count else f"{done} of {count}",
        _share(*experiment.validation) or best.status,
        str(best.summary.get("best_epoch") or ""),
        _share(*experiment.test),
        shown_path(best.folder),
    ]


def _share(mean: float | None, deviation: float | None) -> str:
    """``61.3%``, or ``61.3% ± 1.2%`` over several seeds."""
    if mean is None:
        return ""
    return f"{mean:.1%}" if deviation is None else f"{mean:.1%} ± {deviation:.1%}"


def write_results(sweep: Path) -> list[Experiment]:
    """``compare.csv`` and, if a run completed, ``best.json`` in a sweep's folder.

    Returns:
        The sweep's experiments, the best first; none where no run began.
    """
    experiments = rank(read_results([sweep])) if find_runs(sweep) else []
    if not experiments:
        return []
    _write_table(sweep, experiments)
    if experiments[0].best.validation is not None:
        _write_best(sweep, experiments[0])
    return experiments


def _write_table(sweep: Path, experiments: Sequence[Experiment]) -> None:
    names = varied_in(experiments)
    rows = [_row(sweep, experiment, names) for experiment in experiments]
    with whole_file(sweep / COMPARISON, newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _row(sweep: Path, experiment: Experiment, names: Sequence[str]) -> dict[str, Any]:
    """Accuracies are fractions; the epoch and the folder are those of the best repeat."""
    best = experiment.best
    validation, test = experiment.validation, experiment.test
    return {
        **{name: best.settings.get(name, "") for name in names},
        "runs": len(experiment.repeats),
        "completed": len(experiment.completed),
        "validation_accuracy": validation[0],
        "validation_accuracy_deviation": validation[1],
        "best_epoch": best.summary.get("best_epoch"),
        "test_accuracy": test[0],
        "test_accuracy_deviation": test[1],
        "folder": best.folder.relative_to(sweep).as_posix(),
    }


def _write_best(sweep: Path, experiment: Experiment) -> None:
    best = experiment.best
    content = {
        "folder": best.folder.relative_to(sweep).as_posix(),
        "validation_accuracy": best.validation,
        "best_epoch": best.summary.get("best_epoch"),
        "test_accuracy": best.test,
        "settings": best.summary["settings"],
    }
    write_whole(sweep / BEST, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
