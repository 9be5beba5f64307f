"""Pictures that are no letters, to see how sure a network is of what it has never learned.

They follow from the size alone, so that the figures of two networks can be compared. Networks of
several sizes that answer together are shown the same ones: drawn at the largest, then made smaller
as letters are, for noise that is drawn anew at another size is another noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from charrec.data.pictures import Grey, square

EACH = 100  # pictures of a kind of noise
SEED = 2024
LEAST_CONTRAST = 96  # grey values between a digit and its ground
DIGITS = "0123456789"
FONTS = (  # those with upright or slanted digits that matplotlib brings along
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
    "cmr10",
    "cmb10",
    "cmss10",
    "cmtt10",
)
Chance = np.random.Generator


def _uniform_noise(chance: Chance, size: int) -> Grey:
    return chance.integers(0, 256, (size, size), dtype=np.uint8)


def _normal_noise(chance: Chance, size: int) -> Grey:
    """Around some grey, faint or strong."""
    values = chance.normal(chance.uniform(64, 192), chance.uniform(8, 64), (size, size))
    return np.asarray(values.clip(0, 255), dtype=np.uint8)


def _blurred_noise(chance: Chance, size: int) -> Grey:
    """Clouds, from fine to coarse, from black to white."""
    radius = chance.uniform(1, 4) * size / 32  # pixels
    cloud = Image.fromarray(_uniform_noise(chance, size)).filter(ImageFilter.GaussianBlur(radius))
    values = np.asarray(cloud, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    stretched: Grey = ((values - low) * (255 / max(high - low, 1.0))).astype(np.uint8)
    return stretched


def _specks(chance: Chance, size: int) -> Grey:
    """A ground of one grey with pixels of another on it, one in a hundred to one in five."""
    ground, speck = chance.integers(0, 256, 2)
    hit = chance.random((size, size)) < chance.uniform(0.01, 0.2)
    specked: Grey = np.where(hit, speck, ground).astype(np.uint8)
    return specked


NOISE: dict[str, Callable[[Chance, int], Grey]] = {
    "uniform_noise": _uniform_noise,
    "normal_noise": _normal_noise,
    "blurred_noise": _blurred_noise,
    "specks": _specks,
}


def strangers(image_size: int, alphabet: str) -> dict[str, Grey]:
    """Pictures (N, 1, image_size, image_size) by kind; digits where the alphabet has none."""
    kinds = _strangers(image_size)
    letters_alone = not set(DIGITS) & set(alphabet)
    return {name: kinds[name] for name in kinds if name != "digits" or letters_alone}


def resized(pictures: Grey, image_size: int) -> Grey:
    """The same (N, 1, H, W) at another size; at their own as they are."""
    if pictures.shape[2] == image_size:
        return pictures
    return np.stack([square(Image.fromarray(each), image_size) for each in pictures[:, 0]])[:, None]


@cache  # for the runs of a sweep
def _strangers(size: int) -> dict[str, Grey]:
    kinds = {
        name: np.stack([draw(chance, size) for _ in range(EACH)])
        for name, draw in NOISE.items()
        for chance in [_chance(name)]
    }
    greys = np.arange(0, 256, 5, dtype=np.uint8)
    kinds["blank"] = np.broadcast_to(greys[:, None, None], (len(greys), size, size))
    if digits := list(_digits(size)):
        kinds["digits"] = np.stack(digits)
    return {name: pictures[:, None] for name, pictures in kinds.items()}


def _chance(kind: str) -> Chance:
    return np.random.default_rng([SEED, *kind.encode()])


def _digits(size: int) -> Iterator[Grey]:
    """Each digit in each font, dark on light and light on dark."""
    chance = _chance("digits")
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    fonts = [folder / f"{name}.ttf" for name in FONTS]
    there = [font for font in fonts if font.is_file()]  # some distributions leave fonts out
    for font, dark_on_light, digit in product(there, (True, False), DIGITS):
        yield _digit(chance, size, digit, font, dark_on_light)


def _digit(chance: Chance, size: int, digit: str, font: Path, dark_on_light: bool) -> Grey:
    dark = int(chance.integers(0, 255 - LEAST_CONTRAST))
    light = int(chance.integers(dark + LEAST_CONTRAST, 256))
    ink, ground = (dark, light) if dark_on_light else (light, dark)
    image = Image.new("L", (size, size), ground)
    written = ImageFont.truetype(font, chance.uniform(0.9, 1.15) * size)  # a digit has two thirds
    left, top, right, bottom = written.getbbox(digit)
    x, y = size / 2 + chance.uniform(-size / 16, size / 16, 2)  # of its middle
    corner = (float(x) - (left + right) / 2, float(y) - (top + bottom) / 2)
    ImageDraw.Draw(image).text(corner, digit, fill=ink, font=written)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(chance.uniform(0.2, 0.8) * size / 32)))
