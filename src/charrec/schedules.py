"""The learning rate over a run, as shares of the one that is set."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

START, RISE = 0.04, 0.3  # of one_cycle: its first share, and the part of the run that it rises in


def cosine(done: float) -> float:
    """From 1 to near 0 (Loshchilov and Hutter, 2017); `done` is the part of the run, 0 .. 1."""
    return (1 + math.cos(math.pi * done)) / 2


def one_cycle(done: float) -> float:
    """From near 0 up to 1 and down again (Smith and Topin, 2019)."""
    if done < RISE:
        return START + (1 - START) * done / RISE
    return cosine((done - RISE) / (1 - RISE))


class Schedule(NamedTuple):
    share: Callable[[float], float]
    interval: str  # after which it is looked up again: "epoch" or "step"

    def over(self, length: int, optimizer: Optimizer) -> LambdaLR:
        """For a run of so many epochs or steps.

        A function of the epoch or step alone, so that a run that is made longer has a longer curve.
        """
        return LambdaLR(optimizer, lambda number: self.share(number / length))


SCHEDULES = {"cosine": Schedule(cosine, "epoch"), "one_cycle": Schedule(one_cycle, "step")}
