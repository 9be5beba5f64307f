"""Pictures are shared out by letter and by group, and the same way for ever."""

from __future__ import annotations

import random
from collections import Counter
from string import ascii_uppercase

import pytest

from charrec.data.splitting import share_out

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}


def drawn(count: int, seed: int = 0) -> dict[str, str]:
    """Name -> split, for so many pictures of each letter."""
    names = [f"{letter}/{i}.png" for letter in ascii_uppercase for i in range(count)]
    splits = share_out([name[0] for name in names], names, SHARES, seed)
    return dict(zip(names, splits, strict=True))


def counts(splits: dict[str, str]) -> Counter[tuple[str, str]]:
    return Counter((split, name[0]) for name, split in splits.items())


def test_of_each_letter_its_share() -> None:
    found = counts(drawn(100))
    for letter in ascii_uppercase:
        assert [found[split, letter] for split in SHARES] == [70, 15, 15]


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7, 9, 13])
def test_of_few_pictures_as_near_as_can_be_and_first_of_all_to_train_on(count: int) -> None:
    splits = drawn(count)
    found = counts(splits)
    for letter in ascii_uppercase:
        assert found["train", letter] >= 1
        for split, share in SHARES.items():
            assert abs(found[split, letter] - share * count) <= 1
    for split, share in SHARES.items():  # what one letter has too much, another has too little
        total = sum(found[split, letter] for letter in ascii_uppercase)
        assert total == pytest.approx(share * 26 * count, abs=0.06 * 26 * count)


def test_groups_stay_together() -> None:
    writers = [f"w{i}" for i in range(55)]
    letters = list(ascii_uppercase) * 55
    groups = [writer for writer in writers for _ in ascii_uppercase]
    splits = share_out(letters, groups, SHARES, 0)
    homes = dict(zip(groups, splits, strict=True))
    assert splits == [homes[group] for group in groups]
    assert Counter(homes.values()) == {"train": 39, "validation": 8, "test": 8}


def test_groups_of_very_different_sizes() -> None:
    chance = random.Random(1)
    letters, groups = [], []
    for group in range(40):
        for _ in range(chance.choice([1, 5, 50, 400])):
            letters.append(chance.choice("ABCD"))
            groups.append(str(group))
    splits = share_out(letters, groups, SHARES, 0)
    found, total = Counter(zip(splits, letters, strict=True)), Counter(letters)
    for split, share in SHARES.items():
        for letter in "ABCD":
            assert found[split, letter] / total[letter] == pytest.approx(share, abs=0.02)


def test_letters_count_where_groups_hold_few_of_them() -> None:
    """Half of the groups hold A alone, half B: each split gets both."""
    groups = [str(i // 10) for i in range(200)]
    letters = ["AB"[int(group) % 2] for group in groups]
    found = Counter(zip(share_out(letters, groups, SHARES, 0), letters, strict=True))
    for split, share in SHARES.items():
        for letter in "AB":
            assert abs(found[split, letter] - share * 100) <= 5


def test_each_split_gets_something_where_there_is_enough() -> None:
    for count in (3, 4, 5):
        groups = [f"g{i}" for i in range(count)]
        assert set(share_out(["A"] * count, groups, SHARES, 0)) == set(SHARES)
    assert share_out(["A", "B"], ["x", "y"], {"test": 1.0}, 0) == ["test", "test"]
    assert share_out([], [], SHARES, 0) == []


def test_what_the_split_follows_from() -> None:
    first = drawn(20)
    names = list(first)
    random.Random(3).shuffle(names)
    shuffled = share_out([name[0] for name in names], names, SHARES, 0)
    assert dict(zip(names, shuffled, strict=True)) == first
    others = drawn(20, seed=1)
    assert counts(others) == counts(first)
    assert sum(first[name] != others[name] for name in first) > 100


def test_the_split_is_the_same_as_ever() -> None:
    """A run that is gone on with must find it again: these were written down once."""
    names = [f"{letter}/{i}.png" for letter in "AB" for i in range(10)]
    splits = share_out([name[0] for name in names], names, SHARES, 0)
    chosen = {s: [n for n, t in zip(names, splits, strict=True) if t == s] for s in SHARES}
    assert chosen["validation"] == ["A/1.png", "B/3.png", "B/9.png"]
    assert chosen["test"] == ["A/3.png", "A/8.png", "B/2.png"]


def test_a_name_that_is_no_text() -> None:
    assert len(share_out(["A"] * 3, ["\udcff", "語", "\n"], SHARES, 0)) == 3
