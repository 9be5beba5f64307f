"""A sweep's folder: what its runs' own records say, its lock, and finding it again."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from making_sweeps import make_job, make_sweep
from omegaconf import OmegaConf

from charrec.errors import UserError
from charrec.run import Run
from charrec.sweep.folder import Sweep, find_sweep

# What the ledger says


@pytest.mark.parametrize(
    ("entered", "recorded", "status"),
    [
        ("running", None, "cut off"),  # before it wrote its summary
        ("running", "running", "cut off"),  # no process holds its lock
        ("running", "completed", "completed"),  # between the summary and the ledger
        ("running", "interrupted", "interrupted"),
        ("running", "diverged", "diverged"),
        ("interrupted", "completed", "completed"),  # gone on with as a single run
        ("completed", None, "waiting"),  # its folder was deleted
        ("waiting", None, "waiting"),
        ("failed", None, "failed"),
        ("failed", "failed", "failed"),
    ],
)
def test_the_runs_own_record_is_believed(
    entered: str, recorded: str | None, status: str, tmp_path: Path
) -> None:
    sweep = make_sweep(tmp_path, entered)
    if recorded is not None:
        make_job(sweep, 0, recorded, accuracy=0.5)
    (row,) = sweep.rows()
    assert row["status"] == status
    assert row["best_validation_accuracy"] == ("" if recorded is None else "0.5")


def test_a_search_stopped_it(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, "running")
    make_job(sweep, 0, "interrupted", accuracy=0.5)
    Run(tmp_path / "0").record(pruned={"epoch": 3})
    assert sweep.rows()[0]["status"] == "pruned"
    Run(tmp_path / "0").record(status="completed")
    assert sweep.rows()[0]["status"] == "completed"


def test_what_another_job_did_is_believed_of_it(tmp_path: Path) -> None:
    """Whether its run has a record or not."""
    sweep = make_sweep(tmp_path, "running", "failed", "waiting", "waiting")
    make_job(sweep, 0, "completed", accuracy=0.5)
    sweep.ledger.update("1", error="why")
    for job, trained in (("2", "0"), ("3", "1")):
        sweep.ledger.update(job, folder=trained)
    *_, same_as_0, same_as_1 = sweep.rows()
    assert (same_as_0["status"], same_as_0["best_validation_accuracy"]) == ("completed", "0.5")
    assert (same_as_1["status"], same_as_1["error"]) == ("failed", "why")


@pytest.mark.parametrize(
    ("kept", "settings"),
    [
        ("hydra: {sweeper: {n_trials: 3, seed: 1}}", {"n_trials": 3, "seed": 1}),
        ("hydra: {sweeper: {_target_: x.Grid, params: null}}", None),
        ("hydra: 3", None),
        ("{", None),
    ],
)
def test_a_search_is_known_by_its_settings(
    kept: str, settings: dict[str, int] | None, tmp_path: Path
) -> None:
    (tmp_path / "multirun.yaml").write_text(kept)
    assert Sweep(tmp_path).search_settings() == settings


def test_a_run_that_is_being_written_is_running(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, "running")
    make_job(sweep, 0, "running")
    with Run(tmp_path / "0").locked():
        assert sweep.rows()[0]["status"] == "running"


def test_a_damaged_summary_is_told_and_hides_no_other(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, "completed", "completed")
    make_job(sweep, 0, "completed", accuracy=0.5)
    make_job(sweep, 1, "completed", accuracy=0.5)
    (tmp_path / "0" / "summary.json").write_text("{")
    first, second = sweep.rows()
    assert (first["status"], second["status"]) == ("failed", "completed")
    assert "summary.json cannot be read" in first["error"]


# The lock

HOLD_LOCK = """
import sys
from pathlib import Path
from charrec.sweep.folder import Sweep
with Sweep(Path(sys.argv[1])).locked():
    print(flush=True)
    input()
"""


def test_two_processes_do_not_work_on_one_sweep(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD_LOCK, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(UserError) as refused, Sweep(tmp_path).locked():
            pass
        other.kill()
    told = f"{tmp_path} is worked on by another process; wait for its end"
    assert str(refused.value) == told
    with Sweep(tmp_path).locked():
        pass  # a dead one is not in the way


# Its command


def test_the_settings_that_were_given_come_back(tmp_path: Path) -> None:
    task = ["hsize=8,16", "data.root='a ${b} \"c\"'", "+trainer.max_steps=5"]
    config = OmegaConf.create({"hydra": {"overrides": {"task": ["x=1"]}}, "lr": "${missing}"})
    Sweep(tmp_path).keep_command(config, task)
    assert Sweep(tmp_path).arguments() == task
    assert config.hydra.overrides.task == ["x=1"]


@pytest.mark.parametrize("content", [None, "", "{", "[]", "hydra: {overrides: {}}"])
def test_a_command_that_is_gone(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "multirun.yaml").write_text(content)
    with pytest.raises(UserError) as refused:
        Sweep(tmp_path).arguments()
    cure = "does not say what the sweep was; give its settings once more"
    assert str(refused.value) == f"{tmp_path}/multirun.yaml {cure}"


# Finding it


def test_the_latest_with_something_left_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, statuses in {
        "b": ["running", "waiting"],
        "a": ["waiting"],
        "c": ["diverged"],
    }.items():
        sweep = make_sweep(tmp_path / "outputs" / name, *statuses)
        os.utime(sweep.ledger.path, (0, 0))
    make_job(Sweep(tmp_path / "outputs" / "b"), 0, "completed")
    assert find_sweep("latest").folder == tmp_path / "outputs" / "b"
    make_job(Sweep(tmp_path / "outputs" / "c"), 0, "diverged")
    assert find_sweep("latest").folder == tmp_path / "outputs" / "b"
    make_job(Sweep(tmp_path / "outputs" / "c"), 7, "diverged")
    assert find_sweep("latest", retry_failed=True).folder == tmp_path / "outputs" / "c"
    (tmp_path / "outputs" / "c" / "ledger.csv").write_text("damaged")
    assert find_sweep("latest", retry_failed=True).folder == tmp_path / "outputs" / "b"


def test_the_latest_may_have_been_stopped_before_its_first_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    old = make_sweep(tmp_path / "outputs" / "old", "interrupted", "waiting")
    make_job(old, 0, "interrupted")  # at the beginning of 2026
    new = make_sweep(tmp_path / "outputs" / "new", "waiting")
    for year, latest in ((2025, old), (2027, new)):
        written = datetime(year, 1, 1, tzinfo=timezone.utc).timestamp()
        os.utime(new.ledger.path, (written, written))
        assert find_sweep("latest") == latest


def test_a_damaged_record_hides_no_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = make_sweep(tmp_path / "outputs" / "s", "completed", "waiting")
    make_job(sweep, 0, "completed")
    (sweep.folder / "0" / "summary.json").write_text("{")
    assert find_sweep("latest") == sweep


def test_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as refused:
        find_sweep("latest")
    left = "sweep.resume=latest: no sweep under outputs/ has jobs left to do"
    assert str(refused.value) == left
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "nowhere"):
        with pytest.raises(UserError, match=f"^sweep.resume={folder}: no sweep there; name the f"):
            find_sweep(folder)
