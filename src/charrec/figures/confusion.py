"""The confusion matrix as a picture: which letter was read as which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray


def draw_confusion_matrix(counts: NDArray[np.int64], alphabet: str, out: Path) -> None:
    """Write counts (C, C), rows truth and columns answers, as a PNG; colour is the row's share."""
    size = max(4.0, 0.33 * len(alphabet))
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for truth, answer in zip(*counts.nonzero(), strict=True):
        ink = "white" if shares[truth, answer] > 0.5 else "black"
        count = counts[truth, answer]
        axes.text(answer, truth, count, ha="center", va="center", color=ink, fontsize=7)
    axes.set_xticks(range(len(alphabet)), list(alphabet))
    axes.set_yticks(range(len(alphabet)), list(alphabet))
    axes.set(xlabel="read as", ylabel="true letter")
    axes.tick_params(length=0)
    figure.savefig(out, dpi=110)
