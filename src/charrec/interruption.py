"""Ctrl-C and SIGTERM: the step under way is finished and saved before the run ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

import pytorch_lightning as pl

from charrec.classifier import CharacterClassifier
from charrec.divergence import after_last_step
from charrec.errors import EndedTogether, Interrupted
from charrec.saving import Checkpoints
from charrec.saying import NAME
from charrec.signals import SIGNALS, ignore_signals
from charrec.terminal import is_live, marked

CLEARING_UP = 2.0  # seconds
FINISHING = b"charrec: finishing the step; once more to stop at once\n"


class Interruption(pl.Callback):
    """Within its ``with`` block a signal ends the process as `Interrupted`.

    While the network learns, the first one waits for the end of the step, after which last.ckpt
    is written; everywhere else, and the second time, it does not wait. Further ones do nothing
    while the run clears up: a storm of them would break into the writing of how it ended. A signal
    that the process was started to ignore stays ignored; a thread that is not the main one gets
    no signals.

    Of several processes that train together the first alone listens; the others stop with it,
    after the same step.
    """

    def __init__(self, checkpoints: Checkpoints, first: bool = True) -> None:
        self.checkpoints, self.first = checkpoints, first
        self.signal: int | None = None
        self.learned = False  # a step may have been taken
        self._learning: CharacterClassifier | None = None
        self._before: dict[int, Any] = {}
        self._ended = -CLEARING_UP  # when, by a clock that is never put back
        self._finishing = _on_a_line_of_its_own(FINISHING)

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.getsignal(number) for number in SIGNALS}
            self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _listen(self) -> None:
        if not self.first:
            ignore_signals()
            return
        for number, before in self._before.items():
            ignored = before is signal.SIG_IGN
            signal.signal(number, signal.SIG_IGN if ignored else self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._learning is None or self.signal is not None:
            self._end_at_once(number)
            return
        self.signal = number
        self._learning.stop_requested = True
        os.write(2, self._finishing)  # a print might break into another one

    def _end_at_once(self, number: int) -> None:
        """More than once, for what is raised in a finaliser, say, is lost."""
        if time.monotonic() - self._ended >= CLEARING_UP:
            self._ended = time.monotonic()
            raise Interrupted(number)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, CharacterClassifier)
        pl_module.stop_requested = False
        self.learned = True
        self._learning = pl_module
        self._listen()  # Lightning has put its own in the place of SIGTERM's

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if not self._is_asked(trainer) or trainer.fit_loop._should_accumulate():
            return  # gradients of half a step are in no checkpoint
        if after_last_step(trainer):
            return
        # What an epoch's earlier validations found is in no checkpoint: the epoch begins again.
        if not _validates_within_epochs(trainer):
            self.checkpoints.save(trainer)
        raise self._end(trainer)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._is_asked(trainer):  # it came in an epoch's last step, and that epoch is saved
            raise self._end(trainer)

    def _is_asked(self, trainer: pl.Trainer) -> bool:
        """Whether any of the processes was; all of them get the same answer."""
        asked = self.signal is not None
        return trainer.strategy.reduce_boolean_decision(asked, all=False)

    def _end(self, trainer: pl.Trainer) -> BaseException:
        self._ended = time.monotonic()
        stop = Interrupted(self.signal or signal.SIGINT)
        return stop if trainer.world_size == 1 else EndedTogether(stop)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._learning = None
        if self._is_asked(trainer):
            raise self._end(trainer)


def _on_a_line_of_its_own(message: bytes) -> bytes:
    """On a terminal in place of the bar, which is drawn again below."""
    if not is_live(sys.stderr):
        return message
    rest = message.decode().removeprefix(NAME)
    return f"\r\033[K{marked(NAME, 'yellow', sys.stderr)}{rest}".encode()


def _validates_within_epochs(trainer: pl.Trainer) -> bool:
    often = trainer.check_val_every_n_epoch is None
    often = often or float(trainer.val_check_batch or 0) < trainer.num_training_batches
    return bool(trainer.enable_validation and often)
