"""What a run keeps of each epoch: a row of metrics.csv, events for TensorBoard, its duration."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only
from tensorboard.compat.proto.summary_pb2 import Summary

from charrec.classifier import CharacterClassifier
from charrec.files import append_whole, naming, write_whole
from charrec.saying import say

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
    are left out. All of it stands in the checkpoints too, so that a run that is gone on with has
    each row once, and the times of all its legs.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "metrics.csv"
        self.aloud = True  # a line an epoch; not where there is a bar
        self.rows: list[str] = []
        self.seconds: list[float] = []
        self._validated = False
        # Of this epoch before `since`; `learned` and `began` are the same of the whole run.
        self._elapsed = self._since = self._learned = self._began = self._learning_rate = 0.0

    def state_dict(self) -> dict[str, Any]:
        return {
            "rows": "".join(self.rows),
            "seconds": torch.tensor(self.seconds, dtype=torch.float64),
            "elapsed": self._elapsed_now(),
            "learned": self.train_seconds(),
            "learning_rate": self._learning_rate,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = state_dict["rows"].splitlines(keepends=True)
        epochs = [row.partition(",")[0] for row in self.rows]
        if epochs != [str(number + 1) for number in range(len(epochs))]:
            raise ValueError("the rows of metrics.csv in it are not one an epoch")
        self.seconds = state_dict["seconds"].tolist()
        times = ("elapsed", "learned", "learning_rate")
        self._elapsed, self._learned, self._learning_rate = (float(state_dict[k]) for k in times)

    def write(self) -> None:
        """All rows anew: a power cut may have taken some, and a killed process left too many."""
        write_whole(self.path, ",".join(COLUMNS) + "\n" + "".join(self.rows))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero:
            self.write()
        self._since = self._began = time.perf_counter()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validated = False
        # Read now: by the end of the epoch the schedule has moved on to the next one.
        self._learning_rate = trainer.optimizers[0].param_groups[0]["lr"]
        self._elapsed, self._since = 0.0, time.perf_counter()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._elapsed, self._since = self._elapsed_now(), 0.0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validated = True
        self._since = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, CharacterClassifier)
        self.seconds.append(self._elapsed_now())
        self._since = 0.0
        row = self._row(trainer, pl_module)
        pl_module.also_log({"learning_rate": self._learning_rate})
        self.rows.append(",".join(str(row.get(column, "")) for column in COLUMNS) + "\n")
        if not trainer.is_global_zero:
            return
        append_whole(self.path, self.rows[-1])
        if self.aloud:
            say(_line(row))

    def _elapsed_now(self) -> float:
        """Seconds of this epoch's training so far; the clock stands still where `since` is 0."""
        return self._elapsed + (time.perf_counter() - self._since if self._since else 0.0)

    def train_seconds(self) -> float:
        """Of the whole run, validation and checkpoints included."""
        return self._learned + (time.perf_counter() - self._began if self._began else 0.0)

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

    def summary(self) -> dict[str, Any]:
        return {
            "epochs": len(self.rows),
            "epoch_seconds": self.epoch_seconds(),
            "train_seconds": round(self.train_seconds(), 3),
        }


def _line(row: dict[str, Any]) -> str:
    line = f"Epoch {row['epoch']}: loss = {row['train_loss']:.3f}"
    if "validation_accuracy" in row:
        line += f", validation accuracy = {row['validation_accuracy']:.1%}"
    return line


def _put_before_now(folder: Path) -> None:
    """Let files of events that are there come before a new one where the clock was set back.

    TensorBoard reads them in the order of the second in their names.
    """
    now, late = int(time.time()), []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        found = re.fullmatch(r"(events\.out\.tfevents)\.(\d+)\.(.*)", path.name)
        if found and int(found[2]) > now:
            late.append((path, found[1], found[3]))
    for back, (path, kind, rest) in enumerate(reversed(late), start=1):
        path.rename(folder / f"{kind}.{now - back:010}.{rest}")


class EventLogger(TensorBoardLogger):
    """TensorBoard events alone: the settings are in summary.json, so no hparams.yaml.

    Args:
        after: so many steps the run has behind it; events of later ones, which a process made
            that was killed before it saved, TensorBoard is told to drop.
    """

    def __init__(self, folder: Path, after: int = 0) -> None:
        rank_zero_only(_put_before_now)(folder)
        super().__init__(folder, name="", version="", default_hp_metric=False, purge_step=after + 1)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """All values as one event, which takes less time than one each."""
        self.log_values([Summary.Value(tag=k, simple_value=v) for k, v in metrics.items()], step)

    @rank_zero_only
    def log_values(self, values: Sequence[Summary.Value], step: int | None) -> None:
        """Curves, histograms and pictures."""
        with naming(Path(self.log_dir, "events.out.tfevents")):
            self.experiment._get_file_writer().add_summary(Summary(value=values), step)
            self.experiment.flush()  # whatever happens in the next epoch

    def save(self) -> None:
        pass
