"""The Lightning callback that ends a hopeless run of a search."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl

from charrec.errors import Pruned
from charrec.sweep.folder import STORAGE

if TYPE_CHECKING:
    from optuna import Trial


class Pruning(pl.Callback):
    """Reports the validation accuracy of every epoch to Optuna; raises Pruned where it says so.

    Only before the next epoch: by then the one that was judged is in the checkpoints, from which
    the run can be gone on with. It sees no single steps, so they stay in their blocks.
    """

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.reported = {**trial.study.trials[trial.number].intermediate_values}  # by epoch
        self._accuracy: float | None = None  # of this epoch, None where it is not validated
        self._hopeless = False

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._accuracy = float(trainer.callback_metrics["validation_accuracy"])

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        accuracy, self._accuracy = self._accuracy, None
        if accuracy is None:
            return
        hopeless = trainer.is_global_zero and self._judged(trainer.current_epoch + 1, accuracy)
        self._hopeless = bool(trainer.strategy.broadcast(hopeless))

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._hopeless:
            raise Pruned(trainer.current_epoch)

    def _judged(self, epoch: int, accuracy: float) -> bool:
        """A run that goes on from before an epoch that it had reported learns that once more."""
        if epoch not in self.reported:
            self.reported[epoch] = accuracy
            self.trial.report(accuracy, epoch)
        return self.trial.should_prune()


def pruning_of(folder: Path, settings: Mapping[str, Any]) -> list[pl.Callback]:
    """The callback of a job that is a trial, of a search that prunes; none of any other."""
    if not (folder.parent / STORAGE).exists():
        return []
    from charrec.sweep.study import Study

    trial = Study(folder.parent).judged(int(folder.name), settings["epochs"])
    return [Pruning(trial)] if trial is not None else []
