"""What is read from the source of torch and Lightning is what Python says of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
import pytorch_lightning as pl
import torch

from charrec.optimizers import OPTIMIZERS
from charrec.settings import TrainSettings, optimizer_choices
from charrec.signatures import optimizer_arguments, trainer_arguments


def test_the_arguments_of_the_trainer() -> None:
    assert trainer_arguments() == tuple(inspect.signature(pl.Trainer.__init__).parameters)[1:]


@pytest.mark.parametrize("name", optimizer_choices())
def test_the_arguments_of_an_optimizer(name: str) -> None:
    taken = {"self", "params", "lr", "momentum", "weight_decay"}
    known = list(inspect.signature(OPTIMIZERS[name].__init__).parameters)
    assert list(optimizer_arguments(name)) == [p for p in known if p not in taken]
    settings = TrainSettings(optimizer=name)
    weights = [torch.zeros(1, requires_grad=True)]
    make: Callable[..., object] = OPTIMIZERS[name]
    make(weights, lr=settings.lr, **(settings.optimizer_options or {}))
