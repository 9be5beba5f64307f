"""The confusion matrix: colours are shares of a row, counts can be read, any alphabet fits."""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from charrec.figures.confusion import draw_confusion_matrix


def drawn(counts: NDArray[np.int64], alphabet: str, out: Path) -> NDArray[np.int64]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a glyph that the font lacks is no news
        draw_confusion_matrix(counts, alphabet, out)
    with Image.open(out) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def cells(pixels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The colour of each cell, at a place that its number leaves free."""
    black = (pixels < 60).all(axis=2)
    rows, columns = (np.flatnonzero(black.mean(axis=axis) > 0.7) for axis in (1, 0))
    (top, bottom), (left, right) = (rows[0], rows[-1]), (columns[0], columns[-1])
    at = (np.arange(count) + 0.2) / count
    y, x = top + at * (bottom - top), left + at * (right - left)
    found: NDArray[np.int64] = pixels[y.astype(int)[:, None], x.astype(int)[None]]
    return found


def test_colours_are_shares_of_the_true_letter(tmp_path: Path) -> None:
    counts = np.array([[3, 1, 0], [0, 200, 0], [0, 0, 0]])
    found = cells(drawn(counts, "ABC", tmp_path / "a.png"), 3)
    shares = np.array([[0.75, 0.25, 0], [0, 1, 0], [0, 0, 0]])
    expected = matplotlib.colormaps["Blues"](shares)[..., :3] * 255
    assert np.abs(found - expected).max() < 3


def test_a_count_is_written_in_its_cell(tmp_path: Path) -> None:
    """Dark on a light cell, light on a dark one, nothing where nothing was counted."""
    counts = np.array([[9, 1], [0, 5]])
    pixels = drawn(counts, "AB", tmp_path / "a.png")
    height, width = pixels.shape[:2]
    ink = []
    for y in (0.28, 0.68):
        for x in (0.32, 0.74):
            top, left = int(y * height), int(x * width)
            cell = pixels[top - 20 : top + 20, left - 20 : left + 20]
            ink.append(int(np.ptp(cell.sum(axis=2))))
    assert ink[0] > 300
    assert ink[1] > 300
    assert ink[2] == 0
    assert ink[3] > 300


def test_counts_can_be_told_from_each_other(tmp_path: Path) -> None:
    one, two = (drawn(np.array([[n, 0], [0, n]]), "AB", tmp_path / "a.png") for n in (1, 2))
    assert 20 < (one != two).any(axis=2).sum() < 400


@pytest.mark.parametrize(
    ("alphabet", "side"),
    [
        ("AB", 435),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 943),
        ("漢字$\\_{}", 435),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 1000))), 3630),  # nothing a screen cannot show
    ],
    ids=["2", "26", "glyphs", "1000"],
)
def test_any_alphabet_fits(tmp_path: Path, alphabet: str, side: int) -> None:
    pixels = drawn(np.eye(len(alphabet), dtype=np.int64), alphabet, tmp_path / "a.png")
    assert pixels.shape == (side, side, 3)
    if len(alphabet) < 100:
        darkest = cells(pixels, len(alphabet)).sum(axis=2).argmin(axis=1)
        assert darkest.tolist() == list(range(len(alphabet)))


def test_letters_that_were_called_blank_have_a_column(tmp_path: Path) -> None:
    counts = np.array([[3, 0, 1], [0, 1, 1]])
    pixels = drawn(counts, "AB", tmp_path / "a.png")
    black = (pixels < 60).all(axis=2)
    rows, columns = (np.flatnonzero(black.mean(axis=axis) > 0.5) for axis in (1, 0))
    (top, bottom), (left, right) = (rows[0], rows[-1]), (columns[0], columns[-1])
    assert (right - left) / (bottom - top) == pytest.approx(1.5, abs=0.05)
    y = top + ((np.arange(2) + 0.2) / 2 * (bottom - top)).astype(int)
    x = left + ((np.arange(3) + 0.2) / 3 * (right - left)).astype(int)
    shares = np.array([[0.75, 0, 0.25], [0, 0.5, 0.5]])
    expected = matplotlib.colormaps["Blues"](shares)[..., :3] * 255
    assert np.abs(pixels[y[:, None], x[None]] - expected).max() < 3
    below = pixels[bottom + 5 : bottom + 25].min(axis=2) < 100
    thirds = np.array_split(below[:, left : right + 1], 3, axis=1)
    assert all(third.any() for third in thirds), "each column has a name"
