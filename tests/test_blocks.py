"""A fit in blocks against the same fit step by step: the two are one training.

Everything is compared to the last bit, but for metrics of an epoch, whose sums of float64 may be
added in another order.
"""

from __future__ import annotations

import csv
import pickle
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytorch_lightning as pl
import torch
from comparing import alike
from pytorch_lightning.callbacks import (
    EarlyStopping,
    LearningRateMonitor,
    ModelCheckpoint,
    Timer,
)
from pytorch_lightning.loggers import CSVLogger
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, ReduceLROnPlateau, StepLR

from charrec.augment import AugmentSettings
from charrec.classifier import CharacterClassifier
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import UserError
from charrec.execution import threads
from charrec.optimizers import OPTIMIZERS
from charrec.recording import EpochRecorder
from charrec.settings import augment_defaults

QUIET: dict[str, Any] = {
    "accelerator": "cpu",
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
}
STEPS = 13  # an epoch: 100 pictures in batches of 8, the last of 4
SIZES = [2, 3, 7, 64, 1000]  # of blocks; none divides 13, two are more than an epoch
IN_BLOCKS = pytest.mark.parametrize("steps", [3, 7, 1000])


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with threads(1):
        yield


def letters(steps: int, train: int = 100) -> CharacterDataModule:
    """Made-up pictures: noise, the brighter the later its letter."""
    generator = torch.Generator().manual_seed(1)
    data = CharacterDataModule(alphabet="ABCD", image_size=8, steps_per_execution=steps)
    for split, count in {"train": train, "validation": 20, "test": 4}.items():
        labels = torch.arange(count) % 4
        noise = torch.randint(0, 150, (count, 1, 8, 8), generator=generator)
        data.images[split] = (noise + 30 * labels.view(-1, 1, 1, 1)).to(torch.uint8)
        data.labels[split] = labels
    return data


def network(kind: type[CharacterClassifier] = CharacterClassifier, **changes: Any) -> Any:
    torch.manual_seed(0)
    small: dict[str, Any] = {"alphabet": "ABCD", "image_size": 8, "hsize": 6, "lr": 0.01}
    return kind(**small | changes)


class Fit(NamedTuple):
    trainer: pl.Trainer
    classifier: CharacterClassifier

    @property
    def metrics(self) -> dict[str, float]:
        return {name: value.item() for name, value in self.trainer.callback_metrics.items()}

    @property
    def state(self) -> dict[str, Any]:
        """All that decides how it would go on."""
        return {
            "weights": self.classifier.state_dict(),
            "optimizer": self.trainer.optimizers[0].state_dict(),
            "schedules": [c.scheduler.state_dict() for c in self.trainer.lr_scheduler_configs],
            "global_step": self.trainer.global_step,
            "epoch": self.trainer.current_epoch,
        }


def fit(
    steps: int,
    classifier: CharacterClassifier | None = None,
    data: CharacterDataModule | None = None,
    checkpoint: Path | None = None,
    **arguments: Any,
) -> Fit:
    """A fit of two epochs, `steps` steps at a time."""
    usual: dict[str, Any] = {"max_epochs": 2, "logger": False, "enable_checkpointing": False}
    classifier = classifier or network()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(**QUIET | usual | arguments)
        trainer.fit(classifier, data or letters(steps), ckpt_path=checkpoint, weights_only=True)
    return Fit(trainer, classifier)


def same(ours: Fit, theirs: Fit) -> None:
    alike(ours.state, theirs.state)
    assert ours.metrics == pytest.approx(theirs.metrics, rel=1e-6)


# The same weights


@pytest.mark.parametrize("steps", SIZES)
def test_blocks_of_any_length_are_the_single_steps(steps: int) -> None:
    ours, theirs = fit(steps), fit(1)
    same(ours, theirs)
    assert ours.trainer.global_step == 2 * STEPS
    assert not ours.classifier.automatic_optimization
    assert theirs.classifier.automatic_optimization
    before = network().state_dict()
    assert not any(torch.equal(w, before[n]) for n, w in ours.state["weights"].items())


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_with_every_optimizer(name: str) -> None:
    own = {"sgd": {"momentum": 0.9}, "rmsprop": {"momentum": 0.5}}.get(name, {"momentum": None})
    chosen: dict[str, Any] = {"optimizer": name, "weight_decay": 0.01, **own}
    same(fit(5, network(**chosen)), fit(1, network(**chosen)))


@pytest.mark.parametrize(
    "changes",
    [
        {"momentum": None},
        {"optimizer_options": {"nesterov": True}},
        {"optimizer_options": {"foreach": True}},
        {"activation": "relu", "hsize": [7, 5]},
        {"activation": "sigmoid", "init": "normal", "hsize": [4, 4, 4]},
        {"schedule": "cosine"},
        {"schedule": "one_cycle", "label_smoothing": 0.2},
        {"activation": "scaled_tanh", "init": "lecun", "normalisation": "standard"},
        {"normalisation": "framed"},
    ],
    ids=str,
)
def test_with_other_settings(changes: dict[str, Any]) -> None:
    same(fit(5, network(**changes), max_epochs=3), fit(1, network(**changes), max_epochs=3))


class Deformed(CharacterClassifier):
    augment = AugmentSettings(rotation=20, elastic=0.2, noise=0.2, inversion=0.3)


@pytest.mark.parametrize("normalisation", ["plain", "framed"])
def test_with_deformed_pictures(normalisation: str) -> None:
    ours, theirs = (fit(n, network(Deformed, normalisation=normalisation)) for n in (5, 1))
    same(ours, theirs)
    as_they_are = fit(5, network(normalisation=normalisation))
    assert ours.metrics["train_loss"] != as_they_are.metrics["train_loss"]


def test_with_deformed_pictures_in_float64() -> None:
    class All(CharacterClassifier):
        augment = augment_defaults("strong")

    ours, theirs = (
        fit(n, network(All, normalisation="strokes"), precision="64-true") for n in (5, 1)
    )
    same(ours, theirs)
    assert ours.classifier.network.dtype == torch.float64
    single = fit(5, network(All, normalisation="strokes"))
    assert ours.metrics["train_loss"] == pytest.approx(
        float(single.metrics["train_loss"]), rel=1e-3
    )


@pytest.mark.parametrize("count", [1, 7, 8, 9, 96])
def test_with_any_number_of_pictures(count: int) -> None:
    same(fit(5, data=letters(5, count)), fit(1, data=letters(1, count)))


@IN_BLOCKS
@pytest.mark.parametrize(
    "clip",
    [
        {"gradient_clip_val": 0.05},
        {"gradient_clip_val": 0.05, "gradient_clip_algorithm": "norm"},
        {"gradient_clip_val": 0.01, "gradient_clip_algorithm": "value"},
    ],
    ids=["default", "norm", "value"],
)
def test_with_clipped_gradients(steps: int, clip: dict[str, Any]) -> None:
    ours = fit(steps, **clip)
    same(ours, fit(1, **clip))
    assert ours.metrics["train_loss"] != fit(steps).metrics["train_loss"]


def test_in_float64() -> None:
    ours = fit(5, precision="64-true")
    same(ours, fit(1, precision="64-true"))
    assert ours.classifier.network.dtype == torch.float64


# Schedules


class Scheduled(CharacterClassifier):
    """With a schedule of the test's own."""

    def configure_optimizers(self) -> Any:
        optimizer = self.make_optimizer()
        return {"optimizer": optimizer, "lr_scheduler": self.schedule_of(optimizer)}

    def schedule_of(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        return {"scheduler": StepLR(optimizer, 1, gamma=0.5), "interval": "epoch"}


class OneCycle(Scheduled):
    def schedule_of(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        one_cycle = OneCycleLR(optimizer, 0.1, total_steps=60, cycle_momentum=False)
        return {"scheduler": one_cycle, "interval": "step"}


class MomentumCycle(Scheduled):
    def schedule_of(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        return {"scheduler": OneCycleLR(optimizer, 0.1, total_steps=60), "interval": "step"}


class EverySecondStep(Scheduled):
    """Lightning counts from the start of each epoch: 6 of its 13 steps."""

    def schedule_of(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        falling = LambdaLR(optimizer, lambda t: 0.9**t)
        return {"scheduler": falling, "interval": "step", "frequency": 2}


class EverySecondEpoch(Scheduled):
    def schedule_of(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        return super().schedule_of(optimizer) | {"frequency": 2}


class OnPlateau(Scheduled):
    """A threshold that no epoch reaches: the rate falls after each."""

    def schedule_of(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        plateau = ReduceLROnPlateau(optimizer, patience=0, threshold=0.9)
        return {"scheduler": plateau, "monitor": "validation_loss"}


def lr(done: Fit) -> float:
    return float(done.trainer.optimizers[0].param_groups[0]["lr"])


@IN_BLOCKS
@pytest.mark.parametrize(
    ("kind", "rate"),
    [
        (Scheduled, 0.01 / 2**3),
        (EverySecondEpoch, 0.01 / 2),
        (EverySecondStep, 0.01 * 0.9**18),
        (OneCycle, None),
    ],
)
def test_schedules_step_where_they_would(
    steps: int, kind: type[Scheduled], rate: float | None
) -> None:
    ours, theirs = (fit(n, network(kind), max_epochs=3) for n in (steps, 1))
    same(ours, theirs)
    assert lr(ours) == pytest.approx(lr(theirs) if rate is None else rate)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_schedules_that_turn_the_momentum_too(name: str) -> None:
    momentum = {"optimizer": name, "momentum": 0.9 if name == "sgd" else None}
    same(fit(7, network(MomentumCycle, **momentum)), fit(1, network(MomentumCycle, **momentum)))


def test_a_schedule_that_waits_for_a_plateau_is_not_for_blocks() -> None:
    assert lr(fit(1, network(OnPlateau), max_epochs=3)) < 0.01
    with pytest.raises(UserError, match=r"wait for no metric; set steps_per_execution=1$"):
        fit(7, network(OnPlateau))


def test_torch_does_not_warn_of_the_order_of_steps() -> None:
    data, classifier = letters(7), network(momentum=None, schedule="cosine")
    trainer = pl.Trainer(**QUIET, max_epochs=2, logger=False, enable_checkpointing=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*lr_scheduler.step")
        trainer.fit(classifier, data)


# Where Lightning must get a say


@IN_BLOCKS
@pytest.mark.parametrize("most", [1, 9, 13, 14, 20, 26, 30])
def test_max_steps_is_kept_to_the_step(steps: int, most: int) -> None:
    ours, theirs = (fit(n, max_epochs=3, max_steps=most) for n in (steps, 1))
    same(ours, theirs)
    assert ours.trainer.global_step == most
    assert ours.classifier.train_metrics.total == theirs.classifier.train_metrics.total


@IN_BLOCKS
@pytest.mark.parametrize(
    ("least", "ends"),
    [
        (20, 26),
        (26, 26),
        (30, 30),
        (34, 34),
    ],
)
def test_min_steps_is_kept_to_the_step(steps: int, least: int, ends: int) -> None:
    """Stopped after the second epoch, a fit goes on to its least steps, and no further."""

    def stopped(n: int) -> Fit:
        early = EarlyStopping("validation_loss", mode="max", patience=0, min_delta=9.0)
        return fit(n, max_epochs=4, min_steps=least, callbacks=[early])

    theirs = stopped(1)
    assert theirs.trainer.global_step == ends
    same(stopped(steps), theirs)


def saved(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        path.name: torch.load(path, weights_only=True) for path in sorted(folder.glob("*.ckpt"))
    }


def every(folder: Path, steps: int, **more: Any) -> ModelCheckpoint:
    usual: dict[str, Any] = {"filename": "{epoch}-{step}", "save_top_k": -1}
    return ModelCheckpoint(folder, every_n_train_steps=steps, **usual | more)


@pytest.mark.parametrize("steps", SIZES)
@pytest.mark.parametrize("period", [5, 13, 17])
def test_checkpoints_are_written_at_their_steps(steps: int, period: int, tmp_path: Path) -> None:
    """Periods that divide neither block nor epoch, and one that is an epoch."""
    for n in (steps, 1):
        where = every(tmp_path / str(n), period)
        fit(n, max_epochs=3, callbacks=[where], enable_checkpointing=True)
    ours, theirs = saved(tmp_path / str(steps)), saved(tmp_path / "1")
    at = [step for step in range(1, 3 * STEPS + 1) if step % period == 0]
    assert sorted(c["global_step"] for c in theirs.values()) == at
    assert list(ours) == list(theirs)
    kept = ("epoch", "global_step", "state_dict", "optimizer_states", "lr_schedulers")
    for name, checkpoint in ours.items():
        alike({k: checkpoint[k] for k in kept}, {k: theirs[name][k] for k in kept})
        progress = (c["CharacterDataModule"]["step"] for c in (checkpoint, theirs[name]))
        assert len(set(progress)) == 1


@IN_BLOCKS
def test_two_periods_of_checkpoints_and_an_end(steps: int, tmp_path: Path) -> None:
    for n in (steps, 1):
        folder = tmp_path / str(n)
        both = [every(folder / "a", 4), every(folder / "b", 6)]
        done = fit(n, max_epochs=3, max_steps=33, callbacks=both, enable_checkpointing=True)
        assert done.trainer.global_step == 33
    for kind in ("a", "b"):
        ours, theirs = (saved(tmp_path / str(n) / kind) for n in (steps, 1))
        alike(
            {name: c["state_dict"] for name, c in ours.items()},
            {name: c["state_dict"] for name, c in theirs.items()},
        )


def test_a_monitored_checkpoint_at_the_end_of_an_epoch_has_the_same_name(tmp_path: Path) -> None:
    for n in (7, 1):
        named = "{epoch}-{validation_loss:.6f}"
        monitored = every(tmp_path / str(n), STEPS, filename=named, monitor="validation_loss")
        fit(n, max_epochs=3, callbacks=[monitored], enable_checkpointing=True)
    assert len(saved(tmp_path / "1")) == 2  # in the first epoch there was no value yet
    assert list(saved(tmp_path / "7")) == list(saved(tmp_path / "1"))


# What is logged


class Validations(pl.Callback):
    """Notes the steps that validation runs at."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.steps.append(trainer.global_step)


def validated_at(trainer: pl.Trainer) -> list[int]:
    (validations,) = (c for c in trainer.callbacks if isinstance(c, Validations))  # type: ignore[attr-defined]
    return validations.steps


@IN_BLOCKS
@pytest.mark.parametrize(
    ("arguments", "at"),
    [
        ({}, [13, 26, 39, 52]),
        ({"check_val_every_n_epoch": 2}, [26, 52]),
        ({"max_steps": 30}, [13, 26]),
        ({"limit_val_batches": 0}, []),
    ],
    ids=str,
)
def test_validation_runs_at_the_same_steps(
    steps: int, arguments: dict[str, Any], at: list[int]
) -> None:
    for n in (steps, 1):
        done = fit(n, max_epochs=4, callbacks=[Validations()], **arguments)
        assert validated_at(done.trainer) == at


@IN_BLOCKS
@pytest.mark.parametrize("every_n_epochs", [1, 2])
def test_the_same_rows_of_metrics(steps: int, every_n_epochs: int, tmp_path: Path) -> None:
    texts = []
    for n in (steps, 1):
        folder = tmp_path / str(n)
        folder.mkdir()
        recorder = EpochRecorder(folder)
        chosen = network(schedule="cosine")
        often: dict[str, Any] = {"check_val_every_n_epoch": every_n_epochs}
        fit(n, chosen, max_epochs=4, callbacks=[recorder], **often)
        texts.append((folder / "metrics.csv").read_text())
    assert texts[0] == texts[1]
    assert texts[0].count("\n") == 5


def logged(folder: Path, steps: int) -> dict[str, list[tuple[int, float]]]:
    """Where on its horizontal axis a logger shows each value."""
    logger = CSVLogger(folder, name=str(steps), version="")
    fit(steps, max_epochs=3, logger=logger, log_every_n_steps=1)
    with (folder / str(steps) / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        f"{split}_{name}": [
            (int(row["step"]), float(value)) for row in rows if (value := row[f"{split}_{name}"])
        ]
        for split in ("train", "validation")
        for name in ("loss", "accuracy")
    }


def test_a_logger_gets_the_same_values(tmp_path: Path) -> None:
    ours, theirs = logged(tmp_path, 7), logged(tmp_path, 1)
    for name, points in theirs.items():
        assert len(points) == 3
        values = [value for _, value in points]
        assert [value for _, value in ours[name]] == pytest.approx(values, rel=1e-6)


def test_a_logger_gets_the_same_steps(tmp_path: Path) -> None:
    """The horizontal axis of TensorBoard's curves."""
    ours, theirs = logged(tmp_path, 7), logged(tmp_path, 1)
    assert {name: [step for step, _ in points] for name, points in ours.items()} == {
        name: [step for step, _ in points] for name, points in theirs.items()
    }


# Going on


def test_the_file_in_the_middle_of_an_epoch_holds_what_was_counted_so_far(
    tmp_path: Path,
) -> None:
    """Step 17 is the fourth of the second epoch: 4 batches of 8."""
    for n in (1, 7):
        fit(n, callbacks=[every(tmp_path / str(n), 17)], enable_checkpointing=True)
        (checkpoint,) = saved(tmp_path / str(n)).values()
        assert checkpoint["train_metrics"]["total"] == 32
        assert checkpoint["CharacterDataModule"]["step"] == 4


def recorded_fit(
    folder: Path,
    steps: int,
    kind: type[CharacterClassifier],
    period: int,
    rows: str = "",
    **more: Any,
) -> tuple[Fit, str]:
    """A fit of three epochs with its checkpoints; the rows of its metrics, `rows` before it."""
    folder.mkdir(exist_ok=True)
    (folder / "metrics.csv").write_text(rows)
    callbacks = [EpochRecorder(folder), every(folder, period)]
    usual: dict[str, Any] = {"max_epochs": 3, "enable_checkpointing": True}
    chosen = network(kind, optimizer="adam", momentum=None)
    done = fit(steps, chosen, callbacks=callbacks, **usual | more)
    return done, (folder / "metrics.csv").read_text()


@pytest.mark.parametrize("steps", [1, *SIZES])
@pytest.mark.parametrize("kind", [Scheduled, OneCycle, Deformed])
def test_gone_on_with_from_the_middle_of_an_epoch_it_ends_as_undisturbed(
    steps: int, kind: type[CharacterClassifier], tmp_path: Path
) -> None:
    """From the steps 5 and 10 of the first epoch, 15 of the second, and others."""
    undisturbed, rows = recorded_fit(tmp_path / "whole", steps, kind, 5)
    checkpoints = sorted((tmp_path / "whole").glob("*.ckpt"), key=step_of)
    assert [step_of(path) for path in checkpoints] == [5, 10, 15, 20, 25, 30, 35]
    for place in checkpoints[:: 1 if steps in (1, 7) else 3]:
        folder = tmp_path / place.stem
        resumed, shown = recorded_fit(folder, steps, kind, 5, rows, checkpoint=place)
        alike(resumed.state, undisturbed.state)
        assert resumed.metrics == undisturbed.metrics  # train_loss of the interrupted epoch too
        assert without_rate(shown) == without_rate(rows)
        assert len(saved(folder)) == 7 - step_of(place) // 5


def step_of(path: Path) -> int:
    return int(path.stem.rpartition("=")[2])


def without_rate(rows: str) -> list[str]:
    """The last column shows the rate at the start of an epoch, or where it was gone on with."""
    return [row.rpartition(",")[0] for row in rows.splitlines()]


@pytest.mark.parametrize("steps", [1, 3, 7, 1000])
def test_gone_on_with_from_the_last_step_of_an_epoch_it_ends_as_undisturbed(
    steps: int, tmp_path: Path
) -> None:
    """The checkpoint is written before Lightning calls the epoch over."""
    undisturbed, _ = recorded_fit(tmp_path / "whole", steps, Scheduled, STEPS)
    for epoch in (0, 1):
        place = tmp_path / "whole" / f"epoch={epoch}-step={STEPS * (epoch + 1)}.ckpt"
        resumed, _ = recorded_fit(tmp_path / "on", steps, Scheduled, STEPS, checkpoint=place)
        alike(resumed.state, undisturbed.state)


@pytest.mark.parametrize("steps", [1, 7])
def test_gone_on_with_from_the_last_step_of_an_epoch_the_next_one_counts_its_own(
    steps: int, tmp_path: Path
) -> None:
    recorded_fit(tmp_path / "whole", steps, Scheduled, STEPS, max_epochs=2)
    place = tmp_path / "whole" / f"epoch=0-step={STEPS}.ckpt"
    resumed, _ = recorded_fit(
        tmp_path / "on", steps, Scheduled, STEPS, max_epochs=2, checkpoint=place
    )
    assert resumed.classifier.train_metrics.total == 100


def stopped_and_gone_on_with(folder: Path, steps: int, stopped: int, **later: Any) -> Fit:
    last = ModelCheckpoint(folder, filename="last", save_on_train_epoch_end=True)
    short: dict[str, Any] = {"max_steps": stopped, "enable_checkpointing": True}
    fit(steps, max_epochs=4, callbacks=[last], **short)
    watch = [Validations()]
    return fit(steps, checkpoint=folder / "last.ckpt", max_epochs=4, callbacks=watch, **later)


@IN_BLOCKS
@pytest.mark.parametrize("stopped", [5, 13, 18])
@pytest.mark.parametrize("later", [-1, 30, 39])
def test_after_max_steps_it_goes_on_as_it_would_step_by_step(
    steps: int, stopped: int, later: int, tmp_path: Path
) -> None:
    """To Lightning an epoch that max_steps cut short is over; so it is, whatever the steps."""
    ours, theirs = (
        stopped_and_gone_on_with(tmp_path / str(n), n, stopped, max_steps=later) for n in (steps, 1)
    )
    alike(ours.state, theirs.state)
    assert validated_at(ours.trainer) == validated_at(theirs.trainer)
    same(ours, theirs)


class Totals(pl.Callback):
    """Notes how many pictures each epoch has counted."""

    def __init__(self) -> None:
        self.totals: list[int] = []

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, CharacterClassifier)
        self.totals.append(int(pl_module.train_metrics.total))


@pytest.mark.parametrize("steps", [1, 7])
def test_the_epoch_after_one_that_max_steps_cut_short_is_whole(steps: int, tmp_path: Path) -> None:
    last = ModelCheckpoint(tmp_path, filename="last", save_on_train_epoch_end=True)
    fit(steps, max_steps=5, callbacks=[last], enable_checkpointing=True)
    totals = Totals()
    fit(steps, max_epochs=3, callbacks=[totals], checkpoint=tmp_path / "last.ckpt")
    assert totals.totals == [100, 100]


@pytest.mark.parametrize(
    "steps",
    [1, 3, 7, 1000],
)
def test_gone_on_with_without_its_checkpoints_every_epoch_is_validated(
    steps: int, tmp_path: Path
) -> None:
    """Cut at step 5, the first epoch has other blocks than those that nothing cuts."""
    fit(steps, max_epochs=1, callbacks=[every(tmp_path, 5)], enable_checkpointing=True)
    place, watch = tmp_path / "epoch=0-step=5.ckpt", [Validations()]
    resumed = fit(steps, max_epochs=4, callbacks=watch, checkpoint=place)
    alike(resumed.state, fit(1, max_epochs=4).state)
    assert validated_at(resumed.trainer) == [13, 26, 39, 52]


# Lightning's own callbacks


@IN_BLOCKS
def test_early_stopping_stops_in_the_same_epoch(steps: int) -> None:
    """A loss of 9 less is never seen: after patience 2, three epochs."""
    for n in (steps, 1):
        early = EarlyStopping("validation_loss", patience=2, min_delta=9.0)
        done = fit(n, max_epochs=9, callbacks=[early])
        assert (early.stopped_epoch, done.trainer.global_step) == (2, 3 * STEPS)


def rates(folder: Path, steps: int) -> list[tuple[int, float]]:
    monitor, logger = LearningRateMonitor("epoch"), CSVLogger(folder, name=str(steps), version="")
    fit(steps, network(schedule="cosine"), max_epochs=4, logger=logger, callbacks=[monitor])
    with (folder / str(steps) / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [(int(row["step"]), float(row["lr-SGD"])) for row in rows if row["lr-SGD"]]


def test_the_learning_rate_monitor_logs_each_epoch(tmp_path: Path) -> None:
    half = 0.5**0.5
    for steps in (7, 1):
        shown = [rate for _, rate in rates(tmp_path, steps)]
        assert shown == pytest.approx([0.01, 0.005 * (1 + half), 0.005, 0.005 * (1 - half)])


def test_the_learning_rate_monitor_logs_at_the_same_steps(tmp_path: Path) -> None:
    assert rates(tmp_path, 7) == rates(tmp_path, 1)


@pytest.mark.parametrize("interval", ["step", "epoch"])
@pytest.mark.parametrize("steps", [1, 7, 1000])
def test_a_timer_stops_at_the_end_of_a_block_or_of_an_epoch(steps: int, interval: str) -> None:
    timer = Timer(timedelta(seconds=0.2), interval=interval)
    done = fit(steps, max_epochs=-1, callbacks=[timer], limit_val_batches=0)
    assert timer.time_elapsed() >= 0.2
    reached = done.trainer.global_step % STEPS
    assert reached in ({0} if interval == "epoch" else {0, *range(steps, STEPS, steps)})


def test_max_time_is_kept() -> None:
    done = fit(1000, max_epochs=-1, max_time=timedelta(seconds=0.2))
    assert done.trainer.global_step % STEPS == 0
    assert done.trainer.global_step > 0


# Fits one after the other


def test_one_trainer_may_fit_twice() -> None:
    def twice(n: int) -> Fit:
        data, done = letters(n), fit(n)
        done.trainer.fit_loop.max_epochs = 4
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            done.trainer.fit(done.classifier, data)
        return done

    ours, theirs = twice(7), twice(1)
    same(ours, theirs)
    assert ours.trainer.global_step == 4 * STEPS


@pytest.mark.parametrize(("first", "second"), [(7, 1), (1, 7), (7, 7)])
def test_one_classifier_may_be_fitted_in_blocks_and_step_by_step(first: int, second: int) -> None:
    def twice(one: int, other: int) -> Fit:
        return fit(other, fit(one).classifier)

    same(twice(first, second), twice(1, 1))


class Dropping(CharacterClassifier):
    """With a layer whose gradient nobody wrote by hand."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(**changes)
        self.network.insert(3, nn.Dropout(0.0))


def test_a_layer_that_is_not_known_by_hand_is_not_for_blocks() -> None:
    fit(1, network(Dropping))
    with pytest.raises(UserError, match=r"^blocks of steps are for the layers of charrec\.back"):
        fit(7, network(Dropping))


def test_parameters_that_do_not_learn_are_not_for_blocks() -> None:
    frozen = network()
    frozen.network[1].requires_grad_(False)
    with pytest.raises(UserError, match="all of which learn"):
        fit(7, frozen)


@pytest.mark.parametrize("asked", [{"accumulate_grad_batches": 2}, {"limit_train_batches": 2}])
def test_a_trainer_that_counts_single_steps_is_not_for_blocks(asked: dict[str, Any]) -> None:
    (name,) = asked
    with pytest.raises(UserError, match=rf"^Trainer\({name}=2\) counts single steps"):
        fit(7, **asked)


def test_a_classifier_that_was_fitted_in_blocks_can_be_pickled() -> None:
    done = fit(7).classifier
    again = pickle.loads(pickle.dumps(done))
    ours, theirs = again.state_dict(), done.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
