"""What a run goes on from: checkpoints of the best and the last epoch, states of random numbers."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from comparing import alike
from conftest import ALPHABET
from faults.runs import same_results

from charrec.checkpoints import read_checkpoint
from charrec.errors import Interrupted
from charrec.run import Run
from charrec.saving import Checkpoints, RandomStates
from charrec.settings import DataSettings, TrainSettings
from charrec.training import resume, train


def settings(letters: Path, **changes: Any) -> TrainSettings:
    small: dict[str, Any] = {"hsize": 4, "epochs": 3, "trainer": {"accelerator": "cpu"}}
    return TrainSettings(**small | changes, data=DataSettings(letters, alphabet=ALPHABET))


# Random numbers


def draw() -> float:
    """One number of each kind: all four depend on all that were drawn before."""
    return random.random() + float(np.random.normal()) + torch.rand(()).item() + random.gauss(0, 1)


class Disturbing(pl.Callback):
    """Moves the weights by chance, after epochs, and after steps where it may see them.

    When it begins it draws too, of which an undisturbed run knows nothing when it goes on.
    """

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.global_step:
            draw()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        with torch.no_grad():
            next(pl_module.parameters()).add_(1e-3 * draw())


class DisturbingSteps(Disturbing):
    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *arguments: Any
    ) -> None:
        with torch.no_grad():
            next(pl_module.parameters()).add_(1e-3 * draw())


class Stopping(pl.Callback):
    """SIGTERM at the end of an epoch, or, after a step of it, in its middle."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == self.epoch:
            signal.raise_signal(signal.SIGTERM)


class StoppingAfterStep(Stopping):
    def __init__(self, epoch: int, step: int) -> None:
        super().__init__(-1)
        self.at = (epoch, step)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *arguments: Any
    ) -> None:
        if (trainer.current_epoch, arguments[2]) == self.at:
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize(
    ("disturbing", "stopping"),
    [
        (Disturbing, Stopping(0)),
        (Disturbing, Stopping(2)),
        (DisturbingSteps, Stopping(1)),
        (DisturbingSteps, StoppingAfterStep(0, 0)),
        (DisturbingSteps, StoppingAfterStep(1, 6)),
        (DisturbingSteps, StoppingAfterStep(2, 11)),
    ],
)
def test_random_numbers_go_on_where_they_stopped(
    disturbing: type[Disturbing], stopping: Stopping, letters: Path, tmp_path: Path
) -> None:
    whole = train(settings(letters), tmp_path / "whole", [disturbing()])
    with pytest.raises(Interrupted):
        train(settings(letters), tmp_path / "run", [disturbing(), stopping])
    draw()
    resumed = resume(tmp_path / "run", [disturbing()])
    same_results(resumed.folder, whole.folder)
    ours, theirs = (r.summary["execution"]["steps_per_execution"] for r in (resumed, whole))
    assert ours == theirs == (256 if disturbing is Disturbing else 1)


def test_the_states_are_data_and_bring_the_same_numbers_back(tmp_path: Path) -> None:
    random.gauss(0, 1), np.random.normal()  # both keep a second number for later
    torch.save(RandomStates().state_dict(), tmp_path / "states")
    first = [draw() for _ in range(5)]
    states = RandomStates()
    states.load_state_dict(torch.load(tmp_path / "states", weights_only=True))
    assert [draw() for _ in range(5)] != first
    trainer: Any = None
    states.on_train_start(trainer, trainer)
    assert [draw() for _ in range(5)] == first
    states.on_train_start(trainer, trainer)  # of a second fit
    assert [draw() for _ in range(5)] != first


# Checkpoints


class Accuracies(pl.Callback):
    """Gives each epoch the validation accuracy that the test wants."""

    def __init__(self, *wanted: float) -> None:
        self.wanted = wanted

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        value = torch.tensor(self.wanted[trainer.current_epoch])
        trainer.callback_metrics["validation_accuracy"] = value

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.on_validation_epoch_end(trainer, pl_module)


@pytest.mark.parametrize(
    ("wanted", "best"),
    [((0.2, 0.5, 0.5), 2), ((0.5, 0.2, 0.3), 1), ((0.1, 0.2, 0.3), 3), ((0.0, 0.0, 0.0), 1)],
)
def test_the_best_is_the_first_of_equals(
    wanted: tuple[float, ...], best: int, letters: Path, tmp_path: Path
) -> None:
    run = train(settings(letters), tmp_path / "run", [Accuracies(*wanted)])
    assert read_checkpoint(run.best_checkpoint)["epoch"] == best - 1
    assert read_checkpoint(run.last_checkpoint)["epoch"] == 2
    assert run.summary["best_epoch"] == best
    assert {path.name for path in run.best_checkpoint.parent.iterdir()} == {
        *("best.ckpt", "last.ckpt")
    }


def test_the_last_epoch_s_best_is_one_file_of_two_names(letters: Path, tmp_path: Path) -> None:
    run = train(settings(letters), tmp_path / "run", [Accuracies(0.1, 0.2, 0.3)])
    assert run.best_checkpoint.stat().st_ino == run.last_checkpoint.stat().st_ino


def test_gone_on_with_it_remembers_the_best(letters: Path, tmp_path: Path) -> None:
    run = train(settings(letters), tmp_path / "run", [Accuracies(0.1, 0.6, 0.3)])
    resumed = resume(run.folder, [Accuracies(0, 0, 0, 0.5, 0.6)], epochs=5)
    assert (resumed.summary["best_epoch"], resumed.summary["epochs"]) == (2, 5)
    assert read_checkpoint(run.best_checkpoint)["global_step"] == 24


class StopsEarly(pl.Callback):
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        trainer.should_stop = trainer.current_epoch == 1


def test_what_was_stopped_early_is_over_when_it_is_gone_on_with(
    letters: Path, tmp_path: Path
) -> None:
    """It was cut off in its conclusion, say."""
    run = train(settings(letters), tmp_path / "run", [StopsEarly()])
    assert run.summary["epochs"] == 2
    run.record(status="interrupted")
    rows = (run.folder / "metrics.csv").read_bytes()
    resumed = resume(run.folder)
    assert (resumed.summary["status"], resumed.summary["epochs"]) == ("completed", 2)
    assert (run.folder / "metrics.csv").read_bytes() == rows


def test_a_checkpoint_holds_data_alone_and_all_that_counts(letters: Path, tmp_path: Path) -> None:
    run = train(settings(letters, optimizer="adam"), tmp_path / "run")
    content = torch.load(run.last_checkpoint, weights_only=True)
    assert set(content["callbacks"]) >= {"EpochRecorder", "RandomStates", "Checkpoints"}
    rows = (run.folder / "metrics.csv").read_text().splitlines(keepends=True)[1:]
    assert content["callbacks"]["EpochRecorder"]["rows"] == "".join(rows)
    assert (content["epoch"], content["global_step"]) == (2, 36)
    steps = [int(s["step"]) for s in content["optimizer_states"][0]["state"].values()]
    assert steps == [36] * 4
    alike(
        dict(content["hyper_parameters"]),
        dict(read_checkpoint(run.last_checkpoint)["hyper_parameters"]),
    )


def test_what_its_state_holds(tmp_path: Path) -> None:
    checkpoints = Checkpoints(Run(tmp_path), "mine")
    assert checkpoints.state_dict() == {"best_accuracy": None, "over": False, "run": "mine"}
    checkpoints.load_state_dict({"best_accuracy": 0.5, "over": True})
    assert checkpoints.state_dict() == {"best_accuracy": 0.5, "over": True, "run": "mine"}
    with pytest.raises((TypeError, ValueError)):
        checkpoints.load_state_dict({"best_accuracy": "x", "over": True})
