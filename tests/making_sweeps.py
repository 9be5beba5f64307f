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
