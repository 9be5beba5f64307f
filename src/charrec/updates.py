"""``optimizer.step()`` without its preparations, which cost more than to update so few weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer

Group = dict[str, Any]


class Kernel(NamedTuple):
    """The function of torch's that a fused optimizer ends in, and how it is called for a group."""

    function: Callable[[Group], Callable[..., None]]
    states: Callable[[Group], list[str | None]]  # in the order of its arguments; None: not kept
    options: Callable[[Group], dict[str, Any]]


def _adam_states(group: Group) -> list[str | None]:
    return ["exp_avg", "exp_avg_sq", "max_exp_avg_sq" if group["amsgrad"] else None, "step"]


def _adam_options(group: Group) -> dict[str, Any]:
    beta1, beta2 = group["betas"]
    return _named(group, "amsgrad", "weight_decay", "eps") | {"beta1": beta1, "beta2": beta2}


def _named(group: Group, *names: str) -> dict[str, Any]:
    return {name: group[name] for name in names}


def _adam(group: Group) -> Callable[..., None]:
    return torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_


ADAM = Kernel(_adam, _adam_states, _adam_options)
KERNELS: dict[type[Optimizer], Kernel] = {
    SGD: Kernel(
        lambda _: torch._fused_sgd_,
        lambda group: ["momentum_buffer" if group["momentum"] else None],
        lambda group: (
            _named(group, "weight_decay", "momentum", "dampening", "nesterov")
            | {"is_first_step": False}
        ),
    ),
    Adam: ADAM,
    AdamW: ADAM,
    Adagrad: Kernel(
        lambda _: torch._fused_adagrad_,
        lambda _: ["sum", "step"],
        lambda group: _named(group, "lr_decay", "weight_decay", "eps"),
    ),
}


class Updates:
    """Calling it is `optimizer.step()`, to the last bit.

    The first step is the optimizer's own, which makes its states, and so is every step of an
    optimizer that is not fused. States and gradients must stay where they are in memory.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self._calls: list[Callable[[], None]] | None = None

    def __call__(self) -> None:
        if self._calls is None:
            self.optimizer.step()
            self._calls = self._prepare()
        else:
            for call in self._calls:
                call()

    def _prepare(self) -> list[Callable[[], None]] | None:
        kernel = KERNELS.get(type(self.optimizer))
        groups = self.optimizer.param_groups
        if kernel is None or not all(group["fused"] for group in groups):
            return None
        return [_call(kernel, group, self.optimizer.state) for group in groups]


def _call(
    kernel: Kernel, group: Group, state: dict[Tensor, dict[str, Tensor]]
) -> Callable[[], None]:
    """The update of a group of parameters that has been updated before."""
    parameters, names = group["params"], kernel.states(group)
    counts = _together([state[p] for p in parameters]) if "step" in names else None
    states = [[state[p][name] for p in parameters] if name else [] for name in names]
    one = torch.ones(())  # a number would be made one every time
    tensors = [[p.detach() for p in parameters], [p.grad for p in parameters], *states]

    def call() -> None:
        if counts is not None:
            counts.add_(one)
        options = kernel.options(group)  # now, because a schedule may turn any of them
        kernel.function(group)(*tensors, lr=group["lr"], maximize=group["maximize"], **options)

    return call


def _together(states: list[dict[str, Tensor]]) -> Tensor:
    """The counts of steps, moved next to each other: one addition serves them all."""
    counts = torch.stack([state["step"] for state in states])
    for state, count in zip(states, counts, strict=True):
        state["step"] = count
    return counts
