"""PyTorch Lightning in the manner of the usual project templates.

A DataLoader over a TensorDataset in memory, torchmetrics, a ``self.log`` of each at every step,
the progress bar, two loggers and a ModelCheckpoint. The metrics are called, as such templates do;
to update them only would not work out each batch's value, and cost a little less.
"""

from __future__ import annotations

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, TQDMProgressBar
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy

from benchmarks.peers.epoch_clock import EpochClock
from benchmarks.peers.network import begin, make_network, make_optimizer
from benchmarks.peers.pixels import read_pixels, scaled
from benchmarks.peers.protocol import Answer, Task, answer
from charrec.data.letters import SPLITS

Batch = tuple[Tensor, Tensor]


class LetterModule(pl.LightningModule):
    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task
        self.network = make_network(task)
        self.criterion = nn.CrossEntropyLoss()
        self.train_loss, self.train_accuracy = self.make_metrics()
        self.validation_loss, self.validation_accuracy = self.make_metrics()
        self.test_loss, self.test_accuracy = self.make_metrics()

    def make_metrics(self) -> tuple[MeanMetric, MulticlassAccuracy]:
        return MeanMetric(), MulticlassAccuracy(len(self.task.alphabet), average="micro")

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        return logits

    def model_step(self, batch: Batch, stage: str) -> Tensor:
        images, labels = batch
        logits = self(images)
        loss: Tensor = self.criterion(logits, labels)
        mean_loss, accuracy = getattr(self, f"{stage}_loss"), getattr(self, f"{stage}_accuracy")
        mean_loss(loss)
        accuracy(logits.argmax(1), labels)
        for name, metric in (("loss", mean_loss), ("accuracy", accuracy)):
            self.log(f"{stage}_{name}", metric, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        return self.model_step(batch, "train")

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.model_step(batch, "validation")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        self.model_step(batch, "test")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return make_optimizer(self.task, self.parameters())


def make_trainer(task: Task, clock: EpochClock) -> pl.Trainer:
    best = ModelCheckpoint(task.folder, monitor="validation_accuracy", mode="max", save_last=True)
    return pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=task.epochs,
        default_root_dir=task.folder,
        callbacks=[clock, best, TQDMProgressBar()],
        logger=[CSVLogger(task.folder), TensorBoardLogger(task.folder)],
    )


def run(task: Task) -> Answer:
    begin(task)
    letters = read_pixels(task)
    train, validation, test = (
        DataLoader(
            TensorDataset(*scaled(letters, split)),
            batch_size=task.batch_size,
            shuffle=split == "train",
        )
        for split in SPLITS
    )
    clock = EpochClock()
    trainer = make_trainer(task, clock)
    module = LetterModule(task)
    trainer.fit(module, train, validation)
    (tested,) = trainer.test(module, test, verbose=False)
    total = len(letters.labels["test"])
    return Answer(
        epoch_seconds=clock.training,
        between_seconds=[w - t for w, t in zip(clock.whole, clock.training, strict=True)],
        correct=round(tested["test_accuracy"] * total),
        total=total,
    )


if __name__ == "__main__":
    answer(run)
