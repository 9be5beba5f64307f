"""Updates: every optimizer, every option, to the last bit what ``optimizer.step()`` does."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest
import torch
from comparing import alike
from torch import Tensor, nn
from torch.optim import SGD, Adadelta, Adagrad, Adam, AdamW, Optimizer, RMSprop
from torch.optim.lr_scheduler import OneCycleLR, StepLR

from charrec.updates import Updates

FUSED: list[tuple[type[Optimizer], dict[str, Any]]] = [
    (SGD, {}),
    (SGD, {"weight_decay": 0.1}),
    (SGD, {"momentum": 0.9}),
    (SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    (SGD, {"momentum": 0.9, "dampening": 0.5}),
    (SGD, {"momentum": 0.0, "maximize": True}),
    (SGD, {"momentum": 0.5, "maximize": True, "weight_decay": 0.1}),
    (Adagrad, {}),
    (Adagrad, {"lr_decay": 0.1, "weight_decay": 0.01}),
    (Adagrad, {"initial_accumulator_value": 0.3, "eps": 1e-3, "maximize": True}),
    *[
        (adam, options)
        for adam in (Adam, AdamW)
        for options in (
            {},
            {"betas": (0.5, 0.6), "eps": 1e-3},
            {"amsgrad": True, "weight_decay": 0.1},
            {"maximize": True, "weight_decay": 0.1},
        )
    ],
]
OTHERS: list[tuple[type[Optimizer], dict[str, Any]]] = [
    (RMSprop, {}),
    (RMSprop, {"momentum": 0.9, "centered": True, "weight_decay": 0.1}),
    (Adadelta, {"rho": 0.8}),
    (SGD, {"momentum": 0.9, "foreach": True}),
    (SGD, {"momentum": 0.9, "fused": False}),
    (Adagrad, {"foreach": True}),
    (Adam, {"foreach": True}),
    (Adam, {"fused": False, "foreach": False, "amsgrad": True}),
    (AdamW, {"fused": False}),
    (RMSprop, {"foreach": True}),
    (Adadelta, {"foreach": False, "maximize": True}),
]
ALL = [(kind, {"fused": True} | options) for kind, options in FUSED] + OTHERS
NAMES = [f"{kind.__name__}-{'-'.join(map(str, options))}" for kind, options in ALL]
EVERY = pytest.mark.parametrize(("kind", "options"), ALL, ids=NAMES)


def parameters() -> list[nn.Parameter]:
    """Of sizes that no vector register divides."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((37, 11), (37,), (3, 37), (3,))
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


def gradients(step: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(100 + step)
    return [torch.randn(p.shape, generator=generator) for p in parameters()]


def with_memory(optimizer: Optimizer) -> Optimizer:
    """Gradients in memory that stays, as those by hand have it."""
    for p in weights(optimizer):
        p.grad = torch.zeros_like(p)
    return optimizer


def weights(optimizer: Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def write(optimizer: Optimizer, step: int) -> None:
    for p, gradient in zip(weights(optimizer), gradients(step), strict=True):
        assert p.grad is not None
        p.grad.copy_(gradient)


def own_steps(optimizer: Optimizer, steps: range) -> Optimizer:
    for step in steps:
        write(optimizer, step)
        optimizer.step()
    return optimizer


def updated(optimizer: Optimizer, steps: range) -> Optimizer:
    update = Updates(optimizer)
    for step in steps:
        write(optimizer, step)
        update()
    return optimizer


def same(ours: Optimizer, theirs: Optimizer) -> None:
    alike(weights(ours), weights(theirs))
    alike(ours.state_dict(), theirs.state_dict())


def pair(kind: type[Optimizer], options: dict[str, Any]) -> tuple[Optimizer, Optimizer]:
    ours, theirs = (with_memory(kind(parameters(), **{"lr": 0.01} | options)) for _ in range(2))
    return ours, theirs


@EVERY
def test_ten_updates_are_ten_steps(kind: type[Optimizer], options: dict[str, Any]) -> None:
    ours, theirs = pair(kind, options)
    same(updated(ours, range(10)), own_steps(theirs, range(10)))
    before = weights(pair(kind, options)[0])
    assert not any(torch.equal(a, b) for a, b in zip(weights(ours), before, strict=True))


def test_adam_with_decoupled_weight_decay() -> None:
    """``optimizer.options.decoupled_weight_decay=true`` makes Adam AdamW."""
    options = {"fused": True, "decoupled_weight_decay": True, "weight_decay": 0.1}
    ours, theirs = pair(Adam, options)
    same(updated(ours, range(10)), own_steps(theirs, range(10)))


@EVERY
def test_blocks_go_on_where_the_last_one_ended(
    kind: type[Optimizer], options: dict[str, Any]
) -> None:
    """Each block has an Updates of its own."""
    ours, theirs = pair(kind, options)
    for block in (range(1), range(1, 4), range(4, 9)):
        updated(ours, block)
    same(ours, own_steps(theirs, range(9)))


@EVERY
def test_updates_and_steps_may_take_turns(kind: type[Optimizer], options: dict[str, Any]) -> None:
    ours, theirs = pair(kind, options)
    for steps in (range(3), range(6, 8)):
        updated(ours, steps)
        own_steps(ours, range(steps.stop, steps.stop + 3))
    same(ours, own_steps(theirs, range(11)))


@EVERY
def test_another_lr_takes_effect_at_the_next_step(
    kind: type[Optimizer], options: dict[str, Any]
) -> None:
    ours, theirs = pair(kind, options)
    update = Updates(ours)
    for step in range(6):
        for optimizer in (ours, theirs):
            optimizer.param_groups[0]["lr"] = 0.01 * (step + 1)
            write(optimizer, step)
        update()
        theirs.step()
        same(ours, theirs)


@EVERY
def test_a_loaded_state_goes_on(kind: type[Optimizer], options: dict[str, Any]) -> None:
    ours, theirs = pair(kind, options)
    updated(ours, range(4))
    copied = [nn.Parameter(w.detach().clone()) for w in weights(ours)]
    other: dict[str, Any] = {"lr": 0.5}
    loaded = with_memory(kind(copied, **other))
    loaded.load_state_dict(copy.deepcopy(ours.state_dict()))
    same(updated(loaded, range(4, 10)), own_steps(theirs, range(10)))


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (SGD, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.0, "weight_decay": 0.1}),
        (SGD, {"momentum": 0.0}, {"momentum": 0.5, "dampening": 0.5}),
        (Adam, {"amsgrad": True}, {"betas": (0.5, 0.6), "maximize": True}),
        (AdamW, {"weight_decay": 0.1}, {"weight_decay": 0.0, "amsgrad": True, "lr": 0.1}),
        (Adagrad, {"lr_decay": 0.1}, {"eps": 1e-3, "lr": 0.1}),
        (Adam, {"fused": False}, {"betas": (0.5, 0.6)}),
        (RMSprop, {"momentum": 0.9}, {"centered": True}),
    ],
)
def test_two_groups_with_options_of_their_own(
    kind: type[Optimizer], first: dict[str, Any], second: dict[str, Any]
) -> None:
    common: dict[str, Any] = {"lr": 0.01} | ({} if kind is RMSprop else {"fused": True})

    def grouped() -> Optimizer:
        made = parameters()
        groups = [{"params": made[:2]} | first, {"params": made[2:]} | second]
        return with_memory(kind(groups, **common))

    same(updated(grouped(), range(10)), own_steps(grouped(), range(10)))


# With a scheduler


def scheduled(kind: type[Optimizer], options: dict[str, Any], by_updates: bool) -> Optimizer:
    optimizer = pair(kind, options)[0]
    schedule = StepLR(optimizer, 2, gamma=0.5)
    step = Updates(optimizer) if by_updates else optimizer.step
    for number in range(6):
        write(optimizer, number)
        step()
        schedule.step()
    assert optimizer.param_groups[0]["lr"] == 0.01 / 8
    return optimizer


@pytest.mark.parametrize(("kind", "options"), ALL, ids=NAMES)
def test_a_schedule_has_nothing_to_warn_of(kind: type[Optimizer], options: dict[str, Any]) -> None:
    """Torch warns where a schedule is called before the ``optimizer.step()`` that it watches."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = scheduled(kind, options, by_updates=True)
    same(ours, scheduled(kind, options, by_updates=False))


def test_a_schedule_that_goes_on_has_nothing_to_warn_of() -> None:
    """As after a checkpoint from the first epoch, before the schedule's first step."""
    source, optimizer = pair(Adam, {"fused": True})
    optimizer.load_state_dict(updated(source, range(3)).state_dict())
    schedule = StepLR(optimizer, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        updated(optimizer, range(3, 5))
        schedule.step()


@pytest.mark.parametrize(
    ("kind", "options"), [(SGD, {"momentum": 0.9}), (Adam, {}), (AdamW, {"amsgrad": True})]
)
def test_a_schedule_of_the_momentum_takes_effect(
    kind: type[Optimizer], options: dict[str, Any]
) -> None:
    """OneCycleLR and CyclicLR change momentum or betas at each step, unless told not to."""
    ours, theirs = pair(kind, {"fused": True} | options)
    schedules = [OneCycleLR(optimizer, 0.1, total_steps=11) for optimizer in (ours, theirs)]
    update = Updates(ours)
    for step in range(10):
        for optimizer in (ours, theirs):
            write(optimizer, step)
        update()
        theirs.step()
        for schedule in schedules:
            schedule.step()
    same(ours, theirs)
