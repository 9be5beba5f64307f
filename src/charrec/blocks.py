"""A block of training steps: what Lightning's loop does for one, without its cost for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.utilities.types import LRSchedulerConfig
from torch import Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import ReduceLROnPlateau

from charrec.backpropagation import Backpropagation
from charrec.data.batches import Block
from charrec.divergence import (
    Snapshot,
    refuse_non_finite,
    refuse_non_finite_weights,
    seems_finite,
)
from charrec.errors import UserError
from charrec.gathering import Gathering
from charrec.inputs import Inputs
from charrec.trainer_arguments import OF_SINGLE_STEPS
from charrec.updates import Updates

REPEATED_AT_MOST = 256  # steps, or a block: what finding a divergence takes again
IN_CACHE = 2**19  # numbers that a core has near at hand: 2 MB of float32
COUNTED_IN_STEPS = (  # by a Trainer that charrec has not made
    "accumulate_grad_batches",
    "limit_train_batches",
    "overfit_batches",
    "val_check_interval",
)

Watch = Callable[[int, Tensor, Tensor], None]  # step, logits, targets


class BlockSteps:
    """Runs the steps of blocks, with gradients by hand and memory that is made once.

    Raises:
        UserError: the network's gradients are not known by hand, a schedule waits for metrics,
            or the Trainer counts single steps.
    """

    def __init__(
        self, module: pl.LightningModule, by_hand: Backpropagation | None, inputs: Inputs
    ) -> None:
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
        self.module, self.by_hand, self.inputs = module, by_hand, inputs
        self._framed: Tensor | None = None  # all the training pictures
        self._gather = Gathering(next(module.parameters()).dtype)
        self._update: Updates | None = None
        self._snapshot: Snapshot | None = None
        self._since: list[Block] = []  # the snapshot was taken

    @property
    def trainer(self) -> pl.Trainer:
        return self.module.trainer  # not kept: a copy of the module is to be without it

    @torch.no_grad()
    def run(self, block: Block) -> Tensor:
        """Take all the steps; the logits (pictures, C) that each picture had in its step.

        Where the module is asked to stop, the block ends after the step under way.
        """
        self._remember(block)
        logits = self._take(block)
        epoch = self.trainer.fit_loop.epoch_loop
        if len(logits) < block.steps:
            block.source.put_back(block, len(logits))
            self._since[-1] = block.cut(len(logits))
            epoch.batch_progress.is_last_batch = False
        # What loggers count by; Lightning itself adds the last step.
        epoch._batches_that_stepped += len(logits) - 1
        if self.trainer.is_last_batch:
            self._step(self._schedules("epoch"), self.module.current_epoch + 1)
        return torch.cat(logits)

    def _take(self, block: Block, watch: Watch | None = None) -> list[Tensor]:
        """The logits of each step; those that are taken once more, to be watched, do not count."""
        for parameter, gradient in self.by_hand.gradients.items():
            parameter.grad = gradient  # Lightning sets it to None before validation
        optimizer, logits = self.module.optimizers(), []
        assert isinstance(optimizer, LightningOptimizer)
        update = self._update = self._update or Updates(optimizer.optimizer)
        clips, schedules = bool(self.trainer.gradient_clip_val), self._schedules("step")
        for number, (x, targets) in enumerate(self._batches(block), start=block.first + 1):
            logits.append(self.by_hand(x, targets))
            if watch:
                watch(number, logits[-1], targets)
            if clips:
                self._clip(optimizer)
            if watch:
                update()
            else:
                optimizer._on_before_step()  # Lightning counts: trainer.global_step
                update()
                optimizer._on_after_step()
            if schedules:
                self._step(schedules, number)
            if self.module.stop_requested and not watch:
                break
        return logits

    @torch.no_grad()
    def refuse_divergence(self, loss: Tensor) -> None:
        """Raise Diverged, naming the step, where a loss or a gradient in a block was not finite.

        A gradient that is not makes weights that are not. Looking once a block costs next to
        nothing; which step it was is found by taking the steps once more.
        """
        if seems_finite([loss, *self.module.parameters()]):
            return
        assert self._snapshot is not None
        self._snapshot.restore()
        self._update = None  # it holds the states that were there before
        for block in self._since:
            self._take(block, self._refuse_non_finite)
        refuse_non_finite_weights(self.module, block.first + block.steps)

    def _refuse_non_finite(self, step: int, logits: Tensor, targets: Tensor) -> None:
        loss = functional.cross_entropy(logits, targets)
        refuse_non_finite(self.module, step, loss, self.by_hand.gradients.values())

    def _remember(self, block: Block) -> None:
        """Keep what the steps from here on can be taken again from."""
        steps = sum(earlier.steps for earlier in self._since)
        if block.first == 0 or steps == 0 or steps >= REPEATED_AT_MOST:
            optimizer = self.trainer.optimizers[0]
            schedules = self._schedules("step")
            self._snapshot = Snapshot(self.by_hand.gradients, optimizer, schedules)
            self._since = []
        self._since.append(block)

    def _batches(self, block: Block) -> Iterator[tuple[Tensor, Tensor]]:
        """(B, pixels) and (B, C) of each step."""
        targets = self.by_hand.targets(block.labels[block.order]).split(block.batch_size)
        batches = self._gathered(block) if self.inputs.plain else self._deformed(block)
        return zip(batches, targets, strict=True)

    def _gathered(self, block: Block) -> Iterator[Tensor]:
        """In -1 .. 1, a few batches gathered and scaled at a time."""
        images = block.images.flatten(1)  # (N, 1, H, W) -> (N, pixels)
        batches = max(1, IN_CACHE // (images.shape[1] * block.batch_size))
        for order in block.order.split(batches * block.batch_size):
            yield from self._gather(images, order).split(block.batch_size)

    def _deformed(self, block: Block) -> Iterator[Tensor]:
        """Each batch by itself, for its random numbers are those of its step."""
        if self._framed is None:
            self._framed = self.inputs.frame(block.images)
        for step, order in enumerate(block.order.split(block.batch_size), start=block.first):
            yield self.inputs(self._framed[order], self.module.current_epoch, step)

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
