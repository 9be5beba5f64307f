"""Folders of sweeps that were never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from making import make_run

from charrec.settings import TrainSettings
from charrec.sweep.fingerprint import fingerprint
from charrec.sweep.folder import Sweep
from charrec.sweep.ledger import new_row
from charrec.sweep.points import Point


def settings_of(**changes: Any) -> dict[str, Any]:
    return TrainSettings(**changes).record()


def make_point(**changes: Any) -> Point:
    varied = {name: str(value) for name, value in changes.items()}
    return Point(tuple(f"{k}={v}" for k, v in varied.items()), settings_of(**changes), varied)


def make_sweep(folder: Path, *statuses: str) -> Sweep:
    """A sweep over hsize=1,2,... of which the ledger says these statuses; no job left a run."""
    folder.mkdir(parents=True, exist_ok=True)
    sweep = Sweep(folder)
    rows = []
    for number, status in enumerate(statuses):
        point = make_point(hsize=number + 1)
        row = new_row(number, fingerprint(point.settings), point.varied)
        rows.append(row | {"status": status})
    sweep.ledger.write(rows)
    return sweep


def make_job(sweep: Sweep, job: int, status: str, accuracy: float | None = None) -> None:
    """The run of a job, as it would have recorded itself."""
    found = {"accuracy": accuracy} if accuracy is not None else None
    make_run(
        sweep.folder / str(job),
        status=status,
        settings=settings_of(hsize=job + 1),
        validation=found,
        test=found,
        best_epoch=None if accuracy is None else job + 1,
        started=f"2026-01-01T00:00:{job:02}",
    )


def make_result(
    folder: Path, accuracy: float | None, status: str = "completed", error: str = "", **changes: Any
) -> None:
    """A run of two epochs whose test accuracy is 0.1 below that on validation.

    Its settings are recorded as they are given, for a record may hold anything.
    """
    found: dict[str, Any] = {}
    if accuracy is not None:
        test = {"accuracy": round(accuracy - 0.1, 6)}
        found = {"validation": {"accuracy": accuracy}, "test": test, "best_epoch": 2}
    make_run(folder, status=status, settings=settings_of() | changes, error=error, **found)


def make_curve(folder: Path, *accuracies: float) -> None:
    """Of a run's ``metrics.csv`` what comparisons read."""
    rows = [f"{epoch},{accuracy}\n" for epoch, accuracy in enumerate(accuracies, 1)]
    (folder / "metrics.csv").write_text("epoch,validation_accuracy\n" + "".join(rows))
