"""Signals beside training: to a sweep that waits for its jobs, and to jobs whose time is up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from charrec.errors import Interrupted
from charrec.signals import SIGNALS


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted where a signal comes; a run that is being trained has its own way.

    A signal that the process was started to ignore stays ignored; a thread that is not the main
    one gets no signals.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, _raise)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)


@contextmanager
def saved_before_the_time_is_up() -> Iterator[None]:
    """A job on a cluster saves before it is ended for its time limit, or to make room.

    The launcher for Slurm, submitit, tells it by a signal of its own. Its handler, which asks for
    the job to be begun once more or gives up, would end the process in the middle of a step: here
    it is called when the run has saved and is interrupted, as by SIGTERM.
    """
    number = getattr(signal, "SIGUSR2", 0)  # which Windows does not have
    theirs = signal.getsignal(number) if number else None
    if not callable(theirs) or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def save(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) == 1:
            signal.raise_signal(signal.SIGTERM)

    signal.signal(number, save)
    try:
        with interruptible():
            yield
    finally:
        signal.signal(number, theirs)
        if came:
            theirs(number, None)
