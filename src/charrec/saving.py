"""What a run keeps to go on from: checkpoints, and in them the states of random numbers."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint
from torch import Tensor

from charrec.files import link_whole
from charrec.run import Run


class Checkpoints(Checkpoint):
    """After every epoch last.ckpt; best.ckpt too where the validation accuracy is a new best.

    Lightning's ModelCheckpoint, one for each, would write the same content twice, and forget its
    best where the folder has moved.

    Args:
        identity: what the checkpoints of other runs do not have, kept in each.
    """

    def __init__(self, run: Run, identity: str = "") -> None:
        self.run, self.identity = run, identity
        self.best_accuracy: float | None = None
        self._over = False  # stopped early by another callback
        self._accuracy: float | None = None  # of this epoch, None where it is not validated

    def state_dict(self) -> dict[str, Any]:
        return {"best_accuracy": self.best_accuracy, "over": self._over, "run": self.identity}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        best = state_dict["best_accuracy"]
        self.best_accuracy, self._over = None if best is None else float(best), state_dict["over"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        trainer.should_stop = trainer.should_stop or self._over

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._accuracy = float(trainer.callback_metrics["validation_accuracy"])

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        accuracy, self._accuracy = self._accuracy, None
        self._over = trainer.should_stop
        if accuracy is None or (self.best_accuracy is not None and accuracy <= self.best_accuracy):
            self.save(trainer)
            return
        # The best first: killed between the two, the run goes on from before this epoch.
        self.best_accuracy = accuracy
        trainer.save_checkpoint(self.run.best_checkpoint, weights_only=False)
        if trainer.is_global_zero:
            link_whole(self.run.best_checkpoint, self.run.last_checkpoint)

    def save(self, trainer: pl.Trainer) -> None:
        """Write last.ckpt, in the middle of an epoch or at its end."""
        trainer.save_checkpoint(self.run.last_checkpoint, weights_only=False)


class RandomStates(pl.Callback):
    """Goes on with the random numbers of Python, NumPy and torch where a checkpoint left them."""

    def __init__(self) -> None:
        self._restored: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        numpy: Any = np.random.get_state(legacy=True)
        version, python_words, python_rest = random.getstate()
        return {
            "python": [version, torch.tensor(python_words), python_rest],
            "numpy": [torch.from_numpy(numpy[1].astype(np.int64)), *numpy[2:]],
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._restored = state_dict

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Only now, for Lightning itself may draw some on the way here."""
        if self._restored is not None:
            _restore(self._restored)
            self._restored = None


def _restore(states: dict[str, Any]) -> None:
    version, words, rest = states["python"]
    random.setstate((version, tuple(words.tolist()), rest))
    words, *rest = states["numpy"]
    np.random.set_state(("MT19937", words.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    cuda: list[Tensor] = states["cuda"]
    if len(cuda) == torch.cuda.device_count():  # else it goes on on another machine
        torch.cuda.set_rng_state_all(cuda)
