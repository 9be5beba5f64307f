"""The LightningModule: a picture becomes logits, logits a loss, a loss a step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from charrec.augment import AugmentSettings
from charrec.backpropagation import Backpropagation, loss_and_logits
from charrec.blocks import BlockSteps
from charrec.data.batches import Block, Part
from charrec.divergence import refuse_non_finite, refuse_non_finite_weights
from charrec.inputs import Inputs
from charrec.metrics import LossAndAccuracy
from charrec.mlp import MLP
from charrec.normalisation import working_type
from charrec.optimizers import make_optimizer
from charrec.schedules import SCHEDULES
from charrec.views import views_of

CACHED_PIXELS, GPU_PIXELS = 256 * 32 * 32, 2**24  # that are looked at together


class CharacterClassifier(pl.LightningModule):
    """Reads grey pictures of one letter each.

    Takes uint8 pictures (B, 1, image_size, image_size) and gives logits (B, len(alphabet)).
    All arguments are scalars, strings and lists of them, so that a checkpoint holds nothing
    but data and loads with ``weights_only=True``.
    """

    augment = AugmentSettings()  # how far training pictures are deformed
    seed = 0  # of the deformations
    compile_step = False  # whether torch.compile translates the step; no property of the network
    stop_requested = False  # from outside: a block ends after the step under way

    def __init__(
        self,
        alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        image_size: int = 32,
        hsize: int | Sequence[int] = 32,
        activation: str = "tanh",
        init: str = "xavier",
        optimizer: str = "sgd",
        lr: float = 4e-3,
        momentum: float | None = 0.9,
        weight_decay: float = 0.0,
        optimizer_options: dict[str, Any] | None = None,
        schedule: str = "constant",
        label_smoothing: float = 0.0,
        normalisation: str = "plain",
        views: int = 1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.network = MLP(image_size**2, hsize, len(alphabet), activation, init)
        self.train_metrics = LossAndAccuracy()
        self.validation_metrics = LossAndAccuracy()
        self._inputs: Inputs | None = None  # of training
        self._by_hand: Backpropagation | None = None
        self._block_steps: BlockSteps | None = None
        self._logged: dict[str, float] = {}  # of the epoch so far

    def forward(self, images: Tensor) -> Tensor:
        (seen,) = views_of(images, 1, self.hparams["normalisation"], self.network.dtype)
        logits: Tensor = self.network(seen)  # (B, 1, 32, 32) -> (B, C)
        return logits

    def setup(self, stage: str) -> None:
        self.automatic_optimization = getattr(self._letters, "steps_per_execution", 1) == 1

    @property
    def _letters(self) -> Any:
        return getattr(self.trainer, "datamodule", None)  # None for a DataLoader of somebody's

    def on_train_start(self) -> None:
        # Only now are the parameters where they stay, and memory for gradients can be made.
        alone = self.trainer.world_size == 1  # else DDP adds up the gradients of autograd
        exact = alone and self._is_exact()
        smoothing = self.hparams["label_smoothing"]
        self._by_hand = (
            Backpropagation(self.network, self.compile_step, smoothing) if exact else None
        )
        self._inputs = self._make_inputs()
        if not self.automatic_optimization:
            self._block_steps = BlockSteps(self, self._by_hand, self._inputs)
        elif self.compile_step and not exact:
            self.network.compile()
        if self.hparams["schedule"] != "constant":
            self._follow_schedule()

    def _make_inputs(self) -> Inputs:
        normalisation, dtype = self.hparams["normalisation"], self.network.dtype
        return Inputs(normalisation, self.augment, self.seed, dtype, self.global_rank)

    def _is_exact(self) -> bool:
        return Backpropagation.knows(self.network) and "mixed" not in str(self.trainer.precision)

    def _follow_schedule(self) -> None:
        """A run that is gone on with may have become longer since its learning rate was saved."""
        (config,) = self.trainer.lr_scheduler_configs
        schedule = config.scheduler
        assert isinstance(schedule, LambdaLR)
        for group, lr, share in zip(
            schedule.optimizer.param_groups, schedule.base_lrs, schedule.lr_lambdas, strict=True
        ):
            group["lr"] = lr * share(schedule.last_epoch)

    def teardown(self, stage: str) -> None:
        # Memory, and what cannot be pickled.
        self._inputs = self._by_hand = self._block_steps = None

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        if batch_idx == 0:  # and not in a hook: Lightning leaves some out when it goes on
            self.train_metrics.reset()
        if isinstance(batch, Block):
            assert self._block_steps is not None
            logits = self._block_steps.run(batch)
            self.train_metrics.update(logits, batch.labels[batch.order[: len(logits)]])
            self._block_steps.refuse_divergence(self.train_metrics.loss_sum)
            return None
        if isinstance(batch, Part):
            loss, logits = self._loss_of_part(batch, batch_idx)
            # Of all processes: one that ended alone would leave the others waiting.
            of_all = self.trainer.strategy.reduce(loss.detach(), reduce_op="mean")
        else:
            loss, logits = self._loss(batch[0], batch[1], batch_idx)
            of_all = loss
        self.train_metrics.update(logits, batch[1])
        refuse_non_finite(self, batch_idx + 1, of_all, [])
        return loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        if "16" in str(self.trainer.precision):  # whose scaler leaves such steps out by itself
            return
        step = self.trainer.fit_loop.epoch_loop.batch_idx + 1
        gradients = (p.grad for p in self.parameters() if p.grad is not None)
        refuse_non_finite(self, step, torch.zeros(()), gradients)

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.automatic_optimization:
            refuse_non_finite_weights(self, batch_idx + 1)

    def _loss(self, images: Tensor, labels: Tensor, step: int) -> tuple[Tensor, Tensor]:
        seen = self._seen_in_training(images, step)
        if self._by_hand is not None:
            return loss_and_logits(self._by_hand, seen, labels)
        logits = self.network(seen)
        smoothing = self.hparams["label_smoothing"]
        return functional.cross_entropy(logits, labels, label_smoothing=smoothing), logits

    def _loss_of_part(self, part: Part, step: int) -> tuple[Tensor, Tensor]:
        logits = self.network(self._seen_in_training(part.images, step))
        total = functional.cross_entropy(
            logits, part.labels, reduction="sum", label_smoothing=self.hparams["label_smoothing"]
        )
        return total * part.share, logits

    def _seen_in_training(self, images: Tensor, step: int) -> Tensor:
        self._inputs = self._inputs or self._make_inputs()
        return self._inputs(self._inputs.frame(images), self.current_epoch, step)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        images, labels = batch
        # Of one view: an epoch is to cost no more for those that a prediction takes.
        logits = torch.cat([self(piece) for piece in self.pieces(images)])
        self.validation_metrics.update(logits, labels)

    def predict_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        """Logarithms of probabilities (B, C), the mean over the views, not calibrated."""
        return torch.cat([self._log_probabilities(piece) for piece in self.pieces(batch[0])])

    def _log_probabilities(self, images: Tensor) -> Tensor:
        chosen = self.hparams
        return self.mean_over(
            views_of(images, chosen["views"], chosen["normalisation"], self.network.dtype)
        )

    def mean_over(self, views: Iterable[Tensor]) -> Tensor:
        """Logarithms (B, C) of the mean of the probabilities over views of the same pictures."""
        logits = torch.stack([self.network(view) for view in views])  # (views, B, C)
        logits = logits.to(working_type(logits.dtype))
        return functional.log_softmax(logits, dim=2).logsumexp(dim=0) - math.log(len(logits))

    def pieces(self, images: Tensor) -> Sequence[Tensor]:
        """Of a large batch; a CPU is faster on pieces that its cache holds."""
        most = CACHED_PIXELS if self.device.type == "cpu" else GPU_PIXELS
        pieces: Sequence[Tensor] = images.split(max(1, most // images.shape[1:].numel()))
        return pieces

    def on_validation_epoch_start(self) -> None:
        self.validation_metrics.reset()

    def on_validation_epoch_end(self) -> None:
        values = _named("validation", self.validation_metrics)
        if self.trainer.state.fn == "fit":
            self._publish(values)
        else:  # trainer.validate() returns what is logged
            self.log_dict(values)

    def on_train_epoch_end(self) -> None:
        self._publish(_named("train", self.train_metrics))
        for logger in self.trainer.loggers:
            logger.log_metrics(self._logged, self.trainer.global_step)
        self._logged = {}
        if getattr(self._letters, "blocks_vary", False):
            self.trainer.reload_dataloaders_every_n_epochs = 1  # type: ignore[attr-defined]

    def _publish(self, values: dict[str, Tensor]) -> None:
        """As `self.log_dict` would, which takes 1 ms, where an epoch may take 40."""
        self.trainer.callback_metrics.update(values)  # what checkpoints and early stopping read
        self.trainer.logged_metrics.update(values)
        self._logged |= {name: value.item() for name, value in values.items()}

    def also_log(self, values: Mapping[str, float]) -> None:
        """With the epoch's loss and accuracy, as one event."""
        self._logged |= values

    # A checkpoint may be from the middle of an epoch.

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        reduce = self.trainer.strategy.reduce
        checkpoint["train_metrics"] = {
            name: reduce(torch.clone(getattr(self.train_metrics, name)), reduce_op="sum")
            for name in self.train_metrics.metric_state  # of what all processes have seen
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if not self.trainer.is_global_zero:
            return  # they are in the sum that the first process goes on with
        for name, value in checkpoint.get("train_metrics", {}).items():
            setattr(self.train_metrics, name, value.to(self.device))

    def configure_optimizers(self) -> Any:
        optimizer = self.make_optimizer()
        if self.hparams["schedule"] == "constant":
            return optimizer
        schedule = SCHEDULES[self.hparams["schedule"]]
        length = self._steps if schedule.interval == "step" else self.trainer.max_epochs or 1
        config = {"scheduler": schedule.over(length, optimizer), "interval": schedule.interval}
        return [optimizer], [config]

    @property
    def _steps(self) -> int:
        """Of the optimizer, in the whole run."""
        trainer, letters = self.trainer, self._letters
        if getattr(letters, "steps_per_execution", 1) == 1:
            return int(trainer.estimated_stepping_batches)
        steps = letters.steps_an_epoch * (trainer.max_epochs or 1)  # Lightning would count blocks
        return int(steps if trainer.max_steps < 0 else min(steps, trainer.max_steps))

    def make_optimizer(self) -> torch.optim.Optimizer:
        """The optimizer of the hyperparameters.

        Raises:
            UserError: torch refuses one of its options.
        """
        chosen = self.hparams
        knobs = {name: chosen[name] for name in ("lr", "weight_decay", "momentum")}
        return make_optimizer(
            chosen["optimizer"], self.parameters(), knobs, chosen["optimizer_options"] or {}
        )


def _named(split: str, metrics: LossAndAccuracy) -> dict[str, Tensor]:
    return {f"{split}_{name}": value.float() for name, value in metrics.compute().items()}


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
