"""``pl.Trainer`` as charrec makes it: quiet, and with errors that a user can mend."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException

from charrec.errors import Diverged, EndedTogether, Interrupted, UserError
from charrec.paths import full_path
from charrec.processes import FOLDER
from charrec.signals import SIGNALS

SECONDS_TO_END = 60  # for processes that are through with their work

# Notes on hardware, tips and loaders: developers' matters. Its warnings stay.
for module in ("utilities.rank_zero", "trainer.connectors.signal_connector"):
    logging.getLogger(f"pytorch_lightning.{module}").setLevel(logging.WARNING)
logging.getLogger("lightning_fabric.utilities.distributed").setLevel(logging.WARNING)


@contextmanager
def interrupts_unchanged() -> Iterator[None]:
    """Lightning makes a SystemExit of every KeyboardInterrupt; here it is what it was.

    Also where clearing up after it, half done by then perhaps, has raised something else.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as end:
        behind = end.__context__
        while behind is not None and not isinstance(behind, KeyboardInterrupt):
            behind = behind.__context__
        if behind is not None:
            raise behind from None
        raise


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, and both are afterwards what they were.

    Lightning would not hear the one, and leaves the other ignored once it has come.
    """

    def end(number: int, _: object) -> None:
        raise Interrupted(number)

    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    if before[signal.SIGTERM] is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


@contextmanager
def together(trainer: pl.Trainer, folder: Path) -> Iterator[None]:
    """The processes that Lightning starts know the run's folder, and are gone after the block.

    Lightning watches them from a thread that kills this process, too, where one of them was
    killed; it is shown none any more, for what is still to be written.
    """
    os.environ[FOLDER] = str(full_path(folder))
    try:
        yield
    except (EndedTogether, Diverged):
        _end(trainer, at_once=False)
        raise
    except BaseException:
        _end(trainer, at_once=True)
        raise
    else:
        _end(trainer, at_once=False)
    finally:
        os.environ.pop(FOLDER, None)


def _end(trainer: pl.Trainer, at_once: bool) -> None:
    watched = getattr(trainer.strategy.launcher, "procs", [])
    started = list(watched)
    watched.clear()
    for process in started:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0 if at_once else SECONDS_TO_END)
        process.kill()
        process.wait()


def make_trainer(arguments: dict[str, Any]) -> pl.Trainer:
    """A Trainer without model summary and sanity check.

    Raises:
        UserError: Lightning refuses the arguments, a GPU that is not there, say.
    """
    quiet = {"enable_model_summary": False, "num_sanity_val_steps": 0, "log_every_n_steps": 1}
    try:
        return pl.Trainer(**quiet | arguments)
    except (MisconfigurationException, ValueError, TypeError, RuntimeError) as e:
        raise UserError(f"trainer is refused: {' '.join(str(e).split())}") from e
