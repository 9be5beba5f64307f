"""Which process is the first of those that train one network together."""

from __future__ import annotations

import pytest

from charrec.processes import FOLDER, RANKS, folder_of_the_run, follows, is_first


@pytest.fixture(autouse=True)
def no_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*RANKS, FOLDER):
        monkeypatch.delenv(name, raising=False)


def test_alone() -> None:
    assert is_first()
    assert not follows({"devices": 2})


@pytest.mark.parametrize("name", RANKS)
def test_by_whatever_says_the_rank(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "0")
    assert not follows({"devices": 2})
    monkeypatch.setenv(name, "1")
    assert follows({"devices": 2})
    assert follows({"devices": 1, "num_nodes": 2})
    assert not follows({"devices": 1})  # one of many runs that a scheduler started


def test_only_a_process_that_was_started_is_told_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(FOLDER, "somewhere")
    assert folder_of_the_run() is None
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert folder_of_the_run() == "somewhere"
