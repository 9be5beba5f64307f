"""A block of training steps: what Lightning's loop does for one, without its cost for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.utilities.types import LRSchedulerConfig
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from charrec.backpropagation import Backpropagation
from charrec.data.batches import Block
from charrec.errors import UserError
from charrec.mlp import scale
from charrec.trainer_arguments import OF_SINGLE_STEPS
from charrec.updates import Updates

IN_CACHE = 2**18  # numbers that a core has at hand: 1 MB of float32
COUNTED_IN_STEPS = (  # by a Trainer that charrec has not made
    "accumulate_grad_batches",
    "limit_train_batches",
    "overfit_batches",
    "val_check_interval",
)


class BlockSteps:
    """Runs the steps of blocks, with gradients by hand and memory that is made once.

    Raises:
        UserError: the network's gradients are not known by hand, a schedule waits for metrics,
            or the Trainer counts single steps.
    """

    def __init__(self, module: pl.LightningModule, by_hand: Backpropagation | None) -> None:
        schedules = [config.scheduler for config in module.trainer.lr_scheduler_configs]
        if by_hand is None or any(isinstance(s, ReduceLROnPlateau) for s in schedules):
            raise UserError(
                "blocks of steps are for the layers of charrec.backpropagation in 32 or 64 bits, "
                "all of which learn, and for schedules that wait for no metric; "
                "set steps_per_execution=1"
            )
        for name in COUNTED_IN_STEPS:
            if (value := getattr(module.trainer, name)) not in OF_SINGLE_STEPS[name]:
                raise UserError(
                    f"Trainer({name}={value}) counts single steps; set steps_per_execution=1"
                )
        self.module, self.by_hand = module, by_hand
        self._pixels = self._scaled = torch.empty(0)
        self._update: Updates | None = None

    @property
    def trainer(self) -> pl.Trainer:
        return self.module.trainer  # not kept: a copy of the module is to be without it

    @torch.no_grad()
    def run(self, block: Block) -> Tensor:
        """Take all the steps; the logits (pictures, C) that each picture had in its step."""
        for parameter, gradient in self.by_hand.gradients.items():
            parameter.grad = gradient  # Lightning sets it to None before validation
        optimizer, logits = self.module.optimizers(), []
        assert isinstance(optimizer, LightningOptimizer)
        update = self._update = self._update or Updates(optimizer.optimizer)
        clips, schedules = bool(self.trainer.gradient_clip_val), self._schedules("step")
        for number, (x, targets) in enumerate(self._batches(block), start=block.first + 1):
            logits.append(self.by_hand(x, targets))
            if clips:
                self._clip(optimizer)
            optimizer._on_before_step()  # Lightning counts: trainer.global_step
            update()
            optimizer._on_after_step()
            if schedules:
                self._step(schedules, number)
        # What loggers count by; Lightning itself adds the last step.
        self.trainer.fit_loop.epoch_loop._batches_that_stepped += len(logits) - 1
        if self.trainer.is_last_batch:
            self._step(self._schedules("epoch"), self.module.current_epoch + 1)
        return torch.cat(logits)

    def _batches(self, block: Block) -> Iterator[tuple[Tensor, Tensor]]:
        """(B, pixels) in -1 .. 1 and (B, C), a few batches gathered and scaled at a time."""
        images = block.images.flatten(1)  # (N, 1, H, W) -> (N, pixels)
        targets = iter(self.by_hand.targets(block.labels[block.order]).split(block.batch_size))
        batches = max(1, IN_CACHE // (images.shape[1] * block.batch_size))
        for order in block.order.split(batches * block.batch_size):
            yield from zip(self._gather(images, order).split(block.batch_size), targets)  # noqa: B905

    def _gather(self, images: Tensor, order: Tensor) -> Tensor:
        if len(self._pixels) < len(order):
            self._pixels = images.new_empty(len(order), images.shape[1])
            self._scaled = self._pixels.to(self.module.dtype)
        pixels, scaled = self._pixels[: len(order)], self._scaled[: len(order)]
        return scale(torch.index_select(images, 0, order, out=pixels), out=scaled)

    def _clip(self, optimizer: LightningOptimizer) -> None:
        self.module.configure_gradient_clipping(
            optimizer.optimizer,
            self.trainer.gradient_clip_val,
            self.trainer.gradient_clip_algorithm,
        )

    def _schedules(self, interval: str) -> list[LRSchedulerConfig]:
        return [c for c in self.trainer.lr_scheduler_configs if c.interval == interval]

    def _step(self, schedules: list[LRSchedulerConfig], number: int) -> None:
        for config in schedules:
            if number % config.frequency == 0:
                self.module.lr_scheduler_step(config.scheduler, None)
