"""The worst mistakes are the surest ones."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from charrec.answers import Answers
from charrec.figures.mistakes import Mistake, draw_mistakes
from charrec.mistakes import worst_mistakes

TABLE = np.array(
    [
        [0.6, 0.4],  # A, and it is
        [0.7, 0.3],  # A, and it is B
        [0.1, 0.9],  # B, and it is A
        [0.8, 0.2],  # blank, and it is B
        [0.9, 0.1],  # nobody knows
        [0.9, 0.1],  # unreadable
    ]
)


def answers() -> Answers:
    truth = ["A", "B", "A", "B", None, "B"]
    errors = [None] * 5 + ["is not a picture"]
    return Answers("AB", list("uvwxyz"), truth, TABLE, errors, [i == 3 for i in range(6)])


def test_the_surest_mistake_comes_first_and_blank_ones_last() -> None:
    assert worst_mistakes(answers()) == [
        Mistake(2, "A", "B", 0.9),
        Mistake(1, "B", "A", 0.7),
        Mistake(3, "B", "blank", None),
    ]


def drawn(mistakes: list[Mistake], out: Path) -> np.ndarray:
    greys = np.arange(60, 120, dtype=np.uint8)
    images = greys[:, None, None, None].repeat(16, 2).repeat(16, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_mistakes(mistakes, images, out)
    with Image.open(out) as image:
        return np.asarray(image.convert("L")).astype(int)


def area(pixels: np.ndarray, grey: int) -> int:
    return int((abs(pixels - grey) <= 0).sum())


def test_the_pictures_are_those_of_the_mistakes(tmp_path: Path) -> None:
    mistakes = [Mistake(place, "A", "B", 0.5) for place in (7, 3)]
    pixels = drawn(mistakes, tmp_path / "a.png")
    assert area(pixels, 67) > 3000
    assert area(pixels, 63) > 3000
    assert area(pixels, 65) < 1000
    left = [np.argwhere(pixels == grey)[:, 1].mean() for grey in (67, 63)]
    assert left[0] < left[1], "in their order"


def test_of_many_mistakes_the_first_32_are_shown(tmp_path: Path) -> None:
    pixels = drawn([Mistake(place, "A", "B", 0.5) for place in range(40)], tmp_path / "a.png")
    assert area(pixels, 60 + 31) > 3000
    assert area(pixels, 60 + 32) < 1000


@pytest.mark.parametrize("other", ["B", "blank", "$"])
def test_what_was_read_stands_above(other: str, tmp_path: Path) -> None:
    one, two = (
        drawn([Mistake(0, "A", letter, 0.5)], tmp_path / "a.png")[:40] for letter in ("C", other)
    )
    assert not np.array_equal(one, two)


def test_no_mistake_is_told(tmp_path: Path) -> None:
    pixels = drawn([], tmp_path / "a.png")
    assert (pixels < 128).sum() > 100
