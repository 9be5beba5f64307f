"""Pictures that stand in the page itself, as data URIs."""

from __future__ import annotations

import base64
import io
import math
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LARGEST = 64  # pixels a side; larger ones are made smaller
SHEET_LARGEST = 32  # of the many pictures in one
IN_A_ROW = 50
QUALITY = 80  # of WebP: a quarter of what PNG takes, and no letter looks another
STEPS = 33  # colours from one end to the other: few, for each picture holds them all
# Vermilion and blue, which colour-blind readers tell apart, white between them.
ENDS = np.array([[0, 114, 178], [255, 255, 255], [213, 94, 0]], dtype=np.float64)
PALE = 0.45  # how much of the picture shines through its map

Greys = NDArray[np.uint8]
Values = NDArray[np.float32]


def stretched(values: Values) -> Greys:
    """From its own black to its own white, (H, W)."""
    low, high = float(values.min()), float(values.max())
    greys: Greys = ((values - low) * (255 / max(high - low, 1e-6))).round().astype(np.uint8)
    return greys


def image(greys: Greys, says: str) -> str:
    return _element(_within(Image.fromarray(greys), LARGEST), says)


def signed_image(values: Values, says: str) -> str:
    """Blue below 0, orange above, the farthest from 0 the strongest: (H, W)."""
    shares = values / max(float(np.abs(values).max()), 1e-30)  # -1 .. 1
    places = ((shares + 1) / 2 * (STEPS - 1)).round().astype(np.uint8)
    picture = Image.fromarray(places, mode="P")
    stops = np.linspace(-1, 1, STEPS)
    colours = np.stack([np.interp(stops, (-1, 0, 1), ENDS[:, c]) for c in range(3)], axis=1)
    picture.putpalette(colours.round().astype(np.uint8).tobytes())
    return _element(picture, says)


def map_image(values: Values, greys: Greys, says: str) -> str:
    """The same over a pale picture, which shows where in the letter a colour is."""
    shares = values / max(float(np.abs(values).max()), 1e-30)
    strength = np.sqrt(np.abs(shares))[..., None]  # so that what is weak can be seen, too
    ends = np.where(shares[..., None] < 0, ENDS[0], ENDS[2])
    ground = 255 - (255 - greys[..., None].astype(np.float64)) * PALE
    mixed = ground * (1 - strength) + ends * strength  # (H, W, 3)
    picture = Image.fromarray(mixed.round().astype(np.uint8))
    return _element(_within(picture, LARGEST), says)


def sheet(pictures: Greys) -> tuple[str, int]:
    """All of them (N, H, W) side by side, `IN_A_ROW`, as a data URI, and the pixels a side."""
    side = min(pictures.shape[-1], SHEET_LARGEST)
    rows = math.ceil(len(pictures) / IN_A_ROW)
    whole = Image.new("L", (side * min(IN_A_ROW, len(pictures)), side * rows))
    for place, greys in enumerate(pictures):
        row, column = divmod(place, IN_A_ROW)
        small = _within(Image.fromarray(greys), side)
        whole.paste(small, (column * side, row * side))
    return _uri(whole, "WEBP", quality=QUALITY), side


def _within(picture: Image.Image, most: int) -> Image.Image:
    side = max(picture.size)
    if side <= most:
        return picture
    width, height = (max(1, round(n * most / side)) for n in picture.size)
    return picture.resize((width, height), Image.Resampling.BOX)


def _element(picture: Image.Image, says: str) -> str:
    width, height = picture.size
    source = _uri(picture, "PNG", optimize=True)
    return f'<img src="{source}" width="{width}" height="{height}" alt="{escape(says)}">'


def _uri(picture: Image.Image, kind: str, **how: Any) -> str:
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
