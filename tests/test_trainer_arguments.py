"""What may be asked of the Trainer, and what asks for every single step."""

from __future__ import annotations

from inspect import signature
from typing import Any

import pytest
import pytorch_lightning as pl

from charrec.errors import UserError
from charrec.settings import TrainSettings
from charrec.signatures import trainer_arguments
from charrec.trainer_arguments import (
    OF_SINGLE_STEPS,
    RESERVED,
    check_trainer,
    needs_every_step,
    processes,
)

CPU: dict[str, Any] = {"accelerator": "cpu", "devices": 1}
# For each argument values that ask Lightning for something at single steps.
ASKING: dict[str, tuple[Any, ...]] = {
    "precision": ("bf16-mixed", "16-mixed", "bf16-true", "16-true", 16, "bf16"),
    "accumulate_grad_batches": (2, 8),
    "limit_train_batches": (5, 1, 0, 0.5),
    "overfit_batches": (1, 3, 0.1),
    "fast_dev_run": (True, 1, 3),
    "val_check_interval": (1, 4, 0.5, "00:00:01:00", {"minutes": 1}),
    "detect_anomaly": (True,),
    "strategy": ("ddp", "fsdp", "deepspeed", "ddp_spawn"),
    "plugins": (["anything"], "anything"),
    "num_nodes": (2,),
}
ASKED = [(name, value) for name, values in ASKING.items() for value in values]
HARMLESS = [(name, value) for name, values in OF_SINGLE_STEPS.items() for value in values]


def test_each_argument_of_the_table_is_tried() -> None:
    assert set(ASKING) == set(OF_SINGLE_STEPS)


def test_the_tables_know_arguments_that_there_are() -> None:
    assert {*OF_SINGLE_STEPS, *RESERVED} <= set(trainer_arguments())


@pytest.mark.parametrize("name", sorted(OF_SINGLE_STEPS))
def test_an_argument_left_out_asks_for_nothing(name: str) -> None:
    """Lightning's own default is in the row."""
    default = signature(pl.Trainer).parameters[name].default
    assert default in OF_SINGLE_STEPS[name]
    assert needs_every_step(CPU) is None


@pytest.mark.parametrize(("name", "value"), ASKED)
def test_the_argument_is_named_as_it_would_be_typed(name: str, value: Any) -> None:
    assert needs_every_step(CPU | {name: value}) == f"trainer.{name}={value}"


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_values_that_ask_for_nothing(name: str, value: Any) -> None:
    assert needs_every_step(CPU | {name: value}) is None


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"max_steps": 60},
        {"min_steps": 5},
        {"gradient_clip_val": 0.5, "gradient_clip_algorithm": "value"},
        {"check_val_every_n_epoch": 3, "limit_val_batches": 0},
        {"max_time": "00:00:10:00"},
        {"deterministic": True, "log_every_n_steps": 1, "profiler": "simple"},
    ],
    ids=str,
)
def test_other_arguments_go_with_blocks(arguments: dict[str, Any]) -> None:
    assert needs_every_step(CPU | arguments) is None


def test_of_two_the_first_of_the_table_is_named() -> None:
    both = {"limit_train_batches": 5, "precision": "bf16-mixed"}
    assert needs_every_step(both) == "trainer.precision=bf16-mixed"


# With steps_per_execution


@pytest.mark.parametrize(("name", "value"), ASKED)
@pytest.mark.parametrize("steps", [2, 8, 1000])
def test_blocks_asked_for_cannot_go_with_it(name: str, value: Any, steps: int) -> None:
    with pytest.raises(UserError) as caught:
        TrainSettings(steps_per_execution=steps, trainer=CPU | {name: value})
    assert str(caught.value) == (
        f"steps_per_execution={steps} cannot go with trainer.{name}={value}, "
        "for which Lightning must see every step; leave one of them out"
    )


@pytest.mark.parametrize(("name", "value"), ASKED)
@pytest.mark.parametrize("steps", ["auto", 1])
def test_single_steps_go_with_it(name: str, value: Any, steps: Any) -> None:
    settings = TrainSettings(steps_per_execution=steps, trainer=CPU | {name: value})
    assert settings.trainer[name] == value


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_blocks_go_with_what_asks_for_nothing(name: str, value: Any) -> None:
    settings = TrainSettings(steps_per_execution=8, trainer=CPU | {name: value})
    assert settings.steps_per_execution == 8


# The others


@pytest.mark.parametrize("devices", [1, "1", "auto", [0], [3], ["cpu"]])
def test_one_device(devices: Any) -> None:
    check_trainer({"devices": devices})
    assert processes({"devices": devices}) == 1
    assert needs_every_step({"devices": devices}) is None


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ({"devices": 2}, 2),
        ({"devices": "3"}, 3),
        ({"devices": [0, 2]}, 2),
        ({"num_nodes": 2}, 2),
        ({"devices": 4, "num_nodes": 2, "strategy": "ddp"}, 8),
    ],
)
def test_processes_that_train_together(arguments: dict[str, Any], count: int) -> None:
    check_trainer(arguments)
    assert processes(arguments) == count
    assert needs_every_step(arguments) is not None


@pytest.mark.parametrize("devices", [0, -1, True, 1.5, "-1", "0,1", [], [1, 1], None, "all"])
def test_no_number_of_devices(devices: Any) -> None:
    with pytest.raises(
        UserError, match=r"trainer\.devices=.* is refused: trainer\.devices is 1 or"
    ):
        check_trainer({"devices": devices})


@pytest.mark.parametrize("strategy", ["fsdp", "deepspeed", "ddp_spawn", "ddp_fork", "ddp_notebook"])
def test_strategies_of_several_processes(strategy: str) -> None:
    told = f"trainer.strategy={strategy} is refused: trainer.strategy is ddp where several"
    with pytest.raises(UserError, match=f"^{told}"):
        check_trainer({"devices": 2, "strategy": strategy})


def test_several_processes_see_every_step() -> None:
    told = "steps_per_execution=8 cannot go with trainer.devices=2, for which Lightning must see"
    with pytest.raises(UserError, match=f"^{told}"):
        TrainSettings(steps_per_execution=8, trainer=CPU | {"devices": 2})


@pytest.mark.parametrize(("size", "near"), [(9, "8 or 10"), (1, "2")])
def test_a_batch_that_cannot_be_divided(size: int, near: str) -> None:
    told = f"batch_size={size} cannot be divided over 2 processes: it is the whole step's; "
    with pytest.raises(UserError) as caught:
        TrainSettings(batch_size=size, trainer=CPU | {"devices": 2})
    assert str(caught.value) == f"{told}take {near}"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("max_epochs", "epochs=N"),
        ("default_root_dir", "hydra.run.dir=DIR"),
        ("callbacks", "train(settings, callbacks=[...]) from Python"),
    ],
)
def test_what_charrec_sets_itself(name: str, instead: str) -> None:
    with pytest.raises(UserError) as caught:
        check_trainer({name: 1})
    assert str(caught.value) == f"trainer.{name} is set by charrec; use {instead}"


@pytest.mark.parametrize("name", ["max_stepz", "gpus", "Precision"])
def test_an_argument_that_there_is_not(name: str) -> None:
    with pytest.raises(UserError, match=f"^trainer.{name} is no setting"):
        check_trainer({name: 1})
