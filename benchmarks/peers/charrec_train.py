"""charrec itself: ``train`` as everybody calls it, with metrics.csv, TensorBoard and checkpoints.

Its epochs are those that it records itself; what lies between them is timed from outside.
"""

from __future__ import annotations

from pathlib import Path

import pytorch_lightning as pl

from benchmarks.peers.epoch_clock import EpochClock
from benchmarks.peers.protocol import Answer, Task, answer
from charrec.evaluation import test
from charrec.recording import EpochRecorder
from charrec.saving import Checkpoints
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train


class Listener(EpochClock):
    """Keeps what charrec's own recorder has timed."""

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        (checkpoints,) = [c for c in trainer.callbacks if isinstance(c, Checkpoints)]  # type: ignore[attr-defined]
        self.count_as_checkpoints(checkpoints, "on_train_epoch_end")

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        (recorder,) = [c for c in trainer.callbacks if isinstance(c, EpochRecorder)]  # type: ignore[attr-defined]
        self.recorded = list(recorder.seconds)


def make_settings(task: Task) -> TrainSettings:
    accelerator = "cpu" if task.device == "cpu" else "gpu"
    return TrainSettings(
        hsize=list(task.hsize),
        optimizer=task.optimizer,
        lr=task.lr,
        momentum=task.momentum if task.optimizer == "sgd" else None,
        weight_decay=task.weight_decay,
        batch_size=task.batch_size,
        epochs=task.epochs,
        seed=task.seed,
        data=DataSettings(task.root, task.image_size, task.alphabet),
        trainer={"accelerator": accelerator, "devices": 1, "precision": "32-true"},
        steps_per_execution=task.steps_per_execution,
    )


def run(task: Task) -> Answer:
    listener, folder = Listener(), Path(task.folder)
    done = train(make_settings(task), folder / "run", callbacks=[listener])
    answers, _ = test(done, checkpoint="last", out=folder / "test")
    score = answers.score()
    between = [w - t for w, t in zip(listener.whole, listener.recorded, strict=True)]
    return Answer(
        epoch_seconds=listener.recorded,
        between_seconds=between,
        correct=score["correct"],
        total=score["total"],
        details={
            "recorded_median": done.summary["epoch_seconds"],
            "validation_seconds": listener.validation,
            "checkpoint_seconds": listener.checkpoints,
            "execution": done.summary.get("execution", {}),
        },
    )


if __name__ == "__main__":
    answer(run)
