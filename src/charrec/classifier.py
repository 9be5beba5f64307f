"""The LightningModule: a picture becomes logits, logits a loss, a loss a step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import CosineAnnealingLR
from torchmetrics import Metric

from charrec.errors import UserError
from charrec.mlp import MLP

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adadelta": torch.optim.Adadelta,
}


class LossAndAccuracy(Metric):
    """Mean loss and share of right answers over an epoch; sums stay tensors until asked for."""

    loss_sum: Tensor
    correct: Tensor
    total: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("loss_sum", "correct", "total"):
            # float32, for there are GPUs (Apple's) without float64
            zero = torch.zeros((), dtype=torch.float32 if name == "loss_sum" else torch.int64)
            self.add_state(name, zero, dist_reduce_fx="sum")

    def update(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Count a batch: its mean loss (), logits (B, C) and labels (B,)."""
        self.loss_sum += loss.detach() * len(labels)
        self.correct += (logits.argmax(dim=1) == labels).sum()
        self.total += len(labels)

    def compute(self) -> dict[str, Tensor]:
        return {"loss": self.loss_sum / self.total, "accuracy": self.correct / self.total}


class CharacterClassifier(pl.LightningModule):
    """Reads grey pictures of one letter each.

    Takes uint8 pictures (B, 1, image_size, image_size) and gives logits (B, len(alphabet)).
    All arguments are scalars, strings and lists of them, so that a checkpoint holds nothing
    but data and loads with ``weights_only=True``.
    """

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
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.network = MLP(image_size**2, hsize, len(alphabet), activation, init)
        self.train_metrics = LossAndAccuracy()
        self.validation_metrics = LossAndAccuracy()

    def forward(self, images: Tensor) -> Tensor:
        scaled = images.to(self.dtype) / 127.5 - 1  # 0..255 -> [-1, 1]
        logits: Tensor = self.network(scaled)  # (B, 1, 32, 32) -> (B, 1024) -> (B, C)
        return logits

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        return self._loss(batch, self.train_metrics)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self._loss(batch, self.validation_metrics)

    def predict_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        """Probabilities (B, C), each row adding up to 1."""
        return functional.softmax(self(batch[0]).float(), dim=1)

    def _loss(self, batch: tuple[Tensor, Tensor], metrics: LossAndAccuracy) -> Tensor:
        images, labels = batch
        logits = self(images)
        loss = functional.cross_entropy(logits, labels)  # log-softmax inside: never inf
        metrics.update(loss, logits, labels)
        return loss

    def on_train_epoch_start(self) -> None:
        self.train_metrics.reset()

    def on_validation_epoch_start(self) -> None:
        self.validation_metrics.reset()

    def on_train_epoch_end(self) -> None:
        self._log("train", self.train_metrics)

    def on_validation_epoch_end(self) -> None:
        self._log("validation", self.validation_metrics)

    def _log(self, split: str, metrics: LossAndAccuracy) -> None:
        values = metrics.compute()
        self.log_dict({f"{split}_{name}": value.float() for name, value in values.items()})

    def configure_optimizers(self) -> Any:
        optimizer = self.make_optimizer()
        if self.hparams["schedule"] == "constant":
            return optimizer
        epochs = self.trainer.max_epochs or 1
        return [optimizer], [CosineAnnealingLR(optimizer, epochs)]  # a step an epoch

    def make_optimizer(self) -> torch.optim.Optimizer:
        """The optimizer of the hyperparameters.

        Raises:
            UserError: torch refuses one of its options.
        """
        chosen = self.hparams
        knobs = {name: chosen[name] for name in ("lr", "weight_decay", "momentum")}
        knobs = {name: value for name, value in knobs.items() if value is not None}
        options = chosen["optimizer_options"] or {}
        try:  # a knob given once more among the options is refused here as well
            return OPTIMIZERS[chosen["optimizer"]](self.parameters(), **knobs, **options)
        except Exception as e:  # torch raises whatever a wrong option leads it to
            raise UserError(
                f"optimizer={chosen['optimizer']} with {knobs} and "
                f"optimizer.options={options} is refused: {e}"
            ) from e


def load_classifier(checkpoint: str | Path) -> CharacterClassifier:
    """The network of a checkpoint, on the CPU, in evaluation mode.

    Raises:
        UserError: the file is missing, cut off, or no checkpoint of charrec's.
    """
    path = Path(checkpoint)
    if not path.is_file():
        raise UserError(f"{path}: no such checkpoint; name a trained run with run=RUN_DIR")
    try:
        return CharacterClassifier.load_from_checkpoint(
            path, map_location="cpu", weights_only=True
        ).eval()
    except Exception as e:  # torch and Lightning raise whatever a broken file leads them to
        raise UserError(
            f"{path} is no whole checkpoint of charrec's; name another run, or train again"
        ) from e


def adopt_weights(classifier: CharacterClassifier, source: CharacterClassifier) -> None:
    """Copy the weights of `source` into `classifier`; another alphabet keeps its new last layer.

    Raises:
        UserError: the two networks differ in anything but the alphabet.
    """
    for setting in ("data.image_size", "hsize", "activation"):
        ours, theirs = (_shape(network, setting) for network in (classifier, source))
        if ours != theirs:
            raise UserError(
                f"the network of weights=RUN_DIR has {setting}={theirs}, this one {ours}; "
                f"set {setting}={theirs}"
            )
    pairs = list(zip(classifier.network, source.network, strict=True))
    if classifier.hparams["alphabet"] != source.hparams["alphabet"]:
        pairs.pop()
    for ours, theirs in pairs:
        ours.load_state_dict(theirs.state_dict())


def _shape(classifier: CharacterClassifier, setting: str) -> Any:
    """As it would be typed: one hidden layer is a number even where it was given as a list."""
    value = classifier.hparams[setting.removeprefix("data.")]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value[0] if len(value) == 1 else f"[{','.join(map(str, value))}]"
    return value


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
