"""Whether a run can go on, and from what: its own checkpoint, its own letters."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path

from charrec.checkpoints import read_checkpoint
from charrec.classifier import CharacterClassifier
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import UserError
from charrec.recording import EpochRecorder
from charrec.run import Run
from charrec.saving import Checkpoints, RandomStates
from charrec.settings import TrainSettings
from charrec.weights import load_classifier

KEEPING = (EpochRecorder, RandomStates, Checkpoints)  # their states are what a run goes on from
# How long and by what means a run learns: what it learns is the same.
CHANGES_NO_WEIGHT = ("epochs", "trainer", "steps_per_execution", "compile")
ENDING = ("max_time", "max_steps", "fast_dev_run")  # arguments of the Trainer that end a run


def is_over(run: Run, settings: TrainSettings) -> bool:
    """Whether a completed run has nothing to go on with, which is told.

    Raises:
        UserError: it is to have more epochs, and something else than epochs has ended it.
    """
    before = run.settings["epochs"]
    ended_by = [
        f"trainer.{name}={settings.trainer[name]}" for name in ENDING if name in settings.trainer
    ]
    if ended_by and run.summary.get("epochs", before) < before:
        told = f"{run.folder} was ended by {' '.join(ended_by)}, which it keeps"
        if settings.epochs > before:
            raise UserError(f"{told}; start a new run with weights=RUN_DIR")
        warnings.warn(f"{told}: there is nothing to go on with", stacklevel=3)
        return True
    if settings.epochs == before:
        warnings.warn(
            f"{run.folder} is completed: there is nothing to go on with; "
            f"epochs={2 * before}, say, makes it longer",
            stacklevel=3,
        )
    return bool(settings.epochs == before)


def checkpoint_to_go_on_from(run: Run) -> Path | None:
    """The last one, or the best where that is damaged; None for a run that ended before any.

    The best is of an earlier epoch: the epochs since then are learned once more, and alike.
    """
    there = [path for path in (run.last_checkpoint, run.best_checkpoint) if path.exists()]
    if not there and run.epochs_so_far > 1:
        raise UserError(f"{run.last_checkpoint} is gone, and the best too: start a new run")
    for path in there:
        try:
            load_classifier(path)
        except UserError as error:
            if path == there[-1]:
                raise
            warnings.warn(f"{error}\ngoing on from {there[-1].name}", stacklevel=3)
        else:
            return path
    return None


def identity_of(settings: TrainSettings, letters: str) -> str:
    """A digest of what a run learns, however long, wherever its letters are, and on what.

    Args:
        letters: their fingerprint.
    """
    record = {k: v for k, v in settings.record().items() if k not in CHANGES_NO_WEIGHT}
    record["data"] = {k: v for k, v in record["data"].items() if k != "root"}
    text = json.dumps([record, letters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_another_run(checkpoint: Path, classifier: CharacterClassifier, identity: str) -> None:
    content = read_checkpoint(checkpoint)
    kept = content.get("callbacks")
    if not isinstance(kept, dict) or any(kind.__name__ not in kept for kind in KEEPING):
        raise UserError(f"{checkpoint} holds nothing to go on from; put the run's own back")
    whose = kept[Checkpoints.__name__].get("run"), content["hyper_parameters"]
    if whose != (identity, dict(classifier.hparams)):
        raise UserError(
            f"{checkpoint} is of another run: its settings are not those of summary.json; "
            "put the run's own back"
        )


def refuse_other_letters(run: Run, letters: CharacterDataModule) -> None:
    recorded = run.summary.get("letters")
    if recorded is not None and recorded != letters.fingerprint():
        raise UserError(
            f"data.root={letters.root}: the letters are others than when {run.folder} began; "
            "put those back, or start a new run with weights=RUN_DIR"
        )
