"""Parallel coordinates: one line an experiment, from setting to setting to its accuracy."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes as Plot
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from charrec.figures.comparison import BEST, LIGHTEST, Axis, Parallel
from charrec.figures.png import save
from charrec.figures.style import DPI, QUIET, new_figure, title

BEND = np.linspace(0, 1, 24)
EASED = (1 - np.cos(np.pi * BEND)) / 2  # level at both axes, so that the eye follows a line


def draw_parallel(parallel: Parallel, out: Path) -> None:
    """Write the experiments as a PNG, the lighter the more accurate, the best in front."""
    figure, plot = new_figure(height=5.2)
    figure.set_layout_engine("none")
    plot.set_position((0.03, 0.02, 0.94, 0.84))
    plot.set_axis_off()
    low, high = min(parallel.accuracies), max(parallel.accuracies)
    shares = (np.array(parallel.accuracies) - low) / ((high - low) or 1)
    paths = [_bent(line) for line in parallel.lines]
    colours = colormaps["viridis"](LIGHTEST * shares)
    plot.add_collection(LineCollection(paths, colors=colours, linewidths=1.5, alpha=0.8))
    plot.plot(*paths[-1].T, color=BEST, linewidth=3, alpha=0.9)
    for number, axis in enumerate(parallel.axes):
        _draw_axis(plot, number, axis, last=number == len(parallel.axes) - 1)
    ends = 0.06 * len(parallel.axes)  # room for the words at both
    plot.set(xlim=(-ends, len(parallel.axes) - 1 + 1.3 * ends), ylim=(-0.02, 1.16))
    count = len(parallel.lines)
    title(
        plot,
        f"{count} experiments, from their settings to their accuracy"
        if count > 1
        else "1 experiment",
        f"best: {parallel.names[-1]}, {parallel.accuracies[-1]:.1%}",
    )
    save(figure, out, dpi=DPI)


def _bent(line: tuple[float, ...]) -> NDArray[np.float64]:
    """Points (N, 2) from axis to axis."""
    pieces = [
        np.column_stack((number + BEND, start + (end - start) * EASED))
        for number, (start, end) in enumerate(pairwise(line))
    ]
    return np.concatenate(pieces)


def in_lines(name: str, longest: int = 12) -> str:
    """A long name over several lines, broken after spaces, dots and underscores."""
    lines = [""]
    for part in re.findall(r"[^ ._]*[ ._]|[^ ._]+", name):
        if lines[-1] and len(lines[-1]) + len(part) > longest:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def _draw_axis(plot: Plot, number: int, axis: Axis, last: bool) -> None:
    plot.plot([number, number], [0, 1], color="0.2", linewidth=1.2, zorder=4)
    weight = "bold" if last else "normal"
    words = in_lines(axis.title)
    plot.text(number, 1.03, words, ha="center", fontsize=11, fontweight=weight, parse_math=False)
    for place, words in axis.ticks:
        plot.text(
            number + 0.025,
            place,
            words,
            va="center",
            fontsize=10,
            color=QUIET,
            zorder=5,
            parse_math=False,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1},
        )
