"""Looking at a PNG."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.int64]  # (H, W, 3)


def drawn(draw: Callable[[Path], None], out: Path) -> Pixels:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # labels that do not fit, say
        draw(out)
    with Image.open(out) as image:
        assert image.format == "PNG"
        assert image.width == 1350
        return np.asarray(image.convert("RGB")).astype(int)


def places(pixels: Pixels, colour: str, near: int = 10) -> NDArray[np.int64]:
    """(row, column) of each pixel of a colour."""
    return np.argwhere(np.abs(pixels - np.array(to_rgb(colour)) * 255).max(axis=2) < near)
