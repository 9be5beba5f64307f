"""Folders of runs that were never trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from charrec.run import Run


def make_run(folder: Path, **summary: Any) -> Run:
    run = Run(folder)
    (folder / "checkpoints").mkdir(parents=True)
    run.best_checkpoint.touch()
    run.record(**summary)
    return run
