"""Ctrl-C and SIGTERM: the step is finished, the run saved, and gone on with as if nothing was."""

from __future__ import annotations

import random
import re
import shlex
import signal
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from faults.runs import LONG, RECIPES, SEED, Figures, Recipe, same_end, same_results, summary
from faults.stages import ignore, wait_in
from processes import Finished, run_main, start

from charrec.checkpoints import read_checkpoint
from charrec.errors import Interrupted
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import resume, train

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
TERM_AND_LONG_INT = pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=LONG)], ids=["TERM", "INT"]
)
EPOCHS = "epochs=3"
SMALL = ("hsize=4", "epochs=2")
FINISHING = "charrec: finishing the step; once more to stop at once\n"


def rows(folder: Path) -> int:
    path = folder / "metrics.csv"
    return len(path.read_text().splitlines()) - 1 if path.exists() else -1


def command_in(said: str) -> list[str]:
    """The arguments of the command that says how to go on."""
    (line,) = re.findall(r"^  python -m charrec\.train (.*)$", said, re.MULTILINE)
    return shlex.split(line)


def check_interrupted(done: Finished, number: int, folder: Path) -> None:
    assert done.exit_code == 128 + number, done.stderr
    assert "Traceback" not in done.stderr
    assert "charrec: interrupted; go on with\n" in done.stderr
    about = summary(folder)
    assert (about["status"], about["error"]) == ("interrupted", None)
    assert about["ended"] >= about["started"]


def interrupted_and_gone_on_with(
    done: Finished, number: int, recipe: Recipe, folder: Path, undisturbed: Path
) -> None:
    check_interrupted(done, number, folder)
    again = run_main("train", *command_in(done.stderr), cwd=recipe.home)
    assert again.exit_code == 0, again.stderr
    same_end(folder, undisturbed)


# At any time


def interrupt_at_any_time(recipe: Recipe, runs: int, figures: Figures) -> None:
    """In folders whose names a shell would take apart."""
    chance = random.Random(SEED)
    undisturbed = recipe.undisturbed()
    for i in range(runs):
        name, number = f"run {i}'s", (signal.SIGINT, signal.SIGTERM)[i % 2]
        folder = recipe.home / name
        process = recipe.start(f'"{name}"')
        process.until(partial(_has_begun, folder))
        time.sleep(chance.uniform(0, 0.5))
        process.send(number)
        if (done := process.wait()).exit_code:
            ends = partial(interrupted_and_gone_on_with, done, number, recipe, folder, undisturbed)
            figures.check(name, ends)


def _has_begun(folder: Path) -> bool:
    return rows(folder) >= 0


def test_a_few_signals_at_any_time(letters: Path, tmp_path: Path) -> None:
    figures = Figures("signals at any time")
    interrupt_at_any_time(Recipe(letters, tmp_path, (*RECIPES["clipped"], EPOCHS)), 3, figures)
    figures.close()


@LONG
@pytest.mark.parametrize("name", list(RECIPES))
def test_many_signals_at_any_time(name: str, letters: Path, tmp_path: Path) -> None:
    figures = Figures(f"signals at any time, {name}")
    interrupt_at_any_time(Recipe(letters, tmp_path, (*RECIPES[name], EPOCHS)), 16, figures)
    figures.close()


# In each stage of a run


@pytest.fixture(scope="module")
def small(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """A run of two epochs of 12 steps, and in its home what becomes of it undisturbed."""
    recipe = Recipe(letters, tmp_path_factory.mktemp("signals"), SMALL)
    recipe.undisturbed()
    return recipe


def stopped_in(
    stage: str, number: int, recipe: Recipe, name: str, *settings: str, nth: int = 1
) -> Finished:
    seen = recipe.home / f"{name} is there"
    before = partial(wait_in, stage, seen, 0.3, nth)
    arguments = (*recipe.arguments(name), *settings)
    process = start("train", *arguments, cwd=recipe.home, before=before)
    assert process.until(seen.exists)
    process.send(number)
    return process.wait()


@pytest.mark.parametrize(
    ("stage", "nth", "steps", "saved"),
    [
        ("learning", 3, 1, 3),
        pytest.param("learning", 2, 5, 6, marks=LONG),
        ("learning", 12, 1, 12),  # the last step of an epoch, which is ended then
        pytest.param("validation", 1, 1, 12, marks=LONG),
        ("validation", 2, 5, 24),
        pytest.param("checkpoint", 1, 5, 12, marks=LONG),
        pytest.param("curves", 1, 5, 24, marks=LONG),
        ("testing", 1, 5, 24),
        pytest.param("report", 1, 1, 24, marks=LONG),
    ],
)
@TERM_AND_LONG_INT
def test_a_signal_in_a_stage(
    stage: str, nth: int, steps: int, saved: int, number: int, small: Recipe
) -> None:
    """It has saved so many steps, and is gone on with as if nothing had been."""
    name = f"{stage}{nth}_{steps}_{number}"
    done = stopped_in(stage, number, small, name, f"steps_per_execution={steps}", nth=nth)
    folder = small.home / name
    check_interrupted(done, number, folder)
    assert read_checkpoint(Run(folder).last_checkpoint)["global_step"] == saved
    again = run_main("train", *command_in(done.stderr), cwd=small.home)
    assert again.exit_code == 0, again.stderr
    settings = summary(folder)["settings"]["steps_per_execution"]
    assert settings == steps
    for report in ("metrics.csv", "test_predictions.csv"):
        assert (folder / report).read_bytes() == (small.home / "undisturbed" / report).read_bytes()


@TERM_AND_LONG_INT
def test_a_signal_before_the_first_step(number: int, small: Recipe) -> None:
    """Nothing was saved, and going on is to begin once more."""
    done = stopped_in("setup", number, small, f"setup{number}")
    check_interrupted(done, number, small.home / f"setup{number}")
    assert not Run(small.home / f"setup{number}").last_checkpoint.exists()
    small.finish(f"setup{number}")
    same_end(small.home / f"setup{number}", small.home / "undisturbed")


@BOTH
def test_a_signal_while_letters_are_read(number: int, small: Recipe) -> None:
    """There is nothing yet to go on with, nor a folder that says there is."""
    done = stopped_in("loading", number, small, f"loading{number}")
    assert done.exit_code in (128 + number, -number)
    assert "Traceback" not in done.stderr
    assert not (small.home / f"loading{number}" / "summary.json").exists()


@TERM_AND_LONG_INT
def test_the_step_is_finished_and_not_the_block(number: int, small: Recipe) -> None:
    """The seventh of twelve in a block."""
    name = f"block{number}"
    done = stopped_in("step", number, small, name, "steps_per_execution=12", nth=7)
    check_interrupted(done, number, small.home / name)
    assert done.stderr.startswith(FINISHING)
    saved = read_checkpoint(Run(small.home / name).last_checkpoint)
    assert saved["global_step"] == saved["CharacterDataModule"]["step"] == 7
    assert rows(small.home / name) == 0


@pytest.mark.parametrize("pause", [0.0, pytest.param(0.05, marks=LONG)])
@BOTH
def test_the_second_signal_does_not_wait(number: int, pause: float, small: Recipe) -> None:
    """The step that would have been finished sleeps for a minute."""
    name = f"twice_{number}_{pause}"
    seen = small.home / f"{name} is there"
    process = small.start(name, partial(wait_in, "learning", seen, 60.0))
    assert process.until(seen.exists)
    began = time.monotonic()
    process.send(number)
    assert process.until(lambda: FINISHING in process.stderr)
    time.sleep(pause)
    process.send(number)
    done = process.wait()
    assert time.monotonic() - began < 5
    check_interrupted(done, number, small.home / name)
    small.finish(name)


def test_a_storm_of_signals_leaves_a_summary(small: Recipe) -> None:
    """However many come, and while the summary itself is written, it says how the run ended."""
    figures, chance = Figures("storms of signals"), random.Random(SEED)
    for i in range(4):
        process = small.start(f"storm{i}")
        process.until(partial(_has_begun, small.home / f"storm{i}"))
        time.sleep(chance.uniform(0, 0.05))
        while process.running:
            process.send(chance.choice((signal.SIGINT, signal.SIGTERM)))
            time.sleep(0.002)
        process.wait()
        figures.check(f"storm{i}", partial(_is_told, small.home / f"storm{i}"))
    figures.close()


def _is_told(folder: Path) -> None:
    about = summary(folder)
    assert about["status"] in ("interrupted", "completed"), about["error"]


@TERM_AND_LONG_INT
def test_a_signal_ends_a_sweep(number: int, letters: Path, tmp_path: Path) -> None:
    """The first job is completed, the second interrupted, the third never begun."""
    recipe = Recipe(letters, tmp_path, SMALL)
    data = recipe.arguments("x")[:-1]
    sweep = ("-m", *data, "seed=1,2,3", "hydra.sweep.dir=s", "steps_per_execution=1")
    seen = tmp_path / "seen"
    before = partial(wait_in, "learning", seen, 0.3, 30)  # a job has 24 steps
    process = start("train", *sweep, cwd=tmp_path, before=before)
    assert process.until(seen.exists)
    process.send(number)
    done = process.wait()
    check_interrupted(done, number, tmp_path / "s" / "1")
    assert summary(tmp_path / "s" / "0")["status"] == "completed"
    assert not (tmp_path / "s" / "2").exists()
    assert command_in(done.stderr) == ["-m", "sweep.resume=s"]
    assert run_main("train", "-m", "sweep.resume=s", cwd=tmp_path).exit_code == 0
    assert [summary(tmp_path / "s" / job)["epochs"] for job in "012"] == [2, 2, 2]


@BOTH
def test_an_ignored_signal_stays_ignored(number: int, small: Recipe) -> None:
    name, seen = f"ignored{number}", small.home / f"ignored{number} is there"
    waits = partial(wait_in, "learning", seen, 0.5)
    process = small.start(name, partial(ignore, number, waits))
    assert process.until(seen.exists)
    process.send(number)
    done = process.wait()
    assert (done.exit_code, done.stderr) == (0, "")
    same_end(small.home / name, small.home / "undisturbed")


# From Python


class Raising(pl.Callback):
    """Sends its own process a signal after a step of an epoch."""

    def __init__(self, number: int, epoch: int, step: int) -> None:
        self.number, self.epoch, self.step = number, epoch, step

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *arguments: Any
    ) -> None:
        if (trainer.current_epoch, arguments[2]) == (self.epoch, self.step):
            signal.raise_signal(self.number)


def settings(letters: Path, **changes: Any) -> TrainSettings:
    small: dict[str, Any] = {"hsize": 4, "epochs": 3, "trainer": {"accelerator": "cpu"}}
    return TrainSettings(**small | changes, data=DataSettings(letters, alphabet="ABCD"))


@pytest.mark.parametrize("step", [0, 4, 11])
@BOTH
def test_train_raises_interrupted_and_puts_the_handlers_back(
    number: int, step: int, letters: Path, tmp_path: Path
) -> None:
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    folder = tmp_path / "run"
    with pytest.raises(
        Interrupted, match=r"go on with\n  python -m charrec\.train resume="
    ) as stop:
        train(settings(letters), folder, [Raising(number, 1, step)])
    assert isinstance(stop.value, KeyboardInterrupt)
    assert (stop.value.signal, stop.value.exit_code) == (number, 128 + number)
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
    resumed = resume(folder, [Raising(number, 9, 0)])
    undisturbed = train(settings(letters), tmp_path / "whole", [Raising(number, 9, 0)])
    same_results(resumed.folder, undisturbed.folder)


def test_train_works_in_a_thread(letters: Path, tmp_path: Path) -> None:
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    ended: list[Run] = []
    work = threading.Thread(target=lambda: ended.append(train(settings(letters), tmp_path / "run")))
    work.start()
    work.join(60)
    assert ended[0].summary["status"] == "completed"
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
    same_results(ended[0].folder, train(settings(letters), tmp_path / "here").folder)
