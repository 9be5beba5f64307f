"""Batches gathered from one tensor in memory, one by one or in blocks of several steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class EpochShuffle:
    """The order of an epoch follows from the seed and the epoch's number alone.

    So an epoch that is run again, after a resume, say, sees the same batches. Lightning calls
    `set_epoch` on the `sampler` of whatever stands in a DataLoader's place.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def order(self, count: int) -> Tensor:
        # NumPy mixes the two; a torch.Generator keeps only the lower 32 bits of a seed.
        chance = np.random.default_rng([self.seed, self.epoch])
        return torch.from_numpy(chance.permutation(count))


class Batches:
    """Batches (images uint8 (B, 1, H, W), labels int64 (B,)) in the order of the tensors."""

    def __init__(self, images: Tensor, labels: Tensor, batch_size: int) -> None:
        self.images, self.labels = images, labels
        self.batch_size = batch_size

    def __len__(self) -> int:
        return max(1, -(-len(self.images) // self.batch_size))  # an empty one, as split has it

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        yield from zip(
            self.images.split(self.batch_size), self.labels.split(self.batch_size), strict=True
        )


class Part(NamedTuple):
    """What one of several processes computes of a step's batch."""

    images: Tensor  # (b, 1, H, W), perhaps none of the last batch
    labels: Tensor  # (b,)
    share: float  # times the sum of its losses, on average over the processes: the batch's mean


@dataclass(frozen=True)
class Among:
    """Which of how many processes."""

    rank: int = 0
    count: int = 1

    def part_of(self, whole: Tensor) -> Tensor:
        return whole[self.rank :: self.count] if self.count > 1 else whole


ALONE = Among()


class Block(NamedTuple):
    """Several training steps: the places of their pictures, in order, and where to gather them."""

    images: Tensor  # (N, 1, H, W), all the training pictures, uint8
    labels: Tensor  # (N,)
    order: Tensor  # (pictures of all the steps,), places among the N
    batch_size: int  # of every step but perhaps the last
    first: int  # which step of the epoch the first one is, from 0
    source: TrainingBatches  # which takes back the steps that are not taken

    @property
    def steps(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def cut(self, steps: int) -> Block:
        """The first so many of its steps."""
        return self._replace(order=self.order[: steps * self.batch_size])


class Due(NamedTuple):
    """Where Lightning must get a say between two steps, counted over the whole run."""

    at: Sequence[int] = ()  # after so many steps
    every: Sequence[int] = ()  # and each time after so many: checkpoints

    def next(self, step: int) -> float:
        """The first such point after `step` steps."""
        points = [point for point in self.at if point > step]
        points += [step - step % period + period for period in self.every]
        return min(points, default=float("inf"))


NEVER = Due()


def block_lengths(
    steps: int, steps_per_execution: int, done: int = 0, due: Due = NEVER
) -> list[int]:
    """How `steps` steps, before which the run has `done` others, are cut into blocks."""
    lengths: list[int] = []
    while steps:
        length = int(min(steps, steps_per_execution, due.next(done) - done))
        lengths.append(length)
        steps, done = steps - length, done + length
    return lengths


class TrainingBatches:
    """Epochs, each in an order of its own: batches, or blocks of `steps_per_execution` batches.

    Args:
        epoch_start: steps that the run has behind it when its first epoch here begins.
        due: where a block must end early.
        among: the processes that divide each batch; all of them go through the same steps.

    It knows how far the epoch is, so that a checkpoint from the middle of one can be gone on with.
    """

    batch_sampler = None  # Lightning looks for it where there is a sampler

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        batch_size: int,
        seed: int,
        steps_per_execution: int = 1,
        epoch_start: int = 0,
        due: Due = NEVER,
        among: Among = ALONE,
    ) -> None:
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.steps_per_execution = steps_per_execution
        self.epoch_start, self.due, self.among = epoch_start, due, among
        self.sampler = EpochShuffle(seed)
        self.steps = -(-len(images) // batch_size)
        self._step = self._yielded = 0  # of this epoch
        self._goes_on = False  # with the epoch that a checkpoint was written in
        self.ended_early: Callable[[], bool] = lambda: False  # by Lightning, before the last step

    def state_dict(self) -> dict[str, int]:
        over = self._step == self.steps or self.ended_early()
        return {"step": 0 if over else self._step, "yielded": 0 if over else self._yielded}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self._step, self._yielded = state["step"], state["yielded"]
        self._goes_on = True

    def put_back(self, block: Block, taken: int) -> None:
        """Of the last block only so many steps were taken: the rest is still to come."""
        self._step = block.first + taken

    def _lengths(self) -> list[int]:
        done = self.epoch_start + self._step
        return block_lengths(self.steps - self._step, self.steps_per_execution, done, self.due)

    def __len__(self) -> int:
        return self._yielded + len(self._lengths())

    def __iter__(self) -> Iterator[Any]:
        """The next epoch, or what is left of the one that a checkpoint was written in."""
        if not self._goes_on or self._step == self.steps:
            self.epoch_start += self._step
            self._step = self._yielded = 0
        self._goes_on = False
        order = self.sampler.order(len(self.images)).to(self.images.device)
        for length in self._lengths():
            first, self._step = self._step, self._step + length
            self._yielded += 1
            chosen = order[first * self.batch_size : self._step * self.batch_size]
            if self.among.count > 1:
                yield self._part(chosen)
            elif self.steps_per_execution == 1:
                yield self.images[chosen], self.labels[chosen]
            else:
                yield Block(self.images, self.labels, chosen, self.batch_size, first, self)

    def _part(self, chosen: Tensor) -> Part:
        own = self.among.part_of(chosen)
        return Part(self.images[own], self.labels[own], self.among.count / len(chosen))
