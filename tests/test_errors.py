"""The exceptions that a user is meant to read."""

from __future__ import annotations

import pickle
import signal

import pytest

from charrec.errors import Interrupted, nearest


def test_an_interruption_comes_whole_from_another_process() -> None:
    sent = pickle.loads(pickle.dumps(Interrupted(signal.SIGTERM, "go on with x")))
    assert (type(sent), sent.exit_code, str(sent)) == (Interrupted, 143, "go on with x")


def test_a_bare_interruption_is_that_of_ctrl_c() -> None:
    assert Interrupted.by(KeyboardInterrupt(), "x").exit_code == 130


def test_what_shares_some_letters_is_not_meant() -> None:
    assert nearest("dropout", ("data.root", "hsize")) == ""
    assert nearest("tpu", ("auto", "cpu", "gpu")) != ""
    assert nearest("data.foo", ("data.root", "hsize")) == "; did you mean 'data.root'?"


@pytest.mark.parametrize(
    ("name", "hint"), [("adma", "; did you mean 'adam'?"), ("zzz", ""), ("", "")]
)
def test_nearest(name: str, hint: str) -> None:
    assert nearest(name, ("adam", "sgd")) == hint
