"""A bar over a whole run: on a terminal, and below the cell of a notebook."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Timer
from rich.console import RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from charrec.durations import in_words
from charrec.recording import COLUMNS, EpochRecorder
from charrec.screens import Screen
from charrec.terminal import FINISHED

WIDEST, NARROWEST = 40, 8  # characters of the bar
TAIL = len("loss 1.234, validation accuracy 50.0%, best 50.0%, about 50 s left")
LEFT_OUT = ("best", "loss", "time", "accuracy")  # in this order where the line is too short
ENOUGH = 1.0  # second, after which the time left is told


@dataclass(frozen=True)
class Standing:
    """How far a run is."""

    epoch: int  # the one under way, from 1
    epochs: int
    share: float  # of the whole run that is over
    row: Mapping[str, str]  # the last one of metrics.csv
    best: float | None  # validation accuracy
    time: str  # that is left, or that it took

    def words(self) -> dict[str, str]:
        """What stands beside the bar."""
        told = {"time": self.time} if self.time else {}
        if self.best is not None:
            told = {"best": f"best {self.best:.1%}", **told}
        if accuracy := self.row.get("validation_accuracy"):
            told = {"accuracy": f"validation accuracy {float(accuracy):.1%}", **told}
        if loss := self.row.get("train_loss"):
            told = {"loss": f"loss {float(loss):.3f}", **told}
        return told


def line_of(standing: Standing, width: int) -> RenderableType:
    """The bar, and as many of the words as there is room for."""
    head = f"Epoch {standing.epoch:{len(str(standing.epochs))}} of {standing.epochs}"
    told = standing.words()
    room = width - len(head) - 1
    for name in LEFT_OUT:
        if len(", ".join(told.values())) + 1 + NARROWEST > room:
            told.pop(name, None)
    tail = ", ".join(told.values())
    most = TAIL if room > TAIL + NARROWEST else len(tail)
    length = min(WIDEST, room - max(most, len(tail)) - 1)
    drawn = ProgressBar(1.0, standing.share, width=length, finished_style=FINISHED)
    bar = [drawn] if length >= NARROWEST else []
    line = Table.grid(padding=(0, 1, 0, 0))
    for _ in (head, *bar, tail):
        line.add_column(no_wrap=True)
    line.add_row(head, *bar, tail)
    return line


class RunBar(pl.Callback):
    """Shows epochs, loss and validation accuracy of a run, and the time left for all of it.

    Not Lightning's own bar, which is one of the epoch, begins anew with each, and works at every
    step. Of this one a step costs a look at the clock.

    Args:
        recorder: which knows the epochs; it has to come before among the callbacks.
    """

    def __init__(self, recorder: EpochRecorder, screen: Callable[[], Screen]) -> None:
        self._recorder, self._make_screen = recorder, screen
        self._screen: Screen | None = None
        self._began = self._next = 0.0  # of the clock
        self._from = self._share = 0.0  # of the run
        self._best: float | None = None
        self._over = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        self._began = time.monotonic()
        accuracies = [_cells(row).get("validation_accuracy") for row in self._recorder.rows]
        self._best = max((float(a) for a in accuracies if a), default=None)
        done = trainer.fit_loop.epoch_loop.batch_progress.current.completed
        self._from = self._share = _share(trainer, len(self._recorder.rows), done)
        with suppress(OSError, ValueError):  # the terminal is gone; the run goes on
            self._screen = self._make_screen()
        self._draw(trainer)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        if self._is_time():
            self._share = _share(trainer, len(self._recorder.rows), i + 1)
            self._draw(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if accuracy := _cells(self._recorder.rows[-1]).get("validation_accuracy"):
            self._best = max(self._best or 0.0, float(accuracy))
        self._share = _share(trainer, len(self._recorder.rows), 0)
        if self._is_time():
            self._draw(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._close(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self._close(trainer)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._close(trainer)

    def _is_time(self) -> bool:
        return self._screen is not None and time.monotonic() >= self._next

    def _close(self, trainer: pl.Trainer) -> None:
        """What was last stays to be seen."""
        self._over = True
        self._draw(trainer)
        open_, self._screen = self._screen, None
        if open_ is not None:
            with suppress(OSError, ValueError):
                open_.close()

    def _draw(self, trainer: pl.Trainer) -> None:
        if self._screen is None:
            return
        try:
            self._screen.draw(line_of(self._standing(trainer), self._screen.width))
        except (OSError, ValueError):  # the terminal is gone; the run goes on
            self._screen = None
            return
        self._next = time.monotonic() + self._screen.between

    def _standing(self, trainer: pl.Trainer) -> Standing:
        rows, epochs = self._recorder.rows, trainer.max_epochs or 1
        return Standing(
            epoch=min(len(rows) + 1, epochs),
            epochs=epochs,
            share=self._share,
            row=_cells(rows[-1]) if rows else {},
            best=self._best,
            time=self._time(),
        )

    def _time(self) -> str:
        seconds, learned = time.monotonic() - self._began, self._share - self._from
        if self._over:
            return f"in {in_words(seconds)}"
        if seconds < ENOUGH or learned <= 0:
            return ""
        return f"about {in_words(seconds * (1 - self._share) / learned)} left"


def _cells(row: str) -> dict[str, str]:
    return dict(zip(COLUMNS, row.rstrip("\n").split(","), strict=True))


def _share(trainer: pl.Trainer, epochs: int, batches: int) -> float:
    """How much of the run is over, by whatever ends it first: epochs, steps or the clock."""
    each = trainer.num_training_batches
    shares = [(epochs + (batches % each) / each) / (trainer.max_epochs or 1)]
    if trainer.max_steps > 0:
        shares.append(trainer.global_step / trainer.max_steps)
    callbacks = trainer.callbacks  # type: ignore[attr-defined]  # which it has
    for timer in (c for c in callbacks if isinstance(c, Timer)):
        if left := timer.time_remaining():
            shares.append(timer.time_elapsed() / (timer.time_elapsed() + left))
    return min(1.0, max(shares))
