"""The first step that leaves the finite numbers is named: the same in blocks of any size.

A schedule lets the learning rate explode after a step that the test chooses, so that the weights
are no longer finite from there on.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from comparing import alike
from conftest import ALPHABET
from test_blocks import STEPS, Scheduled, fit, network
from test_blocks import letters as noise
from torch.optim.lr_scheduler import LambdaLR

from charrec.divergence import Snapshot, refuse_non_finite, seems_finite
from charrec.errors import Diverged
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train

BLOCKS = (3, 7, 1000)
HUGE = 1e38  # of the numbers that a float32 can be


class Exploding(Scheduled):
    """Its rate is huge in step `at` of the fit, counted from 1."""

    at = 0

    def schedule_of(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        factor = HUGE / self.hparams["lr"]
        exploding = LambdaLR(optimizer, lambda taken: factor if taken + 1 == self.at else 1.0)
        return {"scheduler": exploding, "interval": "step"}


def ends(steps: int, at: int, changes: dict[str, Any], **trainer: Any) -> tuple[str, Any]:
    """What diverges, and where."""
    classifier = network(Exploding, **{"lr": 1e-6} | changes)
    classifier.at = at
    with pytest.raises(Diverged) as told:
        fit(steps, classifier, noise(steps), **trainer)
    return str(told.value), told.value.where


# With decay the weights themselves overflow; without, what they give in the next step.
RECIPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "relu": ({"activation": "relu", "weight_decay": 100.0}, {}),
    "sigmoid": ({"activation": "sigmoid", "weight_decay": 100.0, "momentum": None}, {}),
    "tanh": ({"weight_decay": 100.0}, {}),
    "finite tanh": ({"optimizer": "adam", "momentum": None, "hsize": 64}, {}),
    "adam": ({"optimizer": "adam", "momentum": None, "activation": "relu"}, {}),
    "adamw": ({"optimizer": "adamw", "momentum": None, "weight_decay": 100.0}, {}),
    "adagrad": ({"optimizer": "adagrad", "momentum": None, "activation": "relu"}, {}),
    "rmsprop": ({"optimizer": "rmsprop", "momentum": 0.5, "activation": "relu"}, {}),
    "clipped": ({"activation": "relu", "hsize": [6, 6]}, {"gradient_clip_val": 0.5}),
    "by value": (
        {"activation": "relu", "hsize": [6, 6]},
        {"gradient_clip_val": 0.1, "gradient_clip_algorithm": "value"},
    ),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("at", [1, 6, 7, 8, STEPS - 1, STEPS, STEPS + 1])
def test_the_same_step_is_named_in_blocks_of_any_size(name: str, at: int) -> None:
    """After the last step of a block of 3 or 7, or of an epoch of 13, and in the middle of each."""
    changes, trainer = RECIPES[name]
    single = ends(1, at, changes, **trainer)
    for steps in BLOCKS:
        assert ends(steps, at, changes, **trainer) == single
    epoch, step = single[1]["epoch"], single[1]["step"]
    assert (epoch - 1) * STEPS + step in (at, at + 1)


@pytest.mark.parametrize("name", ["relu", "adamw"])
@pytest.mark.parametrize("most", [5, STEPS, STEPS + 3])
def test_the_very_last_step_is_looked_at_too(name: str, most: int) -> None:
    changes, trainer = RECIPES[name]
    for steps in (1, *BLOCKS):
        message, where = ends(steps, most, changes, max_steps=most, **trainer)
        assert message.startswith("a weight is no longer finite")
        assert where["epoch"] == 1 + (most - 1) // STEPS
        assert where["step"] == 1 + (most - 1) % STEPS


def test_a_schedule_s_rate_of_that_step_is_named() -> None:
    for steps in (1, *BLOCKS):
        _, where = ends(steps, 4, RECIPES["relu"][0])
        assert where == {"epoch": 1, "step": 5, "learning_rate": 1e-6}
        _, where = ends(steps, STEPS, RECIPES["relu"][0])
        assert where == {"epoch": 1, "step": STEPS, "learning_rate": 1e-6}
        cosine = network(activation="relu", hsize=[6, 6, 6], lr=1e30, schedule="cosine")
        with pytest.raises(Diverged, match=r"at lr=1e\+30; try a smaller lr, or \+trainer\.grad"):
            fit(steps, cosine)


# False alarms


class Overflowing(pl.Callback):
    """Weights whose sum is too large for a float32, each of them far from it."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        with torch.no_grad():
            next(pl_module.parameters()).fill_(2e37)


def overflowing(steps: int, **arguments: Any) -> Any:
    """Sigmoids at their ends: such weights change nothing, and learning goes on behind them."""
    changes: dict[str, Any] = {"activation": "sigmoid", "optimizer": "adam", "momentum": None}
    return fit(steps, network(**changes), callbacks=[Overflowing()], **arguments)


@pytest.mark.parametrize("steps", BLOCKS)
@pytest.mark.parametrize("arguments", [{}, {"gradient_clip_val": 0.1}], ids=str)
def test_after_a_false_alarm_it_goes_on_bit_by_bit(
    steps: int, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = overflowing(1, **arguments)
    restored: list[Snapshot] = []
    restore = Snapshot.restore

    def watched(self: Snapshot) -> None:
        restored.append(self)
        restore(self)

    monkeypatch.setattr(Snapshot, "restore", watched)
    ours = overflowing(steps, **arguments)
    assert len(restored) == 2 * -(-STEPS // steps), "no alarm was tested"
    first = next(ours.classifier.parameters())
    assert torch.isfinite(first).all()
    assert not torch.isfinite(first.sum())
    alike(ours.state, theirs.state)


class StopAfter(pl.Callback):
    """Asks, as a signal would, within the block, after a step of it."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        optimizer, taken = trainer.optimizers[0], itertools.count(1)
        own = optimizer.step

        def step(*arguments: Any, **named: Any) -> Any:
            pl_module.stop_requested = next(taken) >= self.step  # type: ignore[assignment]
            return own(*arguments, **named)

        optimizer.step = step  # type: ignore[method-assign]


def test_a_block_that_is_left_in_a_false_alarm_has_taken_its_steps_once() -> None:
    """What was not taken must not be taken in looking for the cause of the alarm."""
    changes: dict[str, Any] = {"activation": "sigmoid", "optimizer": "rmsprop", "momentum": 0.0}
    ended = []
    for stop in ([StopAfter(3)], []):
        most: dict[str, Any] = {"max_steps": 3} if not stop else {"max_epochs": 1}
        classifier = network(**changes)
        callbacks = [Overflowing(), *stop, LeaveAfterABlock()]
        done = fit(7, classifier, callbacks=callbacks, **most)
        assert done.trainer.global_step == 3
        ended.append(done.classifier.state_dict())
    alike(*ended)


class LeaveAfterABlock(pl.Callback):
    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        trainer.should_stop = True


# The pieces


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_seems_finite_is_certain_of_what_is_not(bad: float) -> None:
    values = [torch.ones(3), torch.zeros(2, 2)]
    assert seems_finite(values)
    values[1][1, 0] = bad
    assert not seems_finite(values)
    assert not seems_finite([torch.tensor([float("inf"), -float("inf")])])


def test_what_is_named_first_is_the_loss() -> None:
    classifier = fit(1).classifier
    bad, good = torch.tensor(float("nan")), torch.ones(2)
    refuse_non_finite(classifier, 1, good[0], [good])
    with pytest.raises(Diverged, match=r"^the loss is no longer finite in epoch 3, step 4, at lr"):
        refuse_non_finite(classifier, 4, bad, [good, bad])
    with pytest.raises(Diverged, match=r"^a gradient is no longer finite in epoch 3, step 5"):
        refuse_non_finite(classifier, 5, good[0], [good, bad])


def test_a_snapshot_brings_back_weights_optimizer_and_schedules() -> None:
    done = fit(1, network(Scheduled, optimizer="adam", momentum=None))
    weights = list(done.classifier.parameters())
    configs = done.trainer.lr_scheduler_configs
    optimizer = done.trainer.optimizers[0]
    snapshot = Snapshot(weights, optimizer, configs)
    before = json.loads(json.dumps([w.tolist() for w in weights]))
    state = optimizer.state_dict()["state"][0]["exp_avg"].clone()
    rate = optimizer.param_groups[0]["lr"]
    for weight in weights:
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    configs[0].scheduler.step()  # type: ignore[call-arg]
    assert [w.tolist() for w in weights] != before
    with torch.no_grad():
        snapshot.restore()
    assert [w.tolist() for w in weights] == before
    assert torch.equal(optimizer.state_dict()["state"][0]["exp_avg"], state)
    assert optimizer.param_groups[0]["lr"] == rate
    assert configs[0].scheduler.last_epoch == 2


@pytest.mark.parametrize("steps", [1, 7, "auto"])
def test_the_summary_names_the_same_step(steps: int | str, letters: Path, tmp_path: Path) -> None:
    data = DataSettings(letters, alphabet=ALPHABET)
    recipe: dict[str, Any] = {"lr": 1e30, "activation": "relu", "trainer": {"accelerator": "cpu"}}
    settings = TrainSettings(**recipe, data=data, steps_per_execution=steps)
    with pytest.raises(Diverged) as told:
        train(settings, tmp_path / "run")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["diverged"] == {"epoch": 1, "step": 2, "learning_rate": 1e30}
    assert summary["error"] == str(told.value)
