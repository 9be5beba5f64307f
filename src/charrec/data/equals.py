"""Pictures that are the same in every pixel, found in a moment by a number for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from charrec.data.letters import shown, summarise

Whole = NDArray[np.int64]


def row_keys(rows: NDArray[np.generic]) -> Whole:
    """A number for each of N rows, equal for equal ones; for others with a chance of 2**-64."""
    return np.fromiter((hash(row.tobytes()) for row in rows), np.int64, len(rows))


def groups_that_differ(keys: Whole, values: Whole) -> list[Whole]:
    """The places of equal keys, for every key at which not all `values` are the same, in order."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order[0]] - 1))
    ends = np.append(starts[1:], len(keys))
    least, most = (f.reduceat(values[order], starts) for f in (np.minimum, np.maximum))
    groups = [order[starts[i] : ends[i]] for i in np.flatnonzero(least != most)]
    return sorted(groups, key=lambda group: int(group[0]))  # not by keys, which chance has given


def groups_of_equals(keys: Whole) -> list[Whole]:
    """The places of equal keys, for every key that is there more than once."""
    return groups_that_differ(keys, np.arange(len(keys)))


def joined(count: int, groups: Iterable[Whole]) -> list[list[int]]:
    """Groups of places below `count` that hang together by any of `groups`, in order."""
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = place = parent[parent[place]]
        return place

    for group in groups:
        first, *others = sorted({root(int(place)) for place in group})
        for other in others:
            parent[other] = first
    found: dict[int, list[int]] = {}
    for place in range(count):
        found.setdefault(root(place), []).append(place)
    return [group for group in found.values() if len(group) > 1]


def equals_problems(
    images: NDArray[np.uint8], names: Mapping[str, Sequence[str]], letters: str
) -> Iterator[str]:
    """What to say of (N, 1, H, W) pictures that are the same in every pixel.

    Args:
        names: split -> the names of its pictures, in the order of `images`.
        letters: the letter of each picture.
    """
    counts = [len(listed) for listed in names.values()]
    splits, starts = np.repeat(np.arange(len(counts)), counts), np.cumsum([0, *counts])
    keys = row_keys(images)

    def place(number: int) -> str:
        split = list(names)[splits[number]]
        name = names[split][number - starts[splits[number]]]
        return f"{split} {shown(name)} {letters[number]}"

    def told(group: Whole) -> str:
        return " = ".join(map(place, group[:4]))

    kinds = {
        "are in two splits, pixel for pixel": splits,
        "have the same pixels and different letters": np.array(list(map(ord, letters))),
    }
    for what, values in kinds.items():
        if groups := groups_that_differ(keys, values):
            yield summarise([told(group) for group in groups], len(images), f"pictures {what}")
