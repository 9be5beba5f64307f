"""The heat map: colours are means, and cells without one can be seen."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex
from pixels import Pixels, drawn, places

from charrec.figures.comparison import Heat
from charrec.figures.heat_map import draw_heat_map

Means = tuple[tuple[float | None, ...], ...]


def heat(means: Means, tried: int = 1) -> Heat:
    counts = tuple(tuple(int(m is not None) for m in row) for row in means)
    return Heat(
        settings=("hsize", "$lr_{"),
        down=tuple(str(row) for row in range(len(means))),
        across=tuple(str(column) for column in range(len(means[0]))),
        means=means,
        completed=counts,
        tried=tuple(tuple(tried for _ in row) for row in means),
    )


def picture(out: Path, means: Means, tried: int = 1) -> Pixels:
    return drawn(partial(draw_heat_map, heat(means, tried)), out / "a.png")


def viridis(share: float) -> str:
    return to_hex(colormaps["viridis"](share))


def test_colours_are_means_row_by_row(tmp_path: Path) -> None:
    pixels = picture(tmp_path, ((0.1, 0.3), (0.5, 0.2)))
    centres = {}
    for mean in (0.1, 0.2, 0.3, 0.5):
        spots = places(pixels[:, :1150], viridis((mean - 0.1) / 0.4), near=4)
        assert len(spots) > 20_000
        centres[mean] = np.median(spots, axis=0)
    assert abs(centres[0.1] - centres[0.3])[0] < 4
    assert abs(centres[0.5] - centres[0.2])[0] < 4
    assert abs(centres[0.1] - centres[0.5])[1] < 4
    assert centres[0.1][0] + 100 < centres[0.5][0]
    assert centres[0.1][1] + 300 < centres[0.3][1]


def test_an_empty_cell_is_hatched_and_says_why(tmp_path: Path) -> None:
    failed = picture(tmp_path, ((0.1, None), (0.5, 0.2)))
    untried = picture(tmp_path, ((0.1, None), (0.5, 0.2)), tried=0)
    right_above = (slice(100, 240), slice(660, 1150))
    hatched, other = failed[right_above], untried[right_above]
    grey = np.ptp(hatched, axis=2) < 6
    assert grey.mean() > 0.9
    assert 0.03 < ((hatched[..., 0] > 200) & (hatched[..., 0] < 245) & grey).mean() < 0.6
    assert (hatched != other).any()  # "0 of 1 completed", "not tried"


@pytest.mark.parametrize("shape", [(2, 2), (12, 12), (2, 12)])
def test_words_fit_into_cells(tmp_path: Path, shape: tuple[int, int]) -> None:
    """Nothing but the cell's colour along its edges, not even where n is large."""
    means = tuple(tuple(0.5 for _ in range(shape[1])) for _ in range(shape[0]))
    pixels = picture(tmp_path, means, tried=300)
    spots = places(pixels, viridis(0.5), near=3)
    counts = np.bincount(spots[:, 1], minlength=1350)
    spots = spots[counts[spots[:, 1]] > 100]  # the scale beside has few of this colour
    (top, left), (bottom, right) = spots.min(axis=0), spots.max(axis=0)
    inside = pixels[top : bottom + 1, left : right + 1]
    edges = np.linspace(0, inside.shape[1], shape[1] + 1).astype(int)[1:-1]
    for beside in (-4, 4):  # on either side of the line between two cells
        away = np.abs(inside[:, edges + beside] - inside[3, 3]).max(axis=2)
        assert (away > 30).mean() < 0.03  # lines between rows
