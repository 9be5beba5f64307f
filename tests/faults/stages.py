"""A process that tells when it has come to a stage of its work, and stays there for a while."""

from __future__ import annotations

import importlib
import signal
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

STAGES = {
    "loading": "charrec.data.datamodule.read_letters",
    "setup": "charrec.data.datamodule.CharacterDataModule.train_dataloader",
    "learning": "charrec.classifier.CharacterClassifier.training_step",
    "step": "charrec.backpropagation.Backpropagation.__call__",
    "validation": "charrec.classifier.CharacterClassifier.validation_step",
    "checkpoint": "charrec.checkpoints.write_checkpoint",
    "curves": "charrec.conclusion.draw_curves",
    "testing": "charrec.conclusion.answer_test_split",
    "report": "charrec.evaluation.draw_confusion_matrix",
}


def wait_in(stage: str, seen: Path, seconds: float, time_around: int = 1) -> None:
    """Touch `seen` when the stage is entered for the n-th time, and sleep there."""
    place, name = STAGES[stage].rsplit(".", 1)
    owner = _find(place)
    call, entered = getattr(owner, name), 0

    @wraps(call)
    def slowly(*arguments: Any, **named: Any) -> Any:
        nonlocal entered
        entered += 1
        if entered == time_around:
            seen.touch()
            time.sleep(seconds)
        return call(*arguments, **named)

    setattr(owner, name, slowly)


def _find(place: str) -> Any:
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError:
        module, name = place.rsplit(".", 1)
        return getattr(importlib.import_module(module), name)


def ignore(number: int, then: Callable[[], None]) -> None:
    """As a process that was started with nohup, or as a shell's job in the background."""
    signal.signal(number, signal.SIG_IGN)
    then()
