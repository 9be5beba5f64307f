"""Runs that went on, or are not to: with what they have, whatever was done to it meanwhile."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from conftest import ALPHABET
from processes import run_main
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from charrec.checkpoints import read_checkpoint
from charrec.errors import Interrupted, UserError
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import resume, train


def settings(letters: Path, trainer: dict[str, Any] | None = None, **changes: Any) -> TrainSettings:
    data = DataSettings(root=letters, alphabet=ALPHABET)
    small: dict[str, Any] = {"hsize": 4, "epochs": 3, "data": data}
    return TrainSettings(**small | changes, trainer={"accelerator": "cpu"} | (trainer or {}))


def rows(run: Run) -> list[dict[str, str]]:
    with (run.folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def say_that(run: Run, **entries: Any) -> None:
    path = run.folder / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


class At(pl.Callback):
    """Does something at the end of an epoch, counted from 0."""

    def __init__(self, epoch: int, act: Callable[[], object]) -> None:
        self.epoch, self.act = epoch, act

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == self.epoch:
            self.act()


def test_in_double_precision_it_ends_as_undisturbed(letters: Path, tmp_path: Path) -> None:
    double = {"precision": "64-true"}
    undisturbed = train(settings(letters, double, epochs=4), tmp_path / "undisturbed")
    short = train(settings(letters, double, epochs=2), tmp_path / "run")
    assert rows(resume(short.folder, epochs=4)) == rows(undisturbed)
    ours, theirs = (read_checkpoint(r.last_checkpoint)["state_dict"] for r in (short, undisturbed))
    assert all(ours[name].dtype == torch.float64 for name in ours)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


# Files that were changed


@pytest.fixture(scope="module")
def done(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(settings(letters), tmp_path_factory.mktemp("done") / "run")


@pytest.mark.parametrize("left", [3, 2, 1, 0, None])
def test_rows_that_a_power_cut_took_are_there_again(
    left: int | None, done: Run, tmp_path: Path
) -> None:
    """Of the header and three rows so many lines reached the disk, or not even the file did."""
    run = Run(Path(shutil.copytree(done.folder, tmp_path / "run")))
    say_that(run, status="running")
    metrics = run.folder / "metrics.csv"
    if left is None:
        metrics.unlink()
    else:
        metrics.write_text("".join(metrics.read_text().splitlines(keepends=True)[:left]))
    assert resume(run.folder).summary["status"] == "completed"
    assert rows(run) == rows(done)
    assert run.summary["test"] == done.summary["test"]


@pytest.mark.parametrize("name", ["last.ckpt", "best.ckpt"])
@pytest.mark.parametrize("other", [{"seed": 1}, {"batch_size": 4}, {"hsize": 5}])
def test_the_checkpoint_of_another_run_is_refused(
    name: str, other: dict[str, Any], done: Run, letters: Path, tmp_path: Path
) -> None:
    run = Run(Path(shutil.copytree(done.folder, tmp_path / "run")))
    another = train(settings(letters, **other), tmp_path / "another")
    shutil.copy(another.folder / "checkpoints" / name, run.folder / "checkpoints" / name)
    with pytest.raises(UserError, match=rf"{name} is of another run: .* put the run's own back"):
        resume(run.folder, epochs=5)
    assert rows(run) == rows(done)
    assert run.summary == done.summary


def test_settings_that_were_edited_are_not_gone_on_with(done: Run, tmp_path: Path) -> None:
    run = Run(Path(shutil.copytree(done.folder, tmp_path / "run")))
    say_that(run, settings=run.settings | {"seed": 7})
    with pytest.raises(UserError, match=r"is of another run: its settings are not those of"):
        resume(run.folder, epochs=5)


def test_start_weights_are_those_it_began_with(done: Run, letters: Path, tmp_path: Path) -> None:
    """Where it was stopped before its first checkpoint, and they are read once more."""
    source = Run(Path(shutil.copytree(done.folder, tmp_path / "source")))
    run = train(settings(letters, weights=str(source.folder)), tmp_path / "run")
    first = rows(run)
    for part in ("checkpoints", "metrics.csv"):
        path = run.folder / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    say_that(run, status="interrupted")
    assert rows(resume(run.folder)) == first
    for part in ("checkpoints", "metrics.csv"):
        path = run.folder / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    say_that(run, status="interrupted")
    other = train(settings(letters, seed=5), tmp_path / "other")
    source.best_checkpoint.unlink()
    shutil.copy(other.best_checkpoint, source.best_checkpoint)
    with pytest.raises(UserError, match=r"best\.ckpt is another one than when .*/run began"):
        resume(run.folder)


# While it runs


def test_a_summary_that_is_broken_meanwhile_is_written_anew(letters: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    breaks = At(1, lambda: (folder / "summary.json").write_text("{"))
    run = train(settings(letters), folder, [breaks])
    assert run.summary["status"] == "completed"
    assert run.settings["hsize"] == 4
    assert resume(folder, epochs=4).summary["epochs"] == 4


def test_a_folder_that_is_moved_meanwhile_is_not_made_again(letters: Path, tmp_path: Path) -> None:
    moves = At(2, lambda: (tmp_path / "run").rename(tmp_path / "moved"))
    with pytest.raises(OSError, match="No such file or directory"):
        train(settings(letters), tmp_path / "run", [moves])
    assert [path.name for path in tmp_path.iterdir()] == ["moved"]
    undisturbed = train(settings(letters), tmp_path / "undisturbed")
    assert rows(resume(tmp_path / "moved")) == rows(undisturbed)


def test_what_an_earlier_leg_found_is_not_told_of_a_later_one(done: Run, tmp_path: Path) -> None:
    def stops() -> None:
        raise KeyboardInterrupt

    run = Run(Path(shutil.copytree(done.folder, tmp_path / "run")))
    with pytest.raises(Interrupted):
        resume(run.folder, [At(4, stops)], epochs=6)
    assert run.summary["status"] == "interrupted"
    assert {"test", "validation", "best_epoch", "epochs"} & set(run.summary) == set()


class Odd(pl.Callback):
    """Its state is more than plain data."""

    def __init__(self, state: Any) -> None:
        self.state = state

    def state_dict(self) -> dict[str, Any]:
        return {"kept": self.state}


@pytest.mark.parametrize("state", [np.float64(1.5), torch.ones(3, 4).t(), Path("x"), print])
def test_a_state_that_could_not_be_loaded_again_is_refused_at_once(
    state: Any, letters: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="the state of the callback Odd is not plain data"):
        train(settings(letters, epochs=100), tmp_path / "run", [Odd(state)])
    run = Run(tmp_path / "run")
    assert (run.summary["status"], len(rows(run))) == ("failed", 1)
    assert not run.last_checkpoint.exists()


def test_nobody_has_to_read_what_is_told(letters: Path, tmp_path: Path) -> None:
    data = (f"data.root={letters}", "data.alphabet=ABCD", "trainer=cpu", "epochs=3")
    command = (sys.executable, "-m", "charrec.train", *data, "hydra.run.dir=run")
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read().decode()
    assert (process.returncode, told) == (0, "")
    assert Run(tmp_path / "run").summary["status"] == "completed"
    assert len(rows(Run(tmp_path / "run"))) == 3


def test_a_clock_that_was_set_back_tears_no_curve(done: Run, tmp_path: Path) -> None:
    """The events of the first leg are of tomorrow, and of the day after."""
    run = Run(Path(shutil.copytree(done.folder, tmp_path / "run")))
    (events,) = (p for p in run.folder.glob("events.*") if p.suffix != ".overview")
    parts = events.name.split(".")
    parts[3] = str(int(time.time()) + 86400)
    events.rename(run.folder / ".".join(parts))
    resume(run.folder, epochs=5)
    shown = EventAccumulator(str(run.folder)).Reload().Scalars("train_loss")
    assert [event.step for event in shown] == [12, 24, 36, 48, 60]


class Clumsy(pl.Callback):
    """Is interrupted, and stumbles over it."""

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt

    def on_exception(self, trainer: pl.Trainer, pl_module: Any, exception: BaseException) -> None:
        raise ValueError("half of it is gone")


def test_interrupted_is_interrupted_whatever_clearing_up_raises(
    letters: Path, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted) as stop:
        train(settings(letters), tmp_path / "run", [Clumsy()])
    assert stop.value.exit_code == 130
    assert Run(tmp_path / "run").summary["status"] == "interrupted"
    assert rows(resume(tmp_path / "run")) == rows(train(settings(letters), tmp_path / "whole"))


# Runs that something else than epochs has ended


@pytest.mark.parametrize("ending", [{"max_steps": 20}, {"fast_dev_run": True}])
def test_what_ended_a_run_is_told(ending: dict[str, Any], letters: Path, tmp_path: Path) -> None:
    run = train(settings(letters, ending, epochs=10), tmp_path / "run")
    ((name, value),) = ending.items()
    told = rf"/run was ended by trainer\.{name}={value}, which it keeps"
    with pytest.warns(UserWarning, match=f"{told}: there is nothing to go on with"):
        resume(run.folder)
    with pytest.raises(UserError, match=f"{told}; start a new run with weights=RUN_DIR"):
        resume(run.folder, epochs=20)


def test_a_run_s_own_folder_is_no_place_for_a_test(trained: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in trained.iterdir() if path.is_file()}
    done = run_main("test", f"run={trained}", f"out={trained}", "trainer=cpu", cwd=tmp_path)
    told = f"charrec: out={trained} is a run's own folder, whose records stay; name another\n"
    assert (done.exit_code, done.stderr) == (2, told)
    assert {path: path.read_bytes() for path in before} == before
    assert os.listdir(tmp_path) == []
