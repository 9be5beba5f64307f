"""What the units of a first layer weigh, a picture a unit."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_UNITS, MOST_PIXELS = 64, 2**18  # that are shown, and of them together
COLUMNS, GAP = 8, 1  # pictures in a row; pixels between two
RED, BLUE, MIDDLE = (178, 24, 43), (33, 102, 172), (247, 247, 247)  # told apart by all eyes
STEPS = 127  # of a colour: a picture with a palette takes a third of the room


def picture_of_units(weights: NDArray[np.float32]) -> Image.Image:
    """Of the first units (N, H, W): red adds, blue takes off, each unit by its own largest."""
    side = weights.shape[1]
    shown = weights[: max(1, min(MOST_UNITS, MOST_PIXELS // side**2))]
    largest = np.abs(shown).max(axis=(1, 2), keepdims=True)
    shares = shown / np.maximum(largest, np.finfo(np.float32).tiny)  # -1 .. 1
    picture = Image.fromarray(_in_rows(np.rint(STEPS * (shares + 1)).astype(np.uint8)))
    picture.putpalette(_palette())
    return picture


def _palette() -> list[int]:
    """0 is blue, STEPS nothing, 2 STEPS red, and the next one white."""
    depths = np.abs(np.linspace(-1, 1, 2 * STEPS + 1))[:, None]
    ends = np.array([BLUE] * STEPS + [RED] * (STEPS + 1))
    colours = np.rint(np.array(MIDDLE) + depths * (ends - np.array(MIDDLE))).astype(int)
    return [*colours.flatten().tolist(), 255, 255, 255]


def _in_rows(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, H, W) -> one picture, white between them and where there is none."""
    columns = min(COLUMNS, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    missing = rows * columns - len(pictures)
    spaced = np.pad(pictures, ((0, missing), (0, GAP), (0, GAP)), constant_values=2 * STEPS + 1)
    high, wide = spaced.shape[1:]
    together = spaced.reshape(rows, columns, high, wide).transpose(0, 2, 1, 3)
    grid: NDArray[np.uint8] = together.reshape(rows * high, columns * wide)
    return grid


def png_of(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()
