"""What the units of the first layer look for."""

from __future__ import annotations

import numpy as np

from charrec.page.content import Content
from charrec.page.images import signed_image

MOST = 64  # units
STROKES = (
    " The network is fed edges in four directions, so that each picture is four of half the size: "
    "above, edges met on the way across and on the way down; below, those met along either "
    "diagonal."
)


def weights(content: Content) -> str:
    if content.weights is None:
        return ""
    units = len(content.weights)
    strength = np.linalg.norm(content.weights.reshape(units, -1), axis=1)
    strongest = np.argsort(-strength, kind="stable")[:MOST]
    pictures = "".join(
        signed_image(content.weights[unit], f"weights of unit {unit + 1}") for unit in strongest
    )
    which = f"All {units} units" if units <= MOST else f"The {MOST} strongest of {units:,} units"
    strokes = STROKES if content.settings.get("normalisation") == "strokes" else ""
    return (
        '<section id="weights"><h2>First layer</h2>\n'
        f"<p>{which}, the one with the largest weights first. Where a picture is "
        '<b class="for">orange</b> the unit answers more to what is light there, where it is '
        f'<b class="against">blue</b> less; white is no weight.{strokes}</p>\n'
        f'<div class="weights">{pictures}</div></section>'
    )
