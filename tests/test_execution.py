"""How steps are carried out: the rules of `auto`, the threads, and what a run keeps of it."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning import callbacks as lightning

from charrec.execution import (
    ENOUGH_WORK,
    HOOKS_OF_STEPS,
    MOST_STEPS,
    WORTH_SHARING,
    Execution,
    choose_execution,
    threads,
)
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.trainer_arguments import OF_SINGLE_STEPS
from charrec.training import resume, train
from charrec.weights import load_classifier

CPU: dict[str, Any] = {"accelerator": "cpu", "devices": 1}
SMALL = 32 * 1024 + 32 + 26 * 32 + 26  # parameters of the network of the course


def settings(**changes: Any) -> TrainSettings:
    return TrainSettings(**{"trainer": CPU} | changes)


def steps_of(*callbacks: pl.Callback, **changes: Any) -> int:
    return choose_execution(settings(**changes), SMALL, callbacks).steps_per_execution


# The rules of sizes


@pytest.mark.parametrize(
    ("parameters", "batch_size", "steps"),
    [
        (1, 1, MOST_STEPS),
        (SMALL, 8, MOST_STEPS),
        (ENOUGH_WORK // MOST_STEPS, 1, MOST_STEPS),
        (ENOUGH_WORK // MOST_STEPS // 8 * 2, 8, MOST_STEPS // 2),
        (2**20, 100, 10),  # 2³⁰ / (2²⁰ · 100) = 10.24
        (2**20, 1024, 1),
        (2**40, 1000, 1),
    ],
)
def test_large_steps_make_short_blocks(parameters: int, batch_size: int, steps: int) -> None:
    chosen = choose_execution(settings(batch_size=batch_size), parameters)
    assert chosen.steps_per_execution == steps


@pytest.mark.parametrize("steps", [1, 2, 8, 100_000])
@pytest.mark.parametrize("parameters", [SMALL, 2**40])
def test_what_is_asked_for_is_taken(steps: int, parameters: int) -> None:
    chosen = choose_execution(settings(steps_per_execution=steps), parameters)
    assert chosen.steps_per_execution == steps


def test_small_steps_have_one_thread_and_large_ones_all() -> None:
    with threads(3):
        counts = [
            choose_execution(settings(batch_size=10), parameters).threads
            for parameters in (1, WORTH_SHARING // 10, WORTH_SHARING // 10 + 1, 10**9)
        ]
    assert counts == [1, 1, 3, 3]


@pytest.mark.parametrize(("asked", "compiled"), [("auto", False), (True, True), (False, False)])
def test_compile_is_for_whoever_asks(asked: Any, compiled: bool) -> None:
    assert choose_execution(settings(compile=asked), SMALL).compile is compiled


# Where Lightning must see every step

ASKING: dict[str, Any] = {
    "precision": "bf16-mixed",
    "accumulate_grad_batches": 2,
    "limit_train_batches": 5,
    "overfit_batches": 3,
    "fast_dev_run": True,
    "val_check_interval": 4,
    "detect_anomaly": True,
    "strategy": "ddp",
    "plugins": ["anything"],
    "num_nodes": 2,
}


@pytest.mark.parametrize("name", sorted(OF_SINGLE_STEPS))
def test_auto_is_1_with_an_argument_of_single_steps(name: str) -> None:
    assert steps_of(trainer=CPU | {name: ASKING[name]}) == 1
    assert steps_of(trainer=CPU | {name: OF_SINGLE_STEPS[name][0]}) == MOST_STEPS


def callback_with(hook: str) -> pl.Callback:
    return type("Own", (pl.Callback,), {hook: lambda *_: None})()  # type: ignore[no-any-return]


@pytest.mark.parametrize("hook", HOOKS_OF_STEPS)
def test_auto_is_1_with_a_callback_that_looks_at_steps(hook: str) -> None:
    assert steps_of(callback_with(hook)) == 1
    assert steps_of(lightning.EarlyStopping("train_loss"), callback_with(hook)) == 1


@pytest.mark.parametrize(
    "hook", ["on_train_epoch_end", "on_validation_batch_end", "on_train_start", "on_fit_end"]
)
def test_other_hooks_bear_blocks(hook: str) -> None:
    assert steps_of(callback_with(hook)) == MOST_STEPS


class Saving(lightning.ModelCheckpoint):
    """Lightning's with something of the caller's own at each step."""

    def on_train_batch_end(self, *arguments: Any) -> None:
        super().on_train_batch_end(*arguments)


class Renamed(lightning.ModelCheckpoint):
    """Lightning's with nothing of the caller's own at steps."""

    CHECKPOINT_NAME_LAST = "newest"


@pytest.mark.parametrize(
    "callback",
    [
        lightning.ModelCheckpoint(),
        lightning.ModelCheckpoint(every_n_train_steps=5),
        lightning.EarlyStopping("validation_loss"),
        lightning.LearningRateMonitor("epoch"),
        lightning.Timer(timedelta(hours=1)),
        lightning.RichProgressBar(),
        lightning.StochasticWeightAveraging(0.1),
        Renamed(),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_lightnings_own_callbacks_bear_blocks(callback: pl.Callback) -> None:
    assert steps_of(callback) == MOST_STEPS


def test_a_callback_of_lightnings_with_a_hook_of_the_callers_does_not() -> None:
    assert steps_of(Saving()) == 1


@pytest.mark.parametrize(
    "callback",
    [
        lightning.WeightAveraging(),
        lightning.EMAWeightAveraging(),
        lightning.GradientAccumulationScheduler({0: 2}),
        lightning.ModelCheckpoint(train_time_interval=timedelta(minutes=1)),  # sees no clock
        lightning.ModelCheckpoint(  # does not wait for validation at the end of an epoch
            monitor="validation_loss", every_n_train_steps=12, save_on_train_epoch_end=False
        ),
        lightning.LambdaCallback(on_train_batch_end=lambda *_: None),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_lightnings_own_callbacks_that_do_not(callback: pl.Callback) -> None:
    assert steps_of(callback) == 1


def test_steps_asked_for_stay_whatever_callbacks_look_at() -> None:
    assert steps_of(callback_with("on_train_batch_end"), steps_per_execution=8) == 8


# Threads


@pytest.mark.parametrize("count", [1, 2, 3])
def test_threads_are_as_before_afterwards(count: int) -> None:
    before = torch.get_num_threads()
    with threads(count):
        assert torch.get_num_threads() == count
        with threads(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == count
    assert torch.get_num_threads() == before


def test_threads_are_as_before_after_an_error() -> None:
    before = torch.get_num_threads()
    with pytest.raises(KeyError), threads(before + 1):
        raise KeyError
    assert torch.get_num_threads() == before


# In a run


class Count(pl.Callback):
    """The PyTorch threads, and the pieces that Lightning gets an epoch in."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.threads = torch.get_num_threads()
        self.pieces = trainer.num_training_batches


def of_letters(letters: Path, **changes: Any) -> TrainSettings:
    quick: dict[str, Any] = {"optimizer": "adam", "lr": 2e-3, "epochs": 3, "hsize": 8}
    data = DataSettings(root=letters, alphabet="ABCD")
    return settings(**quick | {"data": data} | changes)


def recorded(run: Run) -> Execution:
    return Execution(**run.summary["execution"])


@pytest.fixture(scope="module")
def run(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(of_letters(letters), tmp_path_factory.mktemp("run") / "auto")


def test_the_summary_says_how(run: Run) -> None:
    assert run.summary["execution"] == {
        "threads": 1,
        "steps_per_execution": MOST_STEPS,
        "compile": False,
    }
    assert run.summary["settings"]["steps_per_execution"] == "auto"


@pytest.mark.parametrize("steps", [1, 5])
def test_single_steps_and_blocks_give_the_same_run(
    run: Run, letters: Path, tmp_path: Path, steps: int
) -> None:
    other = train(of_letters(letters, steps_per_execution=steps), tmp_path / "run")
    assert recorded(other).steps_per_execution == steps
    assert (other.folder / "metrics.csv").read_text() == (run.folder / "metrics.csv").read_text()
    for name in ("best", "last"):
        ours, theirs = (
            torch.load(r.folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
            for r in (other, run)
        )
        assert (ours["epoch"], ours["global_step"]) == (theirs["epoch"], theirs["global_step"])
        weights = theirs["state_dict"]
        assert all(torch.equal(ours["state_dict"][n], weights[n]) for n in weights)
    assert other.summary["test"] == run.summary["test"]


def test_threads_and_blocks_of_a_run_are_those_that_it_says(letters: Path, tmp_path: Path) -> None:
    """96 pictures in batches of 8 are 12 steps: two blocks of 5 and one of 2."""
    before, count = torch.get_num_threads(), Count()
    train(of_letters(letters, epochs=1, steps_per_execution=5), tmp_path / "run", [count])
    assert (count.threads, count.pieces) == (1, 3)
    assert torch.get_num_threads() == before


def test_a_callback_of_steps_sees_them_all(letters: Path, tmp_path: Path) -> None:
    class Own(Count):
        seen = 0

        def on_train_batch_end(self, *_: Any) -> None:
            self.seen += 1

    own = Own()
    done = train(of_letters(letters, epochs=1), tmp_path / "run", [own])
    assert (own.seen, own.pieces, recorded(done).steps_per_execution) == (12, 12, 1)


@pytest.mark.parametrize(("kept", "pieces"), [(1, 12), (5, 3), (100, 1)])
def test_a_run_goes_on_as_it_began_whatever_the_rules_say_now(
    letters: Path, tmp_path: Path, kept: int, pieces: int
) -> None:
    """Also where a callback would ask for single steps, and where there are more threads."""
    began = of_letters(letters, epochs=2, steps_per_execution=kept)
    half = train(began, tmp_path / "half")
    summary = half.summary | {"status": "interrupted"}
    summary["settings"] |= {"epochs": 3, "steps_per_execution": "auto"}
    summary["execution"]["threads"] = 2
    (half.folder / "summary.json").write_text(json.dumps(summary))
    count = Count()
    resumed = resume(half.folder, [count, callback_with("on_train_batch_end")])
    assert recorded(resumed) == Execution(threads=2, steps_per_execution=kept, compile=False)
    assert (count.threads, count.pieces) == (2, pieces)
    assert resumed.summary["epochs"] == 3


def test_a_run_that_went_on_is_the_run_that_did_not(
    run: Run, letters: Path, tmp_path: Path
) -> None:
    half = train(of_letters(letters, epochs=2), tmp_path / "half")
    summary = half.summary | {"status": "interrupted"}
    summary["settings"]["epochs"] = 3
    (half.folder / "summary.json").write_text(json.dumps(summary))
    resumed = resume(half.folder)
    with (run.folder / "metrics.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 3
    assert (resumed.folder / "metrics.csv").read_text() == (run.folder / "metrics.csv").read_text()
    ours, theirs = (load_classifier(r.last_checkpoint).state_dict() for r in (resumed, run))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert recorded(resumed) == recorded(run)
