"""What may be asked of ``pl.Trainer``, checked without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrec.errors import UserError
from charrec.rules import Rule, check_names
from charrec.signatures import trainer_arguments

DEVICES = Rule(
    lambda value: value in (1, "1", "auto") or (isinstance(value, list) and len(value) == 1),
    "1: so small a network trains on one device",
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
    LOGGER.check("trainer.logger", arguments.get("logger"))


def needs_every_step(arguments: Mapping[str, Any]) -> str | None:
    """The first argument for which Lightning must see every step, as it would be typed."""
    for name, harmless in OF_SINGLE_STEPS.items():
        value = arguments.get(name, harmless[0])
        if not any(value == h and type(value) is type(h) for h in harmless):
            return f"trainer.{name}={value}"
    return None
