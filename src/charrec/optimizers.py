"""The optimizers by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from charrec.errors import UserError

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adadelta": torch.optim.Adadelta,
}
# One pass over the memory instead of one for each operation, unless an option says how.
FUSED = {"sgd", "adagrad", "adam", "adamw"}
HOW = {"fused", "foreach", "capturable", "differentiable"}


def make_optimizer(
    name: str, parameters: Iterable[nn.Parameter], knobs: dict[str, Any], options: dict[str, Any]
) -> torch.optim.Optimizer:
    """The optimizer with its knobs (None: it has none such) and further options.

    Raises:
        UserError: torch refuses one of the options.
    """
    knobs = {knob: value for knob, value in knobs.items() if value is not None}
    how: dict[str, Any] = {"fused": True} if name in FUSED and not HOW & set(options) else {}
    try:  # a knob given once more among the options is refused here as well
        return OPTIMIZERS[name](parameters, **knobs, **options, **how)
    except Exception as e:  # torch raises whatever a wrong option leads it to
        raise UserError(
            f"optimizer={name} with {knobs} and optimizer.options={options} is refused: {e}"
        ) from e
