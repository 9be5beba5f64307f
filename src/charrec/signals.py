"""Ctrl-C and SIGTERM, the two signals that ask a run to end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def ignore_signals() -> None:
    """For a process that another one tells when to end."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def signals_held() -> Iterator[None]:
    """What comes in the block is delivered, once, when it is over, unless one is already.

    Not by a mask: other threads, torch's and TensorBoard's, would receive the signal instead.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    listening = [n for n in SIGNALS if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    before = {n: signal.signal(n, lambda number, _: came.append(number)) for n in listening}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came and not isinstance(sys.exc_info()[1], KeyboardInterrupt):
            signal.raise_signal(came[0])
