"""The gallery shows the pictures themselves, in order, none cut off."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from charrec.figures.gallery import draw_gallery


def drawn(greys: list[int], letters: list[str], out: Path) -> NDArray[np.int64]:
    images = np.array(greys, dtype=np.uint8)[:, None, None, None].repeat(16, 2).repeat(16, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_gallery(images, letters, [0.5] * len(greys), out)
    with Image.open(out) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("L")).astype(int)


def blocks(pixels: NDArray[np.int64], grey: int) -> int:
    """How many pixels have this grey, give or take matplotlib's rounding."""
    return int((abs(pixels - grey) <= 1).sum())


@pytest.mark.parametrize(
    ("count", "size"),
    [(1, (155, 200)), (3, (155, 300)), (10, (155, 1000)), (11, (290, 1000)), (60, (830, 1000))],
)
def test_size_and_that_every_picture_is_there(
    tmp_path: Path, count: int, size: tuple[int, int]
) -> None:
    greys = [40 + 3 * i for i in range(count)]
    pixels = drawn(greys, ["W"] * count, tmp_path / "a.png")
    assert pixels.shape == size
    assert all(blocks(pixels, grey) > 60 * 60 for grey in greys)


def test_pictures_stand_in_reading_order(tmp_path: Path) -> None:
    greys = [40 + 10 * i for i in range(12)]
    pixels = drawn(greys, list("ABCDEFGHIJKL"), tmp_path / "a.png")
    centres = [np.median(np.argwhere(abs(pixels - grey) <= 1), axis=0) for grey in greys]
    places = sorted(range(12), key=lambda i: (centres[i][0] > 145, centres[i][1]))
    assert places == list(range(12))


def test_of_many_the_first_sixty_are_shown(tmp_path: Path) -> None:
    pixels = drawn([40 + 2 * i for i in range(100)], ["A"] * 100, tmp_path / "a.png")
    assert blocks(pixels, 40 + 2 * 59) > 60 * 60
    assert blocks(pixels, 40 + 2 * 60) < 1000
    full = drawn([40 + 2 * i for i in range(60)], ["A"] * 60, tmp_path / "b.png")
    assert (pixels[-25:] < 128).sum() > 100  # "the first 60 of 100 pictures"
    assert (full[-5:] < 128).sum() == 0


def test_what_stands_above_a_picture(tmp_path: Path) -> None:
    def title(letter: str) -> NDArray[np.int64]:
        return drawn([255], [letter], tmp_path / "a.png")[:40]

    assert (title("A") < 128).sum() > 30
    assert not np.array_equal(title("A"), title("B"))
    # A picture that could not be read has a word and no probability.
    assert (title("") < 128).sum() > 1.2 * (title("i") < 128).sum()


@pytest.mark.parametrize("letter", ["漢", "$", "\\", "_", "^", "{", "%"])
def test_any_letter_can_be_written(tmp_path: Path, letter: str) -> None:
    assert blocks(drawn([100], [letter], tmp_path / "a.png"), 100) > 60 * 60


def test_a_blank_picture_has_a_word_and_no_probability(tmp_path: Path) -> None:
    def title(letter: str, probability: float) -> bytes:
        image = np.full((1, 1, 16, 16), 255, dtype=np.uint8)
        draw_gallery(image, [letter], [probability], tmp_path / "a.png")
        with Image.open(tmp_path / "a.png") as drawn:
            return np.asarray(drawn.convert("L"))[:40].tobytes()

    assert title("blank", 0.1) == title("blank", 0.9)
    assert title("B", 0.1) != title("B", 0.9)
    assert len({title(letter, 0.5) for letter in ("blank", "", "B")}) == 3
