"""Mean accuracy for each pair of values of two settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from charrec.figures.comparison import MOST_CELLS, Heat, words_in
from charrec.figures.png import save
from charrec.figures.style import DPI, FAINT, QUIET, new_figure, percent, title

CELL = 0.62  # inches, at least, so that two lines fit
MOST_WIDE = 8  # columns; with more the words are shorter and smaller


def draw_heat_map(heat: Heat, out: Path) -> None:
    """Write the means as a PNG; cells without a completed experiment are hatched."""
    figure, axes = new_figure(height=max(3.6, 1.8 + CELL * len(heat.down)))
    means = np.array([[np.nan if m is None else m for m in row] for row in heat.means])
    low, high = np.nanmin(means), np.nanmax(means)
    if low == high:
        low, high = low - 0.01, high + 0.01
    shown = axes.imshow(means, cmap="viridis", vmin=low, vmax=high, aspect="auto")
    _name(axes, heat)
    for row, column in np.ndindex(means.shape):
        _write(axes, heat, row, column, (means[row, column] - low) / (high - low))
    title(
        axes,
        "Validation accuracy by {} and {}".format(*heat.settings),
        "mean over all other settings, n experiments; "
        f"the two strongest settings of at most {MOST_CELLS} values",
    )
    figure.colorbar(shown, format=percent(low, high), pad=0.02)
    save(figure, out, dpi=DPI)


def _name(axes: Axes, heat: Heat) -> None:
    """Values along both sides, and a line between neighbours."""
    down, across = heat.settings
    axes.set(xlabel=across, ylabel=down)
    axes.set_xticks(range(len(heat.across)), heat.across, parse_math=False)
    axes.set_yticks(range(len(heat.down)), heat.down, parse_math=False)
    axes.tick_params(length=0, labelsize=10)
    axes.spines[:].set_visible(False)
    axes.hlines(np.arange(len(heat.down) - 1) + 0.5, *axes.get_xlim(), color="white", linewidth=1)
    axes.vlines(np.arange(len(heat.across) - 1) + 0.5, *axes.get_ylim(), color="white", linewidth=1)


def _write(axes: Axes, heat: Heat, row: int, column: int, share: float) -> None:
    mean, narrow = heat.means[row][column], len(heat.across) > MOST_WIDE
    if mean is None:
        _hatch(axes, row, column)
        ink = QUIET
    else:
        ink = "white" if share < 0.6 else "black"
    words = words_in(mean, heat.completed[row][column], heat.tried[row][column], narrow)
    size = 8 if narrow else 10.5
    axes.text(column, row, words, ha="center", va="center", color=ink, fontsize=size)


def _hatch(axes: Axes, row: int, column: int) -> None:
    corner = (column - 0.5, row - 0.5)
    axes.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor=FAINT, hatch="///"))
