"""The reliability diagram: dots where the numbers are, the ideal beside them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pixels import Pixels, drawn, places

from charrec.calibration import Bin
from charrec.figures.comparison import BEST, PLAIN
from charrec.figures.reliability import draw_reliability


def one(probability: float, accuracy: float, count: int = 10) -> Bin:
    return Bin(0, 1, count, probability, accuracy)


EMPTY = Bin(0, 1, 0, None, None)


def picture(out: Path, calibrated: list[Bin], before: list[Bin]) -> Pixels:
    return drawn(partial(draw_reliability, calibrated, before), out / "a.png")


def centre(pixels: Pixels, colour: str) -> tuple[float, float]:
    """Of the dots, as shares of the axes: right, up; lines are thin, and the key is left out."""
    found = places(pixels, colour)
    row, column = np.median(found[found[:, 1] > 450], axis=0)
    height, width = pixels.shape[:2]
    across = (column / width - 0.085) / 0.9 * 1.02
    up = ((1 - row / height) - 0.1) / 0.78 * 1.02
    return float(across), float(up)


@pytest.mark.parametrize(("probability", "accuracy"), [(0.5, 0.25), (0.9, 1.0), (0.65, 0.65)])
def test_a_dot_stands_where_the_numbers_are(
    probability: float, accuracy: float, tmp_path: Path
) -> None:
    pixels = picture(tmp_path, [one(probability, accuracy), EMPTY], [one(0.8, 0.1)])
    assert centre(pixels, PLAIN) == pytest.approx((probability, accuracy), abs=0.01)
    assert centre(pixels, BEST) == pytest.approx((0.8, 0.1), abs=0.01)


def test_the_area_of_a_dot_is_its_share(tmp_path: Path) -> None:
    def area(count: int) -> int:
        bins = [one(0.6, 0.5, count), one(0.0, 0.0, 100 - count)]
        found = places(picture(tmp_path, bins, [EMPTY]), PLAIN, near=40)
        column, row = 1350 * (0.085 + 0.9 * 0.6 / 1.02), 750 * (0.9 - 0.78 * 0.5 / 1.02)
        return int((np.hypot(found[:, 1] - column, found[:, 0] - row) < 20).sum())

    assert area(90) / area(30) == pytest.approx(3, rel=0.35)


def test_bins_that_hold_nothing_are_left_out(tmp_path: Path) -> None:
    alone = picture(tmp_path, [one(0.7, 0.7)], [EMPTY] * 15)
    among = picture(tmp_path, [EMPTY, one(0.7, 0.7), EMPTY], [EMPTY] * 15)
    assert np.array_equal(alone, among)
    assert len(places(alone, BEST)) == 0


def test_no_answers_at_all_are_drawn_too(tmp_path: Path) -> None:
    assert picture(tmp_path, [EMPTY] * 15, [EMPTY] * 15).shape == (750, 1350, 3)
