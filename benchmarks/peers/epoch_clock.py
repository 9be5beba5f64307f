"""Where the time of a Lightning run goes, epoch by epoch."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytorch_lightning as pl


class EpochClock(pl.Callback):
    """Seconds of each epoch: all of it, and what of that was validation and checkpoints.

    `training` is an epoch's start to its end without both.
    """

    def __init__(self) -> None:
        self.training: list[float] = []
        self.validation: list[float] = []
        self.checkpoints: list[float] = []
        self._starts: list[float] = []
        self._validating = 0.0

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.count_as_checkpoints(trainer, "save_checkpoint")

    def count_as_checkpoints(self, owner: Any, method: str) -> None:
        """Time every call of a method from now on."""
        save = getattr(owner, method)

        def timed(*arguments: Any, **named: Any) -> None:
            start = time.perf_counter()
            save(*arguments, **named)
            self.checkpoints[-1] += time.perf_counter() - start

        setattr(owner, method, timed)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.validation.append(0.0)
        self.checkpoints.append(0.0)
        self._starts.append(time.perf_counter())

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validating = time.perf_counter()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.sanity_checking:
            self.validation[-1] += time.perf_counter() - self._validating

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        whole = time.perf_counter() - self._starts[-1]
        self.training.append(whole - self.validation[-1] - self.checkpoints[-1])

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._starts.append(time.perf_counter())  # where another epoch would begin

    @property
    def whole(self) -> list[float]:
        """From each epoch's start to the next one's."""
        return [following - start for start, following in pairwise(self._starts)]
