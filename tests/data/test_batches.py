"""Batches and blocks of them: how an epoch is ordered, cut, left in the middle and gone on with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from charrec.data.batches import (
    NEVER,
    Batches,
    Block,
    Due,
    EpochShuffle,
    TrainingBatches,
    block_lengths,
)

# The order of an epoch


@pytest.mark.parametrize("seeds", [(0, 1), (1, 2), (2024, 2025), (5, 2**32 - 1)])
def test_seeds_differ(seeds: tuple[int, int]) -> None:
    """A torch.Generator keeps 32 bits of its seed; mixing by shifts would lose the seed."""
    orders = {
        tuple(shuffle.order(50).tolist())
        for seed in seeds
        for shuffle in (EpochShuffle(seed),)
        for shuffle.epoch in range(3)
    }
    assert len(orders) == 6


def test_orders_are_fair() -> None:
    """Over 2,000 epochs each picture stands first about as often as any other."""
    shuffle, counts = EpochShuffle(1), np.zeros(4)
    for shuffle.epoch in range(2000):
        counts[shuffle.order(4)[0]] += 1
    assert np.abs(counts - 500).max() < 80  # four standard deviations: 77


# Where an epoch is cut


dues = st.builds(
    Due,
    st.lists(st.integers(-1, 80), max_size=2).map(tuple),
    st.lists(st.integers(1, 25), max_size=3).map(tuple),
)


def is_due(step: int, due: Due) -> bool:
    return step in due.at or any(step % period == 0 for period in due.every)


@pytest.mark.parametrize(
    ("steps", "at_a_time", "done", "due", "lengths"),
    [
        (12, 1, 0, NEVER, [1] * 12),
        (12, 5, 0, NEVER, [5, 5, 2]),
        (12, 12, 0, NEVER, [12]),
        (12, 1000, 0, NEVER, [12]),
        (0, 5, 3, NEVER, []),
        (12, 5, 0, Due(at=(7,)), [5, 2, 5]),
        (12, 5, 12, Due(at=(7,)), [5, 5, 2]),  # behind it
        (12, 5, 24, Due(every=(7,)), [4, 5, 2, 1]),  # at 28 and 35 of the run
        (12, 100, 24, Due(at=(-1, 30), every=(7, 9)), [3, 1, 2, 5, 1]),  # 27, 28, 30, 35
        (12, 100, 0, Due(every=(12,)), [12]),
    ],
)
def test_lengths_worked_by_hand(
    steps: int, at_a_time: int, done: int, due: Due, lengths: list[int]
) -> None:
    assert block_lengths(steps, at_a_time, done, due) == lengths


@given(st.integers(0, 60), st.integers(1, 40), st.integers(0, 60), dues)
def test_blocks_are_cut_where_they_must_and_nowhere_else(
    steps: int, at_a_time: int, done: int, due: Due
) -> None:
    lengths = block_lengths(steps, at_a_time, done, due)
    assert sum(lengths) == steps
    assert all(1 <= length <= at_a_time for length in lengths)
    ends = (done + np.cumsum(lengths)).tolist()
    assert set(ends) >= {step for step in range(done + 1, done + steps) if is_due(step, due)}
    for length, end in zip(lengths, ends, strict=True):
        assert length == at_a_time or end == done + steps or is_due(end, due)


@given(dues, st.integers(0, 90))
def test_the_next_point_is_the_first_one_after(due: Due, step: int) -> None:
    # Some multiple of a period of 25 at most is among the next 25; `after` is at most 80.
    expected = [later for later in range(step + 1, step + 120) if is_due(later, due)]
    assert due.next(step) == (expected[0] if expected else float("inf"))


# Epochs of batches and of blocks


def training(count: int = 20, batch_size: int = 3, **changes: Any) -> TrainingBatches:
    """Pictures that show their own place, on two pixels; 20 of them are 7 steps, the last of 2."""
    images = torch.arange(count).view(-1, 1, 1, 1).repeat(1, 1, 1, 2).to(torch.uint8)
    return TrainingBatches(images, torch.arange(count) * 2, batch_size, seed=5, **changes)


def places(batches: list[Any]) -> list[list[int]]:
    """The places of each step's pictures, from the start of an epoch, one by one or in blocks."""
    found: list[list[int]] = []
    for batch in batches:
        if isinstance(batch, Block):
            images, labels = batch.images[batch.order], batch.labels[batch.order]
            assert batch.first == len(found)
            parts = list(zip(*(t.split(batch.batch_size) for t in (images, labels)), strict=True))
        else:
            parts = [batch]
        for images, labels in parts:
            assert torch.equal(images.flatten(1).long(), (labels // 2).view(-1, 1).expand(-1, 2))
            found.append((labels // 2).tolist())
    return found


def epoch(batches: TrainingBatches, number: int = 0) -> list[list[int]]:
    batches.sampler.set_epoch(number)
    return places(list(batches))


def test_one_step_at_a_time_are_plain_batches() -> None:
    first, *_, last = list(training())
    assert [tuple(t.shape) for t in first] == [(3, 1, 1, 2), (3,)]
    assert [tuple(t.shape) for t in last] == [(2, 1, 1, 2), (2,)]


def test_a_block_holds_what_its_steps_need() -> None:
    batches = training(steps_per_execution=4)
    first, second = list(batches)
    assert (first.batch_size, first.first, len(first.order)) == (3, 0, 12)
    assert (second.batch_size, second.first, len(second.order)) == (3, 4, 8)
    assert first.images is batches.images  # nothing is gathered yet
    assert first.labels is batches.labels


@settings(max_examples=50)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(2, 50), dues)
def test_blocks_one_after_the_other_are_the_single_batches(
    count: int, batch_size: int, at_a_time: int, due: Due
) -> None:
    plain = training(count, batch_size)
    blocks = training(count, batch_size, steps_per_execution=at_a_time, due=due)
    for number in range(3):
        blocks.sampler.set_epoch(number)
        yielded = list(blocks)
        assert places(yielded) == epoch(plain, number)
        assert len(yielded) == len(blocks)
        assert all(isinstance(block, Block) for block in yielded)
        firsts, done = [block.first for block in yielded], number * plain.steps
        ends = {done + first for first in firsts[1:]}
        assert ends >= {s for s in range(done + 1, done + plain.steps) if is_due(s, due)}


def test_epochs_that_are_cut_elsewhere_have_lengths_of_their_own() -> None:
    """7 steps an epoch, a checkpoint each 5: cut after 5, after 3 (10), after 1 and 6 (15, 20)."""
    batches = training(steps_per_execution=100, due=Due(every=(5,)))
    lengths = [[len(b.order) for b in batches] for _ in range(3)]
    assert lengths == [[15, 5], [9, 11], [3, 15, 2]]


@settings(max_examples=50)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 12), dues, st.data())
def test_what_is_left_in_the_middle_is_gone_on_with(
    count: int, batch_size: int, at_a_time: int, due: Due, data: st.DataObject
) -> None:
    def fresh() -> TrainingBatches:
        made = training(count, batch_size, steps_per_execution=at_a_time, epoch_start=14, due=due)
        made.sampler.set_epoch(4)
        return made

    whole = list(fresh())
    left = fresh()
    taken = data.draw(st.integers(0, len(whole) - 1))
    walk = iter(left)
    before = [next(walk) for _ in range(taken)]
    state = left.state_dict()
    gone_on = fresh()
    gone_on.load_state_dict(state)
    assert len(gone_on) == len(left) == len(whole)  # Lightning counts those behind it as well
    rest = list(gone_on)
    assert all(
        torch.equal(a, b) if isinstance(a, Tensor) else a == b or isinstance(b, TrainingBatches)
        for ours, theirs in zip([*before, *rest], whole, strict=True)
        for a, b in zip(ours, theirs, strict=True)
    )
    assert len(gone_on) == len(whole)


@pytest.mark.parametrize("at_a_time", [1, 4])
def test_state_is_two_numbers_and_that_of_a_whole_epoch_is_none(at_a_time: int) -> None:
    batches = training(steps_per_execution=at_a_time)
    assert batches.state_dict() == {"step": 0, "yielded": 0}
    walk = iter(batches)
    next(walk)
    assert batches.state_dict() == {"step": at_a_time, "yielded": 1}
    assert len(list(walk)) == len(batches) - 1
    assert batches.state_dict() == {"step": 0, "yielded": 0}


@pytest.mark.parametrize("at_a_time", [1, 4, 100])
def test_after_the_last_step_comes_a_new_epoch(at_a_time: int) -> None:
    """From a checkpoint written at the end of an epoch, too."""
    batches, plain = training(steps_per_execution=at_a_time), training()
    epoch(batches)
    after = training(steps_per_execution=at_a_time, epoch_start=7)
    after.load_state_dict(batches.state_dict())
    assert epoch(batches, 1) == epoch(after, 1) == epoch(plain, 1)
    assert batches.epoch_start == 7


# Batches that are not shuffled


def test_batches_without_a_sampler_split_without_a_gap() -> None:
    batches = Batches(torch.arange(10), torch.arange(10) * 2, 4)
    assert [images.tolist() for images, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [labels.tolist() for _, labels in batches][2] == [16, 18]


def test_a_process_without_a_picture_takes_part_with_an_empty_batch() -> None:
    """Else it would leave out the validation, in which the others wait for it."""
    nothing = torch.empty(0, 1, 4, 4, dtype=torch.uint8), torch.empty(0, dtype=torch.int64)
    batches = Batches(*nothing, 8)
    assert len(batches) == 1
    assert [len(labels) for _, labels in batches] == [0]
