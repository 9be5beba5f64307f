"""Signals that come between two jobs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from charrec.errors import Interrupted
from charrec.sweep.interruptible import interruptible, saved_before_the_time_is_up


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


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What the launcher of a cluster is told, which has the job begun once more."""
    said: list[str] = []

    def begin_once_more(*_: object) -> None:
        said.append("once more")
        raise SystemExit(144)

    before = signal.signal(signal.SIGUSR2, begin_once_more)
    of_term = signal.signal(signal.SIGTERM, lambda *_: said.append("bypassed"))
    yield said
    signal.signal(signal.SIGUSR2, before)
    signal.signal(signal.SIGTERM, of_term)


def learn_until_the_time_is_up(told: list[str]) -> None:
    with saved_before_the_time_is_up():
        try:
            signal.raise_signal(signal.SIGUSR2)
        except Interrupted as stopped:
            told.append(f"saved after {stopped.signal}")
            signal.raise_signal(signal.SIGUSR2)  # once more, while it saves
            told.append("still there")


def test_a_job_whose_time_is_up_saves_before_the_launcher_ends_it(told: list[str]) -> None:
    theirs = signal.getsignal(signal.SIGUSR2)
    with pytest.raises(SystemExit, match="144"):
        learn_until_the_time_is_up(told)
    assert told == ["saved after 15", "still there", "once more"]
    assert signal.getsignal(signal.SIGUSR2) is theirs


def test_a_job_that_has_time_enough_ends_as_it_does(told: list[str]) -> None:
    with saved_before_the_time_is_up():
        pass
    assert told == []


def test_where_no_launcher_listens_nothing_is_changed() -> None:
    before = signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    try:
        with saved_before_the_time_is_up():
            assert signal.getsignal(signal.SIGUSR2) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGUSR2, before)
