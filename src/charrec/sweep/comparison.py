"""A comparison in files: its records, to go on from, and its views, to look at.

Records are ``compare.csv``, ``effects.csv`` and, in the folder of a sweep, ``best.json``; they are
written in milliseconds. Views are ``compare.html`` and the figures, PNG, for which matplotlib and
plotly are imported.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from charrec.files import whole_file, write_whole
from charrec.paths import seen_from
from charrec.runs import BEST
from charrec.sweep.effects import Effect, Effects, effects_in
from charrec.sweep.results import Experiment, Result, rank, varied_in

COMPARISON, EFFECTS, PAGE = "compare.csv", "effects.csv", "compare.html"
EFFECT_COLUMNS = {
    "setting": "setting",
    "value": "value",
    "runs": "runs",
    "completed": "completed",
    "experiments": "experiments",
    "validation_accuracy": "mean",
    "validation_accuracy_deviation": "deviation",
    "best_validation_accuracy": "best",
    "alike": "alike",
    "alike_validation_accuracy": "alike_mean",
}


def write_results(sweep: Path, results: Iterable[Result]) -> list[Experiment]:
    """The records in a sweep's folder, ``best.json`` only if a run completed.

    Args:
        results: of the sweep's runs; where there are none, nothing is written.

    Returns:
        The sweep's experiments, the best first.
    """
    experiments = rank(results)
    if experiments:
        write_records(sweep, experiments, effects_in(experiments))
        _write_best(sweep, experiments[0])
    return experiments


def write_records(folder: Path, experiments: Sequence[Experiment], effects: Effects) -> None:
    """Folders in ``compare.csv`` are seen from `folder`, so that all may be moved together."""
    names = varied_in(experiments)
    rows = [_row(folder, experiment, names) for experiment in experiments]
    _write_table(folder / COMPARISON, list(rows[0]), rows)
    found = [_effect_row(effect) for some in effects.values() for effect in some]
    _write_table(folder / EFFECTS, list(EFFECT_COLUMNS), found)


def _write_best(sweep: Path, experiment: Experiment) -> None:
    """Only where the best experiment has a run that completed."""
    best = experiment.best
    if best.validation is None:
        return
    content = {
        "folder": seen_from(sweep, best.folder),
        "validation_accuracy": best.validation,
        "best_epoch": best.best_epoch,
        "test_accuracy": best.test,
        "settings": best.summary["settings"],
    }
    write_whole(sweep / BEST, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def write_views(folder: Path, experiments: Sequence[Experiment], effects: Effects) -> Path:
    """The figures and the page.

    Returns:
        The page.
    """
    from charrec.figures.pictures import draw_pictures  # matplotlib: not before it is needed
    from charrec.sweep.page import page
    from charrec.sweep.views import views_of

    views = views_of(experiments, effects)
    draw_pictures(views, folder)
    write_whole(folder / PAGE, page(folder, experiments, effects, views))
    return folder / PAGE


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    with whole_file(path, newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def _row(folder: Path, experiment: Experiment, names: Sequence[str]) -> dict[str, Any]:
    """Accuracies are fractions; the epoch and the folder are those of the best repeat."""
    best = experiment.best
    validation, test = experiment.validation, experiment.test
    return {
        **{name: best.settings.get(name, "") for name in names},
        "runs": len(experiment.repeats),
        "completed": len(experiment.completed),
        "validation_accuracy": validation[0],
        "validation_accuracy_deviation": validation[1],
        "best_epoch": best.best_epoch,
        "test_accuracy": test[0],
        "test_accuracy_deviation": test[1],
        "parameters": best.parameters,
        "folder": seen_from(folder, best.folder),
    }


def _effect_row(effect: Effect) -> dict[str, Any]:
    return {column: getattr(effect, name) for column, name in EFFECT_COLUMNS.items()}
