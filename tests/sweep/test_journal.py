"""Optuna's journal stays readable after a process was killed while it wrote."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from charrec.errors import UserError
from charrec.sweep.folder import STORAGE
from charrec.sweep.journal import JournalLock
from charrec.sweep.search_options import SearchOptions
from charrec.sweep.space import Choice
from charrec.sweep.study import Study

SPACE = {"hsize": Choice(("1", "2"))}


def jobs(study: Study) -> list[int]:
    return [trial.user_attrs["job"] for trial in study.study.trials]


@pytest.mark.parametrize("cut", [1, 7, 40])
def test_half_a_line_is_removed(cut: int, tmp_path: Path) -> None:
    Study(tmp_path).begin(0, SPACE, SearchOptions(seed=1))
    path = tmp_path / STORAGE
    whole = path.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    path.write_bytes(whole + last[:cut])
    Study(tmp_path).begin(1, SPACE, SearchOptions(seed=1))
    assert path.read_bytes().startswith(whole + b'{"op_code"')
    assert jobs(Study(tmp_path)) == [0, 1]


def test_who_only_reads_writes_nothing(tmp_path: Path) -> None:
    Study(tmp_path).begin(0, SPACE, SearchOptions(seed=1))
    before = (tmp_path / STORAGE).read_bytes()
    assert jobs(Study(tmp_path)) == [0]
    assert (tmp_path / STORAGE).read_bytes() == before


def test_a_first_line_that_is_half_goes_too(tmp_path: Path) -> None:
    (tmp_path / STORAGE).write_bytes(b'{"op_code":0')
    Study(tmp_path).begin(0, SPACE, SearchOptions(seed=1))
    assert jobs(Study(tmp_path)) == [0]


def test_a_damaged_one_is_told(tmp_path: Path) -> None:
    Study(tmp_path).begin(0, SPACE, SearchOptions(seed=1))
    path = tmp_path / STORAGE
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(UserError, match=r"optuna\.journal is damaged"):
        Study(tmp_path)


def hold(path: str) -> None:
    JournalLock(path).acquire()
    Path(path).with_suffix(".held").touch()
    time.sleep(60)


def test_a_dead_process_holds_no_lock(tmp_path: Path) -> None:
    path = tmp_path / STORAGE
    path.touch()
    holder = multiprocessing.get_context("fork").Process(target=hold, args=(str(path),))
    holder.start()
    while not path.with_suffix(".held").exists():
        time.sleep(0.01)
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    start = time.monotonic()
    assert JournalLock(str(path)).acquire()
    assert time.monotonic() - start < 5
