"""Accuracy against size: dots where the numbers are, a line along the best."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pixels import Pixels, drawn, places

from charrec.figures.comparison import BEST, PLAIN, Comparison, Key, Spot
from charrec.figures.sizes import draw_sizes
from charrec.figures.style import colour_of


def picture(out: Path, *spots: Spot, key: Key | None = None) -> Pixels:
    comparison = Comparison((), None, None, None, spots, key)
    return drawn(partial(draw_sizes, comparison), out / "a.png")


def spot(parameters: int, accuracy: float, group: str = "", deviation: float | None = None) -> Spot:
    return Spot("lr=1", "0", parameters, accuracy, deviation, group)


def centre(pixels: Pixels, colour: str) -> tuple[float, float]:
    row, column = np.median(places(pixels[100:600], colour, near=45), axis=0)
    return float(row), float(column)


@pytest.mark.parametrize(
    ("sizes", "share"),
    [((1000, 1500, 2000), 0.5), ((1000, 10_000, 1_000_000), 1 / 3), ((10, 250, 1000), 0.699)],
)
def test_dots_stand_where_the_numbers_are(
    tmp_path: Path, sizes: tuple[int, int, int], share: float
) -> None:
    """On a logarithmic axis where the sizes span much."""
    key = Key("lr", ("none of them", "1", "2", "3"))  # the first is nearly black
    spots = [spot(size, 0.9 - 0.2 * n, str(n + 1)) for n, size in enumerate(sizes)]
    pixels = picture(tmp_path, *spots, key=key)
    (top, left), (middle, between), (bottom, right) = (
        centre(pixels, colour_of(key, value)) for value in key.values[1:]
    )
    assert (between - left) / (right - left) == pytest.approx(share, abs=0.01)
    assert (bottom - top) / (middle - top) == pytest.approx(2, rel=0.02)


def test_the_line_joins_the_best_of_each_size(tmp_path: Path) -> None:
    rising = picture(tmp_path, spot(1000, 0.5), spot(2000, 0.7), spot(1500, 0.4))
    falling = picture(tmp_path, spot(1000, 0.7), spot(2000, 0.5), spot(1500, 0.4))
    assert len(places(rising, BEST)) > len(places(falling, BEST)) + 1000


def test_deviations_are_bars(tmp_path: Path) -> None:
    # Two dots below and above, so that the axes are the same.
    frame = (spot(1000, 0.2), spot(2000, 0.9))
    without = picture(tmp_path, *frame, spot(1500, 0.5))
    with_bar = picture(tmp_path, *frame, spot(1500, 0.5, deviation=0.1))
    assert len(places(with_bar, PLAIN, 60)) > len(places(without, PLAIN, 60)) + 100


@pytest.mark.parametrize("count", [1, 300])
def test_any_number(tmp_path: Path, count: int) -> None:
    pixels = picture(tmp_path, *(spot(1000 + n, 0.5 + n / 1000) for n in range(count)))
    assert len(places(pixels, BEST)) > 50
