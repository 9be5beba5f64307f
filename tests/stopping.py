"""Ending a training from within."""

from __future__ import annotations

import signal

import pytorch_lightning as pl


class Stopping(pl.Callback):
    """SIGTERM while an epoch is validated."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch + 1 == self.epoch:
            signal.raise_signal(signal.SIGTERM)
