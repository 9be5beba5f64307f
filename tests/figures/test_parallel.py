"""Parallel coordinates: lines pass where the settings are, the best in front."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pixels import Pixels, drawn, places

from charrec.figures.comparison import BEST, Axis, Parallel
from charrec.figures.parallel import draw_parallel, in_lines


def picture(out: Path, *lines: tuple[float, ...], title: str = "lr") -> Pixels:
    axes = tuple(Axis(title, ((0.0, "1"), (1.0, "$_"))) for _ in lines[0])
    accuracies = tuple(line[-1] for line in lines)
    parallel = Parallel(axes, lines, ("",) * len(lines), accuracies)
    return drawn(partial(draw_parallel, parallel), out / "a.png")


def test_the_best_passes_its_places(tmp_path: Path) -> None:
    """From the bottom to the top of three axes, whose ends are the highest and lowest dots."""
    pixels = picture(tmp_path, (1.0, 0.0, 0.0), (0.0, 0.5, 1.0))
    spots = places(pixels, BEST, near=60)
    rows, columns = spots.T
    bottom, top = rows.max(), rows.min()
    left, right = columns.min(), columns.max()
    middle = np.median(rows[abs(columns - (left + right) / 2) < 2])
    assert (bottom - middle) / (bottom - top) == pytest.approx(0.5, abs=0.02)
    assert abs(columns[rows.argmax()] - left) < 40
    assert abs(columns[rows.argmin()] - right) < 40
    assert pixels.shape == (780, 1350, 3)


def test_the_less_accurate_are_darker(tmp_path: Path) -> None:
    pixels = picture(tmp_path, (0.1, 0.0), (0.9, 0.9), (0.5, 1.0))
    between = pixels[:, 600:700]
    coloured = np.ptp(between, axis=2) > 40
    violet = coloured & (between.sum(axis=2) < 330)
    green = coloured & (between[..., 1] > 170) & (between[..., 2] < 130)
    low, high = (np.median(np.argwhere(place)[:, 0]) for place in (violet, green))
    assert low > high + 100  # rows count from the top


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("lr", "lr"),
        ("weight_decay", "weight_decay"),
        ("validation accuracy", "validation\naccuracy"),
        ("optimizer.options.eps", "optimizer.\noptions.eps"),
        ("steps_per_execution", "steps_per_\nexecution"),
        ("a" * 20, "a" * 20),
    ],
)
def test_long_names_take_several_lines(name: str, lines: str) -> None:
    assert in_lines(name) == lines


def test_three_hundred_lines_over_nine_axes(tmp_path: Path) -> None:
    lines = [(*(i * (axis + 1) / 300 % 1 for axis in range(8)), i / 300) for i in range(300)]
    assert len(places(picture(tmp_path, *lines, title="weight_decay"), BEST, near=60)) > 1000
