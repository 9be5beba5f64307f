"""A picture of any kind becomes grey and upright: deep, transparent, turned by its EXIF tag."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

TILE = 1024  # pixels a side: what is done in floating point is done to so much at a time
TRANSPARENT_MODES = ("RGBA", "LA", "PA", "RGBa")
UPRIGHT = {  # by EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright_grey(image: Image.Image) -> Image.Image:
    grey = _grey(image)  # a quarter of the memory of colour, so it is what is turned
    turn = UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return grey if turn is None else grey.transpose(turn)


def _grey(image: Image.Image) -> Image.Image:
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        return _from_deep(image)
    if image.mode in TRANSPARENT_MODES or "transparency" in image.info:
        return _on_background(image)
    return image.convert("L")


def _tiles(image: Image.Image) -> Iterator[tuple[tuple[int, int], Image.Image]]:
    """The parts of a picture, none larger than TILE x TILE, each with its place (left, top)."""
    for top in range(0, image.height, TILE):
        for left in range(0, image.width, TILE):
            right, bottom = min(left + TILE, image.width), min(top + TILE, image.height)
            yield (left, top), image.crop((left, top, right, bottom))


def _by_tiles(image: Image.Image, to_grey: Callable[[Image.Image], Image.Image]) -> Image.Image:
    grey = Image.new("L", image.size)
    for place, tile in _tiles(image):
        grey.paste(to_grey(tile), place)
    return grey


def _from_deep(image: Image.Image) -> Image.Image:
    """16- and 32-bit grey: the smallest whole-number range that holds the values is scaled.

    Values of 16 bits always have the range of 16 bits; below 0 is black.
    """

    def values(tile: Image.Image) -> NDArray[np.float32]:
        return np.nan_to_num(np.asarray(tile, dtype=np.float32), posinf=0.0).clip(0)

    most = max(values(tile).max(initial=0) for _, tile in _tiles(image))
    ranges = (65535,) if image.mode.startswith("I;") else (1, 255, 65535)
    scale = 255 / next((white for white in ranges if most <= white), most)
    return _by_tiles(
        image, lambda tile: Image.fromarray((values(tile) * scale).round().astype(np.uint8))
    )


def _on_background(image: Image.Image) -> Image.Image:
    """A letter cut out of its background is laid on white, a light one on black."""
    inked = covered = 0.0
    for _, tile in _tiles(image):
        bands = tile.convert("RGBA").convert("LA").split()
        grey, alpha = (np.asarray(band, dtype=np.float32) for band in bands)
        inked += (grey * alpha).sum(dtype=np.float64)
        covered += alpha.sum(dtype=np.float64)
    ground = "black" if inked / max(covered, 1) > 127.5 else "white"

    def laid_on_it(tile: Image.Image) -> Image.Image:
        paper = Image.new("RGBA", tile.size, ground)
        return Image.alpha_composite(paper, tile.convert("RGBA")).convert("L")

    return _by_tiles(image, laid_on_it)
