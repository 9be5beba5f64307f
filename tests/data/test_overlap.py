"""Which letters a network may know: the same folder by any name, and folders of splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charrec.data.overlap import may_know
from charrec.data.settings import DataSettings

TREES = {  # folders of letters in each
    "plain": ("A", "B"),
    "whole": ("train/A", "Validation/A", "TEST/A"),
    "two": ("train/A", "test/A"),
    "alone": ("train/A",),
}


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("trees")
    for name, folders in TREES.items():
        for folder in folders:
            (top / name / folder).mkdir(parents=True)
        (top / f"link to {name}").symlink_to(top / name)
    return top


def in_folders(root: Path, **which: Any) -> DataSettings:
    return DataSettings(root, kind="folders", **which)


@pytest.mark.parametrize(
    ("own", "asked", "known"),
    [
        ("whole", "whole", False),  # test/, whatever is drawn
        ("whole", "whole/TEST", False),
        ("whole", "link to whole/TEST", False),
        ("whole", "whole/train", True),
        ("whole", "whole/train/A", True),
        ("whole", "whole/Validation", True),
        ("whole", "link to whole/Validation", True),
        ("whole", "two", False),
        ("two", "two/train", True),
        ("two", "two/test", False),
        ("alone", "alone/train", True),
        ("alone", "link to alone", True),
        ("plain", "plain", True),
        ("plain", "link to plain", True),
        ("plain", "plain/A", True),
        ("link to plain", "plain", True),
        ("whole/train", "whole", False),  # whose test/ it has not seen
        ("whole/TEST", "whole", True),
        ("alone/train", "alone", True),
        ("gone", "whole", False),
        ("gone", "gone", True),
        ("plain", "gone", False),
    ],
)
def test_what_a_test_may_ask_again(own: str, asked: str, known: bool, trees: Path) -> None:
    every = in_folders(trees / asked, test_share=1)
    assert may_know(in_folders(trees / own), every, "test") is known


@pytest.mark.parametrize(
    ("own", "asked", "split", "known"),
    [
        ("two/train", "two", "validation", True),  # which is drawn from train/
        ("two/train", "two", "test", False),
        ("whole/train", "whole", "validation", False),
    ],
)
def test_each_split_is_where_it_is_read_from(
    own: str, asked: str, split: str, known: bool, trees: Path
) -> None:
    assert may_know(in_folders(trees / own), in_folders(trees / asked), split) is known


def test_the_same_drawing_keeps_the_test_letters_apart(trees: Path) -> None:
    """By any name of the folder."""
    plain = in_folders(trees / "plain")
    assert not may_know(plain, in_folders(trees / "link to plain"), "validation", "test")
    assert may_know(plain, in_folders(trees / "link to plain", split_seed=3), "test")


def test_of_other_kinds(trees: Path) -> None:
    lists = DataSettings(trees / "plain")
    assert not may_know(lists, lists, "test")
    assert not may_know(lists, in_folders(trees / "plain"), "test")
    emnist = DataSettings(trees / "plain", kind="emnist")
    digits = DataSettings(trees / "link to plain", kind="emnist", split="digits")
    assert may_know(emnist, digits, "test")
