"""Training that has left the finite numbers: which step was the first to do so."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import LRSchedulerConfig
from torch import Tensor

from charrec.errors import Diverged


def refuse_non_finite(
    module: pl.LightningModule, step: int, loss: Tensor, gradients: Iterable[Tensor]
) -> None:
    """Raise Diverged where the loss or a gradient of a step, counted from 1, is not finite."""
    for what, values in (("the loss", [loss]), ("a gradient", gradients)):
        if not all(bool(value.isfinite().all()) for value in values):
            raise diverged(module, step, what)


def refuse_non_finite_weights(module: pl.LightningModule, step: int) -> None:
    """Raise Diverged after the last step of an epoch or of all, for no later one would tell."""
    if not after_last_step(module.trainer):
        return
    if not all(bool(weight.isfinite().all()) for weight in module.parameters()):
        raise diverged(module, step, "a weight")


def after_last_step(trainer: pl.Trainer) -> bool:
    """Whether no step of this epoch follows: it is over, or there are max_steps."""
    return trainer.is_last_batch or trainer.global_step == trainer.max_steps


def diverged(module: pl.LightningModule, step: int, what: str) -> Diverged:
    learning_rate = module.trainer.optimizers[0].param_groups[0]["lr"]
    return Diverged(what, module.current_epoch + 1, step, learning_rate)


def seems_finite(values: Iterable[Tensor]) -> bool:
    """Whether all are finite: True is certain, False may be no more than an overflowing sum."""
    return bool(torch.stack([value.sum().double() for value in values]).isfinite().all())


class Snapshot:
    """Weights, optimizer and schedules of a moment, to take the steps since then once more."""

    def __init__(
        self,
        weights: Iterable[Tensor],
        optimizer: torch.optim.Optimizer,
        schedules: Iterable[LRSchedulerConfig],
    ) -> None:
        self._weights = [(weight, weight.clone()) for weight in weights]
        parts: list[Any] = [optimizer, *(config.scheduler for config in schedules)]
        self._states = [(part, copy.deepcopy(part.state_dict())) for part in parts]

    def restore(self) -> None:
        for weight, value in self._weights:
            weight.copy_(value)
        for part, state in self._states:
            part.load_state_dict(copy.deepcopy(state))  # which else it would go on to change
