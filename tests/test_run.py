"""A run's folder: its name, its summary, and which run is the newest."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from making import make_run

from charrec.errors import Diverged, Interrupted, UserError
from charrec.files import write_whole
from charrec.new_folders import new_folder
from charrec.run import Run

# Folders


def _make_many(parent: Path, count: int) -> list[str]:
    with ThreadPoolExecutor(8) as pool:
        return [str(folder) for folder in pool.map(new_folder, [parent] * count)]


def test_no_two_folders_are_one(tmp_path: Path) -> None:
    # Of 2000 ids drawn within a second from 65536 some thirty are the same.
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        made = pool.starmap(_make_many, [(tmp_path / "outputs", 2000)] * 2)
    folders = [folder for some in made for folder in some]
    assert len(set(folders)) == len(folders) == 4000
    name = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[0-9a-f]{4}")
    assert all(name.fullmatch(path.name) for path in (tmp_path / "outputs").iterdir())


def test_writing_is_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert path.read_text() == "old"
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["summary.json"]


# The summary


def test_record_adds_and_replaces(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.record(status="running", best_epoch=None)
    run.record(best_epoch=3, letters="Ä")
    assert run.summary == {"status": "running", "best_epoch": 3, "letters": "Ä"}


def test_a_completed_run(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with run.recording(settings={"lr": 1}):
        begun = run.summary
    assert (begun["status"], begun["ended"], begun["process"]) == ("running", None, os.getpid())
    summary = run.summary
    assert (summary["status"], summary["error"], summary["settings"]) == (
        "completed",
        None,
        {"lr": 1},
    )
    started, ended = (datetime.fromisoformat(summary[key]) for key in ("started", "ended"))
    assert 0 <= (ended - started).total_seconds() < 60
    assert started.tzinfo is not None
    assert set(summary["versions"]) == {
        *("python", "charrec", "torch", "torchvision", "pytorch-lightning", "hydra-core", "pillow")
    }
    head = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=False).stdout.strip()
    assert (summary["git"] or "").removesuffix("-dirty") == commit


@pytest.mark.parametrize(
    ("error", "status", "recorded"),
    [
        (Diverged("the loss", 2, 3, 0.5), "diverged", str(Diverged("the loss", 2, 3, 0.5))),
        (UserError("no"), "failed", "UserError: no"),
        (ZeroDivisionError("by 0"), "failed", "ZeroDivisionError: by 0"),
        (Interrupted(15), "interrupted", None),
    ],
)
def test_a_run_that_does_not_complete(
    error: BaseException, status: str, recorded: str | None, tmp_path: Path
) -> None:
    run = Run(tmp_path)
    with pytest.raises(type(error)), run.recording(settings={}):
        raise error
    assert (run.summary["status"], run.summary["error"]) == (status, recorded)
    assert run.summary["ended"] >= run.summary["started"]


def test_a_real_ctrl_c(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with pytest.raises(KeyboardInterrupt), run.recording(settings={}):
        signal.raise_signal(signal.SIGINT)
    assert run.summary["status"] == "interrupted"


def test_a_second_start_clears_what_the_first_left(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", status="failed", error="x", ended="2026", best_epoch=4)
    with run.recording(settings={}):
        begun = run.summary
    assert (begun["status"], begun["error"], begun["ended"]) == ("running", None, None)
    assert "best_epoch" not in begun


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, " is no run: it has no summary.json; name the folder of a run"),
        ("{", "/summary.json cannot be read: Expecting property name"),
        ("[]", "/summary.json is no JSON object"),
    ],
)
def test_a_summary_that_is_none(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "summary.json").write_text(content)
    with pytest.raises(UserError) as refused:
        _ = Run(tmp_path).summary
    assert str(refused.value).startswith(f"{tmp_path}{message}")


def test_the_keys_of_a_summary(trained: Path) -> None:
    summary = json.loads((trained / "summary.json").read_text())
    assert {
        *("status", "settings", "best_epoch", "validation", "test", "epochs", "epoch_seconds"),
        *("train_seconds", "started", "ended", "versions", "git"),
    } <= set(summary)
    assert (summary["status"], summary["epochs"]) == ("completed", 2)
    assert summary["best_epoch"] in (1, 2)
    assert set(summary["validation"]) == {"accuracy", "loss"}
    test = summary["test"]
    assert test["total"] == 24
    assert test["accuracy"] == test["correct"] / 24
    assert set(test) == {
        *("accuracy", "correct", "total", "interval", "macro_accuracy", "top_3_accuracy"),
        *("negative_log_likelihood", "expected_calibration_error", "temperature"),
        *("temperature_letters", "before_temperature", "no_letters"),
    }
    assert test["temperature"] == summary["temperature"] == Run(trained).temperature
    assert test["temperature_letters"] == Run(trained).temperature_letters == 24
    assert 0 < summary["epoch_seconds"] < summary["train_seconds"]


@pytest.mark.parametrize("temperature", [1.7, 1, 0.1])
def test_a_temperature_is_kept(temperature: float, tmp_path: Path) -> None:
    assert make_run(tmp_path / "run", temperature=temperature).temperature == temperature


def test_a_run_of_before_temperatures_has_one(tmp_path: Path) -> None:
    assert make_run(tmp_path / "run", status="completed").temperature == 1.0
    assert Run(tmp_path).temperature == 1.0


@pytest.mark.parametrize("odd", [0, -1.5, "2", True, None, [1], float("nan"), float("inf")])
def test_a_temperature_that_is_none(odd: object, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", temperature=odd)
    with pytest.raises(
        UserError, match=r"summary\.json is damaged, name another run: temperature="
    ):
        _ = run.temperature


# Who works in it


def test_a_run_is_running_only_while_somebody_holds_its_lock(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", status="running")
    assert run.status == "cut off", "there has never been a lock"
    with run.locked():
        assert run.status == "running"
    assert (run.folder / ".lock").exists()
    assert run.status == "cut off"
    for status in ("completed", "failed", "diverged", "interrupted"):
        run.record(status=status)
        with run.locked():
            assert run.status == status


def test_looking_at_a_run_makes_no_lock(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", status="running")
    run.refuse_if_running()
    assert run.status == "cut off"
    assert not (run.folder / ".lock").exists()


def test_a_second_one_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", status="running", process=4711)
    with run.locked():
        other = Run(run.folder)
        for refuse in (other.refuse_if_running, other.locked().__enter__):
            with pytest.raises(UserError) as refused:
                refuse()
            said = f"{run.folder} is written to by process 4711; wait for its end"
            assert str(refused.value) == said
    with Run(run.folder).locked():
        pass


def test_a_lock_leaves_no_file_where_no_run_came_of_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Run(tmp_path).locked():
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_who_takes_the_lock_removes_what_the_dead_left(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", status="running")
    draft = run.folder / "checkpoints" / ".last.ckpt.1.draft"
    draft.touch()
    with run.locked():
        assert not draft.exists()
    assert run.best_checkpoint.exists()


def test_a_start_that_cannot_be_written_is_told_with_all_that_it_knew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full for a moment: what has failed can be gone on with."""
    run, write = Run(tmp_path), Run._write

    def once_full(self: Run, entries: dict[str, Any]) -> None:
        monkeypatch.setattr(Run, "_write", write)
        raise OSError(28, "No space left on device", "summary.json")

    monkeypatch.setattr(Run, "_write", once_full)
    with pytest.raises(OSError, match="No space"), run.recording(settings={"lr": 1}):
        pass
    assert (run.summary["status"], run.summary["settings"]) == ("failed", {"lr": 1})
    assert run.summary["error"] == "OSError: [Errno 28] No space left on device: 'summary.json'"


def test_a_summary_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("[" * 100_000)
    with pytest.raises(UserError, match="cannot be read: maximum recursion depth"):
        _ = Run(tmp_path).summary


@pytest.mark.parametrize(
    "settings", [{"optimizer": []}, {"optimizer": {}}, {"hsize": {}}, {"data": {"alphabet": None}}]
)
def test_settings_of_another_kind(settings: dict[str, Any], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", status="failed", settings={"data": {}} | settings)
    with pytest.raises(UserError):
        run.settings_to_go_on()


@pytest.mark.parametrize("data", [{"alphabet": 3}, {"root": []}, {"root": 3}, {"size": 3}])
def test_letters_of_another_kind(data: dict[str, Any], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", settings={"data": data})
    with pytest.raises(UserError):
        _ = run.letters
