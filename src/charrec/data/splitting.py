"""Which pictures train, which validate, which test: drawn, but the same for every run.

Where a picture goes follows from the seed and the names alone, by SHA-256: a run that is gone on
with, on another machine or years later, must find its split again, and NumPy's Generator may give
other numbers from one version to the next. No library is needed: each group of pictures goes,
the larger ones first, to the split that lacks most of what the group holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import groupby

ALL = ""  # beside the letters: the pictures of all of them


def share_out(
    letters: Sequence[str], groups: Sequence[str], shares: Mapping[str, float], seed: int
) -> list[str]:
    """The split of each picture: of each letter as nearly its share as whole groups allow.

    Every split gets a group, where there are as many groups as splits.

    Args:
        letters: of each picture.
        groups: of each picture; those of a group stay together.
        shares: split -> its share; their sum is 1.
    """
    sizes = Counter(groups)
    order = sorted(range(len(groups)), key=lambda i: (-sizes[groups[i]], _lot(groups[i], seed)))
    total = {**Counter(letters), ALL: len(letters)}
    lacks = {
        split: {letter: share * count for letter, count in total.items()}
        for split, share in shares.items()
    }
    splits, empty, left = [""] * len(letters), list(shares), len(sizes)
    for _, members in groupby(order, key=groups.__getitem__):
        places = list(members)
        group = _count([letters[i] for i in places])
        among = empty if len(empty) >= left else shares
        split = min(among, key=lambda split: _cost(group, lacks[split], total))
        for letter, count in group.items():
            lacks[split][letter] -= count
        for i in places:
            splits[i] = split
        empty, left = [other for other in empty if other != split], left - 1
    return splits


def _lot(group: str, seed: int) -> bytes:
    return sha256(f"{seed} {group}".encode("utf-8", "surrogateescape")).digest()[:8]


def _count(letters: Sequence[str]) -> dict[str, int]:
    return {**Counter(letters), ALL: len(letters)} if len(letters) > 1 else {letters[0]: 1, ALL: 1}


def _cost(group: Mapping[str, int], lack: Mapping[str, float], total: Mapping[str, int]) -> float:
    """How much further from its share a split would be, squared, over the total of each letter.

    With n more of which `lack` are lacking, that is (lack - n)² - lack² = n (n - 2 lack).
    """
    cost = 0.0
    for letter, n in group.items():
        cost += n * (n - 2 * lack[letter]) / total[letter]
    return cost
