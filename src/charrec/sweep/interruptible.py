"""Ctrl-C and SIGTERM while a sweep is between two jobs, or waits for jobs in other processes."""

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
