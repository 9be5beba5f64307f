"""Which run a command means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from making import make_run

from charrec.errors import UserError
from charrec.run import Run
from charrec.runs import (
    find_readers,
    find_run,
    find_runs,
    need_one_alphabet,
    newest_completed,
    newest_unfinished,
)


def test_the_newest_is_the_one_that_ended_last(tmp_path: Path) -> None:
    def ended(day: int) -> str:
        return f"2026-01-{day:02}T12:00:00.000+00:00"

    make_run(tmp_path / "z", status="completed", ended=ended(1))
    newest = make_run(tmp_path / "sweep" / "0", status="completed", ended=ended(20))
    make_run(tmp_path / "a", status="completed", ended=ended(9))
    for i, status in enumerate(["running", "failed", "diverged", "interrupted", None]):
        make_run(tmp_path / f"other{i}", status=status, ended=ended(30))
    make_run(tmp_path / "no checkpoint", status="completed", ended=ended(31))
    Run(tmp_path / "no checkpoint").best_checkpoint.unlink()
    os.utime(newest.folder / "summary.json", (0, 0))
    assert len(find_runs(tmp_path)) == 9
    assert newest_completed(tmp_path) == newest


@pytest.mark.parametrize("broken", ["{", "[]", '{"status": "completed"}', "\0", ""])
def test_a_broken_summary_does_not_hide_the_others(broken: str, tmp_path: Path) -> None:
    good = make_run(tmp_path / "good", status="completed", ended="2026-01-01")
    make_run(tmp_path / "bad", status="completed", ended="2026-01-02")
    (tmp_path / "bad" / "summary.json").write_text(broken)
    assert newest_completed(tmp_path) == good


@pytest.mark.parametrize("outputs", ["empty", "nowhere", "unfinished"])
def test_there_is_none(outputs: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    make_run(tmp_path / "unfinished" / "x", status="running", ended=None)
    with pytest.raises(UserError) as refused:
        newest_completed(tmp_path / outputs)
    assert str(refused.value) == (
        f"no completed run under {tmp_path / outputs}/; train one with python -m charrec.train, "
        "or name one with run=RUN_DIR"
    )


def test_find_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    run = make_run(tmp_path / "outputs" / "x", status="completed", ended="2026")
    (tmp_path / "home" / "mine").mkdir(parents=True)
    assert find_run(None).folder == run.folder.relative_to(tmp_path)
    assert find_run("~/mine").folder == tmp_path / "home" / "mine"
    (tmp_path / "file").touch()
    for missing in ("nowhere", "file"):
        with pytest.raises(UserError) as refused:
            find_run(missing, "weights")
        assert str(refused.value) == (
            f"weights={missing}: no such folder; name the folder of a run, under outputs/"
        )


def test_the_latest_is_the_unfinished_one_that_began_last(tmp_path: Path) -> None:
    for i, status in enumerate(["failed", "interrupted", "running", "diverged", "completed"]):
        make_run(tmp_path / str(i), status=status, started=f"2026-01-0{i + 1}")
    assert newest_unfinished(tmp_path).folder == tmp_path / "2"  # cut off: nobody holds its lock
    with Run(tmp_path / "2").locked():
        assert newest_unfinished(tmp_path).folder == tmp_path / "1"
    with pytest.raises(UserError) as refused:
        newest_unfinished(tmp_path / "nowhere")
    assert str(refused.value) == (
        f"resume=latest: no run under {tmp_path / 'nowhere'}/ was interrupted, cut off or failed"
    )


def test_runs_that_answer_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a, b = (make_run(Path(name), status="completed", ended="2026") for name in ("a", "b"))
    assert find_readers(["a", Path("b")]) == [a, b]
    assert find_readers([b, "a", "./b", tmp_path / "b"]) == [b, a], "each once, where it came first"
    assert find_readers("b") == [b]
    assert find_readers(a) == [a]
    make_run(tmp_path / "outputs" / "x", status="completed", ended="2026")
    assert find_readers(None) == [Run(Path("outputs/x"))]
    with pytest.raises(UserError, match="run is empty: name the folder of a run"):
        find_readers([])
    with pytest.raises(UserError, match="run=c: no such folder"):
        find_readers(["a", "c"])


@pytest.mark.parametrize("wrong", [["a"], ("a", "b"), 5, {"a": 1}])
def test_what_is_no_run(wrong: object) -> None:
    with pytest.raises(UserError) as refused:
        find_readers([Path("b"), wrong])  # type: ignore[list-item]
    assert str(refused.value) == (
        f"run={wrong} is no run: name its folder, or several in a list: [A, B]"
    )
    with pytest.raises(UserError, match="run=5 is no run"):
        find_readers(5)  # type: ignore[arg-type]


def test_a_sweep_in_a_list_is_its_best_run(tmp_path: Path) -> None:
    for name in ("0", "1", "10", "2"):
        make_run(tmp_path / "sweep" / name)
    (tmp_path / "sweep" / "ledger.csv").touch()
    (tmp_path / "sweep" / "best.json").write_text('{"folder": "1"}')
    alone = make_run(tmp_path / "alone")
    folders = [run.folder for run in find_readers([alone.folder, tmp_path / "sweep"])]
    assert folders == [tmp_path / "alone", tmp_path / "sweep" / "1"]
    assert [run.folder.name for run in find_readers([tmp_path / "*"])] == ["alone", "1"]


def test_a_glob_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In natural order; what is no run is left out."""
    for name in ("0", "1", "10", "2", "[1]"):
        make_run(tmp_path / "sweep" / name)
    (tmp_path / "sweep" / "3").mkdir()
    (tmp_path / "sweep" / "compare.html").touch()

    def names(*which: str) -> list[str]:
        return [run.folder.name for run in find_readers([tmp_path / "sweep" / w for w in which])]

    assert sorted(names("*")) == sorted(["0", "1", "2", "10", "[1]"])
    assert names("[0-9]*") == ["0", "1", "2", "10"]
    assert names("10", "?") == ["10", "0", "1", "2"]
    assert names("[1]") == ["[1]"], "a folder of that very name"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [run.folder.name for run in find_readers("~/sweep/1*")] == ["1", "10"]
    with pytest.raises(UserError, match=r"run=.*x\*: no such folder"):
        names("x*")


def test_together_only_one_alphabet() -> None:
    a, b = Run(Path("a")), Run(Path("b"))
    need_one_alphabet([a, b], ["AB", "AB"])
    with pytest.raises(UserError) as refused:
        need_one_alphabet([a, a, b], ["AB", "AB", "ABC"])
    assert str(refused.value) == (
        "a reads AB, b reads ABC: runs that answer together need the same data.alphabet"
    )
