"""What a run keeps of each epoch: a row of metrics.csv, events for TensorBoard, its duration."""

from __future__ import annotations

import csv
import math
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only
from tensorboard.compat.proto.summary_pb2 import Summary

from charrec.classifier import CharacterClassifier
from charrec.errors import Diverged
from charrec.run import write_whole

COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "learning_rate",
)


class EpochRecorder(pl.Callback):
    """Writes ``metrics.csv``, one row an epoch (counted from 1), and times the training epochs.

    An epoch's seconds include shuffling and the training metrics; validation and checkpoints
    are left out.
    """

    def __init__(self, folder: Path, announce: bool) -> None:
        self.path = folder / "metrics.csv"
        self.announce = announce
        self.seconds: list[float] = []
        self._validated = False
        self._elapsed = self._since = self._learning_rate = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the rows of epochs that a resumed run has behind it, and no others."""
        lines = self.path.read_text().splitlines(True) if self.path.exists() else []
        kept = lines[: 1 + trainer.current_epoch] or [",".join(COLUMNS) + "\n"]
        write_whole(self.path, "".join(kept))
        self.on_train_epoch_start(trainer, pl_module)  # not called in the middle of an epoch

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validated = False
        # Read now: by the end of the epoch the schedule has moved on to the next one.
        self._learning_rate = trainer.optimizers[0].param_groups[0]["lr"]
        self._elapsed, self._since = 0.0, time.perf_counter()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._elapsed += time.perf_counter() - self._since

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validated = True
        self._since = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, CharacterClassifier)
        self.seconds.append(self._elapsed + time.perf_counter() - self._since)
        row = self._row(trainer, pl_module)
        with self.path.open("a") as file:
            csv.writer(file, lineterminator="\n").writerow(row.get(c, "") for c in COLUMNS)
        if self.announce:
            print(_line(row), flush=True)
        if not math.isfinite(row["train_loss"]):
            raise Diverged(
                f"the training loss is {row['train_loss']} in epoch {row['epoch']} at "
                f"lr={row['learning_rate']:g}; try a smaller lr"
            )

    def _row(self, trainer: pl.Trainer, classifier: CharacterClassifier) -> dict[str, Any]:
        splits = {"train": classifier.train_metrics}
        if self._validated:
            splits["validation"] = classifier.validation_metrics
        row: dict[str, Any] = {"epoch": trainer.current_epoch + 1}
        for split, metrics in splits.items():
            values = metrics.compute()
            row |= {f"{split}_{name}": round(v.item(), 9) for name, v in values.items()}
        return row | {"learning_rate": self._learning_rate}

    def epoch_seconds(self) -> float | None:
        """Median over the epochs from the second on: the first one warms up."""
        timed = self.seconds[1:] or self.seconds
        return round(statistics.median(timed), 6) if timed else None


def _line(row: dict[str, Any]) -> str:
    line = f"Epoch {row['epoch']}: loss = {row['train_loss']:.3f}"
    if "validation_accuracy" in row:
        line += f", validation accuracy = {row['validation_accuracy']:.1%}"
    return line


class EventLogger(TensorBoardLogger):
    """TensorBoard events alone: the settings are in summary.json, so no hparams.yaml."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """All values as one event, which takes less time than one each."""
        values = [Summary.Value(tag=name, simple_value=value) for name, value in metrics.items()]
        self.experiment._get_file_writer().add_summary(Summary(value=values), step)
        self.experiment.flush()  # whatever happens in the next epoch

    def save(self) -> None:
        pass
