"""What the network is fed: pictures as they are, normalised, and deformed for some steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from charrec.figures.png import save

Rows = Sequence[tuple[str, NDArray[np.float32]]]  # name, and pictures (N, H, W) for it
GAP = 1  # pixels between two pictures


def draw_inputs(rows: Rows, out: Path) -> None:
    """Write a PNG with a row of pictures below the other, each stretched from its own black to
    its own white."""
    pictures = len(rows[0][1])
    figure = Figure(figsize=(0.75 * pictures + 1.6, 0.78 * len(rows) + 0.3), layout="constrained")
    for axes, (name, row) in zip(
        figure.subplots(len(rows), 1, squeeze=False).flat, rows, strict=True
    ):
        axes.imshow(_in_a_row(row), cmap="gray", interpolation="nearest", aspect="auto")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    save(figure, out, dpi=110)


def _in_a_row(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, H, W) -> (H, N · (W + GAP)) in 0 .. 1, white between them."""
    darkest, lightest = (f(pictures, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    greys = (pictures - darkest) / np.maximum(lightest - darkest, 1e-6)
    spaced = np.pad(greys, ((0, 0), (0, 0), (0, GAP)), constant_values=1)
    return np.concatenate(spaced, axis=1)
