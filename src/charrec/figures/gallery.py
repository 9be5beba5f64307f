"""Pictures side by side, each with the letter that was read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from charrec.data.blank import BLANK
from charrec.data.pictures import Grey
from charrec.figures.png import save

MOST = 60  # pictures in one figure
WIDE, HIGH = 1.0, 1.35  # inches, for a picture with what stands above it
SIDE, BELOW = 0.92, 0.16  # of the picture itself, and what is left below it
WITHOUT_PROBABILITY = {"": "unreadable", BLANK: BLANK}


def draw_gallery(
    images: Grey,
    letters: Sequence[str],
    probabilities: Sequence[float],
    out: Path,
    of: int | None = None,
) -> None:
    """Write the first pictures (N, 1, H, W), `of` so many, as a PNG, with letter and probability.

    The letter of a picture that could not be read is "", that of an empty one "blank".
    """
    shown = min(len(images), MOST)
    columns = min(shown, 10)
    width, height = max(columns, 2) * WIDE, math.ceil(shown / columns) * HIGH + 0.2
    figure = Figure(figsize=(width, height))
    # All in one: axes of their own for each picture take five times as long to draw.
    axes = figure.add_axes((0, 0, 1, 1))
    write = partial(axes.text, ha="center", va="center")
    for i in range(shown):
        centre = (width - columns * WIDE) / 2 + (i % columns + 0.5) * WIDE
        bottom = (i // columns + 1) * HIGH - BELOW
        sides = (centre - SIDE / 2, centre + SIDE / 2, bottom, bottom - SIDE)
        axes.imshow(images[i, 0], cmap="gray", vmin=0, vmax=255, extent=sides, aspect="auto")
        title = WITHOUT_PROBABILITY.get(letters[i], f"{letters[i]}  {probabilities[i]:.0%}")
        write(centre, bottom - SIDE - 0.13, title, parse_math=False)
    of = len(images) if of is None else of
    if of > shown:
        write(width / 2, height - 0.13, f"the first {shown} of {of:,} pictures", fontsize=9)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    save(figure, out, dpi=100)
