"""The worst mistakes of a test, with their pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from charrec.data.pictures import Grey
from charrec.figures.png import save

MOST, COLUMNS = 32, 8  # pictures in the figure, and in a row


class Mistake(NamedTuple):
    place: int  # of the picture
    truth: str
    letter: str  # that was read, or "blank"
    probability: float | None  # of the letter; none of a blank


def draw_mistakes(mistakes: Sequence[Mistake], images: Grey, out: Path) -> None:
    """Write the first mistakes as a PNG, what was true and what was read above each.

    Args:
        images: of the whole test, (N, 1, H, W).
    """
    shown = mistakes[:MOST]
    rows = max(1, math.ceil(len(shown) / COLUMNS))
    figure = Figure(figsize=(1.05 * COLUMNS, 1.4 * rows + 0.4), layout="constrained")
    for axes in figure.subplots(rows, COLUMNS, squeeze=False).flat:
        axes.axis("off")
    for axes, mistake in zip(figure.axes, shown, strict=False):
        axes.imshow(images[mistake.place, 0], cmap="gray", vmin=0, vmax=255)
        axes.set_title(_words(mistake), fontsize=10, parse_math=False)
    figure.supxlabel(_below(len(shown), len(mistakes), len(images)), fontsize=9)
    save(figure, out, dpi=100)


def _words(mistake: Mistake) -> str:
    sure = "" if mistake.probability is None else f" {mistake.probability:.0%}"
    return f"{mistake.truth} → {mistake.letter}{sure}"


def _below(shown: int, mistakes: int, pictures: int) -> str:
    if not mistakes:
        return f"no mistake in {pictures} pictures"
    which = "all" if shown == mistakes else f"the {shown} surest of"
    return f"{which} {mistakes} mistakes in {pictures} pictures: truth → what was read, how surely"
