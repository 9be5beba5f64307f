"""One job of a sweep: whatever it raises ends it alone, and is entered."""

from __future__ import annotations

import json
import os
import weakref
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from making import make_run
from making_sweeps import make_sweep

from charrec import training
from charrec.errors import Diverged, Interrupted, Pruned, UserError
from charrec.run import Run
from charrec.sweep import pruning
from charrec.sweep.folder import STOP, Sweep
from charrec.sweep.job import perform

SETTINGS = {
    "hsize": 1,
    "resume": None,
    "trainer": {"accelerator": "cpu", "devices": 1},
    "optimizer": {"name": "sgd", "lr": 4e-3, "momentum": 0.9, "options": {}},
    "augment": {"name": "none"},
    "data": {"root": None},
}


def completes(settings: Any, folder: Path, *_: Any) -> Run:
    found = {"accuracy": 0.5}
    return make_run(folder, status="completed", best_epoch=2, validation=found, test=found)


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Three jobs, and a training that is over at once."""
    monkeypatch.setattr(training, "train", completes)
    sweep = make_sweep(tmp_path / "sweep", "waiting", "waiting", "waiting")
    for number in range(3):
        (sweep.folder / str(number)).mkdir()
    return sweep


def do(sweep: Sweep, number: int, fail_fast: bool = False) -> dict[str, str]:
    """Perform a job; its row."""
    perform(SETTINGS | {"sweep": {"fail_fast": fail_fast}}, sweep.folder / str(number))
    return sweep.ledger.rows()[number]


def test_what_came_out_is_entered(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    row = do(sweep, 1)
    assert 0 <= float(row.pop("seconds")) < 10
    del row["fingerprint"]
    assert row == {
        "job": "1",
        "status": "completed",
        "hsize": "2",
        "folder": "1",
        "error": "",
        "best_validation_accuracy": "0.5",
        "best_epoch": "2",
        "test_accuracy": "0.5",
    }
    told = "Job 1 (hsize=2): validation accuracy = 50.0%; 1 of 3 done, best so far 50.0% (job 1)"
    assert capsys.readouterr().out.startswith(told)


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (ZeroDivisionError("by 0\nand more"), "failed", "ZeroDivisionError: by 0"),
        (UserError("no letters"), "failed", "UserError: no letters"),
        (MemoryError(), "failed", "MemoryError: "),
        (SystemExit(3), "failed", "SystemExit: 3"),
        (Diverged("the loss", 2, 3, 0.5), "diverged", str(Diverged("the loss", 2, 3, 0.5))),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_is_raised_ends_the_job_alone(
    error: BaseException, status: str, told: str, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Run:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(training, "train", fails)
        row = do(sweep, 0)
    assert (row["status"], row["error"]) == (status, told)
    shown = (sweep.folder / "0" / "traceback.txt").read_text()
    assert shown.startswith("Traceback (most recent call last):\n")
    assert "raise error" in shown
    assert do(sweep, 1)["status"] == "completed"


def test_an_interruption_ends_the_sweep(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_interrupted(*_: Any) -> Run:
        raise Interrupted(15)

    monkeypatch.setattr(training, "train", is_interrupted)
    with pytest.raises(Interrupted):
        do(sweep, 0)
    row = sweep.ledger.rows()[0]
    assert (row["status"], row["error"]) == ("interrupted", "")
    assert float(row["seconds"]) >= 0


def test_after_a_failure_none_is_started_where_that_is_asked(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(sweep, 0, fail_fast=True)
    with monkeypatch.context() as patch:
        patch.setattr(training, "train", lambda *_: 1 // 0)
        do(sweep, 1, fail_fast=True)
    do(sweep, 2, fail_fast=True)
    assert [row["status"] for row in sweep.ledger.rows()] == ["completed", "failed", "waiting"]
    assert list((sweep.folder / "2").iterdir()) == []


def test_a_pruned_run_is_no_failure(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_pruned(settings: Any, folder: Path, *_: Any) -> Run:
        make_run(folder, status="interrupted", pruned={"epoch": 3}, validation={"accuracy": 0.25})
        raise Pruned(3)

    monkeypatch.setattr(training, "train", is_pruned)
    row = do(sweep, 0, fail_fast=True)
    assert (row["status"], row["best_validation_accuracy"], row["error"]) == ("pruned", "0.25", "")
    assert not (sweep.folder / "0" / "traceback.txt").exists()
    assert do(sweep, 1, fail_fast=True)["status"] == "pruned"


@pytest.mark.parametrize("status", ["interrupted", "running", "failed"])
def test_what_was_begun_is_gone_on_with(
    status: str, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(sweep.folder / "0" / ".." / "new", status=status)
    (sweep.folder / "0").rmdir()
    run.folder.resolve().rename(sweep.folder / "0")
    (sweep.folder / "0" / "traceback.txt").touch()
    sweep.ledger.update("0", seconds="100")
    seen: list[Path] = []

    def goes_on(folder: Path, *_: Any) -> Run:
        seen.append(folder)
        Run(folder).record(status="completed", validation={"accuracy": 0.25})
        return Run(folder)

    monkeypatch.setattr(training, "resume", goes_on)
    row = do(sweep, 0)
    assert seen == [sweep.folder / "0"]
    assert (row["status"], row["best_validation_accuracy"]) == ("completed", "0.25")
    assert 100 <= float(row["seconds"]) < 110
    assert not (sweep.folder / "0" / "traceback.txt").exists()


def test_what_cannot_be_gone_on_with_is_done_anew(sweep: Sweep) -> None:
    folder = sweep.folder / "0"
    Run(folder).record(status="diverged", diverged={"epoch": 1})
    for name in ("checkpoints/last.ckpt", "metrics.csv", "traceback.txt", ".hydra/config.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    assert do(sweep, 0)["status"] == "completed"
    assert "diverged" not in json.loads((folder / "summary.json").read_text())
    assert not (folder / "metrics.csv").exists()
    assert not (folder / "traceback.txt").exists()
    assert (folder / ".hydra" / "config.yaml").exists()


def test_leftovers_without_a_summary_are_cleared(sweep: Sweep) -> None:
    (sweep.folder / "0" / "metrics.csv").touch()
    assert do(sweep, 0)["status"] == "completed"
    assert not (sweep.folder / "0" / "metrics.csv").exists()


def test_lines_of_epochs_are_not_shown_and_garbage_is_collected(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Circle:
        def __init__(self) -> None:
            self.itself = self
            weakref.finalize(self, gone.append, True)

    def prints(settings: Any, folder: Path, *_: Any) -> Run:
        print("Epoch 1")
        Circle()
        return completes(settings, folder)

    gone: list[bool] = []

    monkeypatch.setattr(training, "train", prints)
    do(sweep, 0)
    assert "Epoch" not in capsys.readouterr().out
    assert gone == [True]


@pytest.mark.parametrize("status", ["completed", "pruned", "running"])
def test_what_somebody_else_did_or_does_is_left_to_them(status: str, sweep: Sweep) -> None:
    """As where a job waited in a cluster's queue while its sweep was gone on with."""
    pruned = {"epoch": 3} if status == "pruned" else None
    recorded = "interrupted" if pruned else status
    Run(sweep.folder / "0").record(status=recorded, pruned=pruned, process=1)
    sweep.ledger.update("0", status=status, seconds="100")
    before = (sweep.folder / "0" / "summary.json").read_bytes(), sweep.ledger.path.read_bytes()
    with Run(sweep.folder / "0").locked() if status == "running" else nullcontext():
        do(sweep, 0)
    assert before == (
        (sweep.folder / "0" / "summary.json").read_bytes(),
        sweep.ledger.path.read_bytes(),
    )


@pytest.mark.parametrize("status", ["completed", "running"])
def test_what_somebody_else_began_during_the_imports(
    status: str, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sweep.folder / "0"

    def meanwhile(*_: Any) -> list[Any]:
        make_run(folder, status=status, validation={"accuracy": 0.25})
        return []

    monkeypatch.setattr(pruning, "pruning_of", meanwhile)
    with Run(folder).locked() if status == "running" else nullcontext():
        row = do(sweep, 0, fail_fast=True)
    assert (row["status"], row["best_validation_accuracy"]) == (status, "0.25")
    assert Run(folder).summary["validation"] == {"accuracy": 0.25}
    assert not (sweep.folder / STOP).exists()


def test_full_disk_under_a_failure(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its traceback finds no place; its row is written over itself, which takes none."""
    monkeypatch.setattr(training, "train", lambda *_: 1 // 0)
    os.mkdir(sweep.folder / "0" / "traceback.txt")
    assert do(sweep, 0)["error"] == "ZeroDivisionError: integer division or modulo by zero"
