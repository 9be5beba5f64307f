"""Signals that come between two jobs."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from charrec.errors import Interrupted
from charrec.sweep.interruptible import interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_raised_and_then_nothing_has_changed(number: signal.Signals) -> None:
    before = signal.signal(number, lambda *_: pytest.fail("nobody handled it"))
    inside = signal.getsignal(number)
    try:
        with pytest.raises(Interrupted) as stopped, interruptible():
            signal.raise_signal(number)
        assert signal.getsignal(number) is inside
    finally:
        signal.signal(number, before)
    assert stopped.value.exit_code == 128 + number


def test_what_the_process_was_started_to_ignore_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_thread_gets_no_signals() -> None:
    def within() -> bool:
        with interruptible():
            return signal.getsignal(signal.SIGTERM) is before

    before = signal.getsignal(signal.SIGTERM)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(within).result()
