"""Equal pixels are found, wherever they stand and however many there are."""

from __future__ import annotations

import time

import numpy as np
import pytest

from charrec.data.equals import (
    equals_problems,
    groups_of_equals,
    groups_that_differ,
    joined,
    row_keys,
)


def test_a_single_bit_makes_another_key() -> None:
    images = np.zeros((8 * 16 + 1, 1, 4, 4), dtype=np.uint8)
    for bit in range(8 * 16):
        images[bit].flat[bit // 8] = 1 << bit % 8
    assert len(set(row_keys(images).tolist())) == len(images)
    np.testing.assert_array_equal(row_keys(images.copy()), row_keys(images))


def test_groups() -> None:
    keys = np.array([7, -1, 7, 3, -1, 7, 9])
    assert [group.tolist() for group in groups_of_equals(keys)] == [[0, 2, 5], [1, 4]]
    values = np.array([0, 0, 0, 0, 0, 1, 1])
    assert [group.tolist() for group in groups_that_differ(keys, values)] == [[0, 2, 5]]
    assert groups_of_equals(np.empty(0, dtype=np.int64)) == []


def test_joined() -> None:
    groups = [np.array(group) for group in ([1, 5], [6, 2], [5, 3], [3, 1])]
    assert joined(8, groups) == [[1, 3, 5], [2, 6]]
    assert joined(100_000, (np.array([i, i + 1]) for i in range(99_999))) == [list(range(100_000))]


def test_what_is_said() -> None:
    images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)[[0, 1, 1, 3, 0, 0]]
    names = {"train": ["a", "b", "c"], "validation": ["d"], "test": ["e\n", "f"]}
    assert list(equals_problems(images, names, "AABABA")) == [
        "1 of 6 pictures are in two splits, pixel for pixel: "
        "train 'a' A = test 'e\\n' B = test 'f' A",
        "2 of 6 pictures have the same pixels and different letters: "
        "train 'a' A = test 'e\\n' B = test 'f' A; train 'b' A = train 'c' B",
    ]
    assert list(equals_problems(images[:4:3], {"train": ["a"], "test": ["b"]}, "AB")) == []


@pytest.mark.parametrize(("count", "side", "limit"), [(7_000, 32, 0.02), (200_000, 28, 0.5)])
def test_it_costs_next_to_nothing(count: int, side: int, limit: float) -> None:
    """Five times the limit: other processes are at work, too."""
    images = np.random.default_rng(0).integers(0, 256, (count, 1, side, side), dtype=np.uint8)
    names = {"train": ["x"] * (count - 2), "validation": ["y"], "test": ["z"]}
    times = []
    for _ in range(3):
        start = time.perf_counter()
        assert list(equals_problems(images, names, "A" * count)) == []
        times.append(time.perf_counter() - start)
    assert min(times) < 5 * limit
