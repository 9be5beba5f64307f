"""Which handlers listen when, and what is held back while a summary is written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl

from charrec.classifier import CharacterClassifier
from charrec.errors import Interrupted
from charrec.interruption import FINISHING, Interruption
from charrec.run import Run
from charrec.saving import Checkpoints
from charrec.signals import SIGNALS, signals_held

EACH = pytest.mark.parametrize("number", SIGNALS, ids=["INT", "TERM"])


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def interruption(tmp_path: Path) -> Interruption:
    return Interruption(Checkpoints(Run(tmp_path)))


def learning() -> CharacterClassifier:
    return CharacterClassifier(alphabet="AB", image_size=4, hsize=1)


TRAINER = pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)


@EACH
def test_outside_of_learning_a_signal_does_not_wait(
    number: int, interruption: Interruption
) -> None:
    with pytest.raises(Interrupted) as stop, interruption:
        signal.raise_signal(number)
    assert (stop.value.signal, stop.value.exit_code) == (number, 128 + number)


@EACH
def test_a_storm_does_not_break_into_the_clearing_up(
    number: int, interruption: Interruption, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But what is still not over a while later is interrupted once more."""
    with interruption:
        with pytest.raises(Interrupted):
            signal.raise_signal(number)
        for _ in range(3):
            signal.raise_signal(number)
        monkeypatch.setattr("charrec.interruption.CLEARING_UP", 0.0)
        with pytest.raises(Interrupted):
            signal.raise_signal(number)


@EACH
def test_while_learning_the_first_waits_and_the_second_does_not(
    number: int, interruption: Interruption, capfd: pytest.CaptureFixture[str]
) -> None:
    classifier = learning()
    with interruption:
        interruption.on_train_start(TRAINER, classifier)
        signal.raise_signal(number)
        assert classifier.stop_requested
        assert capfd.readouterr().err == FINISHING.decode()
        with pytest.raises(Interrupted):
            signal.raise_signal(number)


def test_one_that_came_too_late_for_a_step_ends_what_follows(interruption: Interruption) -> None:
    with interruption:
        interruption.on_train_start(TRAINER, learning())
        interruption.on_train_epoch_start(TRAINER, learning())
        signal.raise_signal(signal.SIGTERM)
        for follows in (interruption.on_train_epoch_start, interruption.on_train_end):
            with pytest.raises(Interrupted) as stop:
                follows(TRAINER, learning())
            assert stop.value.signal == signal.SIGTERM


@EACH
def test_the_handlers_are_put_back(number: int, interruption: Interruption) -> None:
    def mine(*_: Any) -> None: ...

    signal.signal(number, mine)
    with interruption:
        assert signal.getsignal(number) == interruption._receive
    assert signal.getsignal(number) is mine


@EACH
def test_what_is_ignored_stays_ignored_even_where_lightning_listens(
    number: int, interruption: Interruption
) -> None:
    signal.signal(number, signal.SIG_IGN)
    with interruption:
        signal.signal(number, lambda *_: None)  # as Lightning does for SIGTERM
        interruption.on_train_start(TRAINER, learning())
        assert signal.getsignal(number) is signal.SIG_IGN


def test_in_a_thread_it_listens_to_nothing(interruption: Interruption) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    seen: list[Any] = []

    def work() -> None:
        with interruption, signals_held():
            interruption.on_train_start(TRAINER, learning())
            seen.append([signal.getsignal(number) for number in SIGNALS])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


# Held back


@EACH
def test_what_is_held_is_delivered_once_and_afterwards(number: int) -> None:
    came: list[int] = []
    signal.signal(number, lambda n, _: came.append(n))
    with signals_held():
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert came == []
    assert came == [number]
    signal.raise_signal(number)
    assert came == [number, number]


def _ended_and_disturbed() -> None:
    try:
        raise Interrupted(signal.SIGINT, "the first")
    finally:
        with signals_held():
            signal.raise_signal(signal.SIGTERM)


def test_what_ends_the_run_already_is_not_disturbed_by_another() -> None:
    with pytest.raises(Interrupted, match="the first"):
        _ended_and_disturbed()


@EACH
def test_the_summary_is_written_before_a_signal_is_heard(
    number: int, interruption: Interruption, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, record = Run(tmp_path), Run.record

    def disturbed(self: Run, **entries: Any) -> None:
        if entries.get("status") == "completed":
            signal.raise_signal(number)
        record(self, **entries)

    monkeypatch.setattr(Run, "record", disturbed)
    with pytest.raises(Interrupted), interruption, run.recording(settings={}):
        pass
    assert run.summary["status"] == "completed"


def test_what_is_ignored_is_not_held() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with signals_held():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
