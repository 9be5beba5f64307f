"""Pictures side by side, each with the letter that was read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from charrec.data.blank import BLANK
from charrec.data.pictures import Grey
from charrec.figures.png import save

MOST = 60  # pictures in one figure
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
    rows = math.ceil(shown / columns)
    figure = Figure(figsize=(max(columns, 2), 1.35 * rows + 0.2), layout="constrained")
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, image, letter, probability in zip(
        figure.axes, images, letters, probabilities, strict=False
    ):
        axes.imshow(image[0], cmap="gray", vmin=0, vmax=255)
        title = WITHOUT_PROBABILITY.get(letter, f"{letter}  {probability:.0%}")
        axes.set_title(title, fontsize=10, parse_math=False)
    of = len(images) if of is None else of
    if of > shown:
        figure.supxlabel(f"the first {shown} of {of:,} pictures", fontsize=9)
    save(figure, out, dpi=100)
