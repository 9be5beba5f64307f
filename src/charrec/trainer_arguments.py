"""What may be asked of ``pl.Trainer``, checked without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrec.errors import UserError
from charrec.rules import Rule, check_names, whole
from charrec.signatures import trainer_arguments

MOST_PROCESSES = 4096


def _is_number_or_list(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and len(set(map(str, value))) == len(value)
    return value == "auto" or (_count_of(value) or 0) in range(1, MOST_PROCESSES + 1)


def _count_of(value: Any) -> int | None:
    """2 for 2 and for "2"; None for what is no whole number."""
    if type(value) is int:
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else None


DEVICES = Rule(_is_number_or_list, "1 or more, a list of them, [0,2], or auto, which is one")
NODES = whole(1, MOST_PROCESSES)
# In which a process is started by the same command line, so that its folder and settings are known.
STRATEGIES = Rule(
    lambda value: value in ("auto", "ddp", "ddp_find_unused_parameters_false"),
    "ddp where several processes train one network",
)
LOGGER = Rule(lambda value: value is None or isinstance(value, bool), "true or false")
# What charrec itself hands to the Trainer, and the setting that changes it.
RESERVED = {
    "max_epochs": "epochs=N",
    "default_root_dir": "hydra.run.dir=DIR",
    "callbacks": "train(settings, callbacks=[...]) from Python",
}
# These count or change single steps; each with the values that ask for nothing.
OF_SINGLE_STEPS: dict[str, tuple[Any, ...]] = {
    "precision": (None, 32, "32", "32-true", 64, "64", "64-true"),
    "accumulate_grad_batches": (None, 1),
    "limit_train_batches": (None, 1.0),
    "overfit_batches": (0.0,),
    "fast_dev_run": (False,),
    "val_check_interval": (None, 1.0),
    "detect_anomaly": (False,),
    "strategy": ("auto",),
    "plugins": (None, []),
    "num_nodes": (1,),
}


def check_trainer(arguments: Any) -> None:
    """Raise UserError where an argument is unknown, or charrec's own."""
    check_names(arguments, trainer_arguments(), "trainer.")
    for name, instead in RESERVED.items():
        if name in arguments:
            raise UserError(f"trainer.{name} is set by charrec; use {instead}")
    DEVICES.check("trainer.devices", arguments.get("devices", 1))
    NODES.check("trainer.num_nodes", arguments.get("num_nodes", 1))
    if processes(arguments) > 1:
        STRATEGIES.check("trainer.strategy", arguments.get("strategy", "auto"))
    LOGGER.check("trainer.logger", arguments.get("logger"))


def processes(arguments: Mapping[str, Any]) -> int:
    """How many processes train one network together: one a device, on every machine."""
    devices = arguments.get("devices", 1)
    each = len(devices) if isinstance(devices, list) else _count_of(devices) or 1
    return each * int(arguments.get("num_nodes", 1))


def needs_every_step(arguments: Mapping[str, Any]) -> str | None:
    """The first argument for which Lightning must see every step, as it would be typed."""
    for name, harmless in OF_SINGLE_STEPS.items():
        value = arguments.get(name, harmless[0])
        if not any(value == h and type(value) is type(h) for h in harmless):
            return f"trainer.{name}={value}"
    return f"trainer.devices={arguments['devices']}" if processes(arguments) > 1 else None
