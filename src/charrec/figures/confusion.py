"""The confusion matrix as a picture: which letter was read as which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from charrec.figures.png import save

MOST_NAMED = 100  # letters; with more, the marks along the sides would cover each other
MARGIN = 0.6  # inches at the left and below, for the names; a layout engine takes twice the time


def draw_confusion_matrix(counts: NDArray[np.int64], alphabet: str, out: Path) -> None:
    """Write counts (C, C), rows truth and columns answers, as a PNG; colour is the row's share.

    A last column more, for letters that were answered "blank", is called □.
    """
    size = 0.33 * np.clip(len(alphabet), 12, MOST_NAMED)
    figure = Figure(figsize=(size, size))
    start, side = MARGIN / size, 1 - (MARGIN + 0.3) / size
    axes = figure.add_axes((start, start, side, side))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(alphabet) <= MOST_NAMED:
        _name(axes, counts, shares, alphabet)
    blank = counts.shape[1] > len(alphabet)
    axes.set(xlabel="read as (□: blank)" if blank else "read as", ylabel="true letter")
    axes.set_title("colour: share of the true letter's pictures", fontsize="small", loc="left")
    axes.tick_params(length=0)
    save(figure, out, dpi=110)


def _name(
    axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64], alphabet: str
) -> None:
    """Letters along both sides, a line between neighbours, and the counts that are not 0."""
    answers = [*alphabet, "□"][: counts.shape[1]]
    axes.set_xticks(range(len(answers)), answers, parse_math=False)
    axes.set_yticks(range(len(alphabet)), list(alphabet), parse_math=False)
    bottom, right = counts.shape
    axes.hlines(np.arange(bottom - 1) + 0.5, -0.5, right - 0.5, color="0.88", linewidth=0.5)
    axes.vlines(np.arange(right - 1) + 0.5, -0.5, bottom - 0.5, color="0.88", linewidth=0.5)
    for truth, answer in zip(*counts.nonzero(), strict=True):
        ink = "white" if shares[truth, answer] > 0.5 else "black"
        count = counts[truth, answer]
        axes.text(answer, truth, count, ha="center", va="center", color=ink, fontsize=7)
