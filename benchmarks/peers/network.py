"""The network, its first weights and its optimizer, the same for every peer of PyTorch's."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from benchmarks.peers.protocol import Task

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


def make_network(task: Task) -> nn.Sequential:
    """Linear and Tanh in turn; Xavier's uniform weights, biases of 0, as charrec begins."""
    sizes = [task.image_size**2, *task.hsize, len(task.alphabet)]
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in pairwise(sizes):
        layer = nn.Linear(fan_in, fan_out)
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.Tanh()]
    return nn.Sequential(*layers[:-1])  # no activation after the last layer


def make_optimizer(
    task: Task, parameters: Iterable[nn.Parameter], **options: Any
) -> torch.optim.Optimizer:
    if task.optimizer == "sgd":
        options["momentum"] = task.momentum
    kind: Any = OPTIMIZERS[task.optimizer]
    made: torch.optim.Optimizer = kind(
        parameters, lr=task.lr, weight_decay=task.weight_decay, **options
    )
    return made


def begin(task: Task) -> None:
    """The seed and the number of threads."""
    torch.manual_seed(task.seed)
    if task.threads is not None:
        torch.set_num_threads(task.threads)
