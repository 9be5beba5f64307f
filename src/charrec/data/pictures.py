"""A picture of any kind becomes grey, square and uint8: the same for training, test, prediction."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from charrec.data.letters import summarise
from charrec.errors import UserError

Grey = NDArray[np.uint8]
TRANSPARENT_MODES = ("RGBA", "LA", "PA", "RGBa", "La")


def read_picture(path: str | Path, image_size: int) -> Grey:
    """The picture as (image_size, image_size) uint8, stretched, turned upright by its EXIF tag.

    Raises:
        UserError: the file is missing, cut off, too large, or not a picture.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            upright = ImageOps.exif_transpose(image)
            return np.asarray(_grey(upright).resize((image_size,) * 2, Image.Resampling.BILINEAR))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise UserError(f"{path} is not a picture") from None
    except Exception as e:  # Pillow's decoders raise whatever a broken file leads them to
        raise UserError(f"{path} cannot be read as a picture: {e}") from e


def _grey(image: Image.Image) -> Image.Image:
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        return _from_deep(image)
    if image.mode in TRANSPARENT_MODES or "transparency" in image.info:
        return _on_background(image.convert("RGBA"))
    return image.convert("L")


def _from_deep(image: Image.Image) -> Image.Image:
    """16- and 32-bit grey: the smallest whole-number range that holds the values is scaled."""
    values = np.asarray(image, dtype=np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    white = next((w for w in (1, 255, 65535) if values.max(initial=0) <= w), values.max(initial=1))
    if image.mode != "F":
        white = max(white, 65535)
    return Image.fromarray((values.clip(0) * (255 / white)).astype(np.uint8))


def _on_background(image: Image.Image) -> Image.Image:
    """A letter cut out of its background is laid on white, a light one on black."""
    grey, alpha = (np.asarray(band, dtype=np.float64) for band in image.convert("LA").split())
    ink = (grey * alpha).sum() / max(alpha.sum(), 1)
    paper = Image.new("RGBA", image.size, "black" if ink > 127.5 else "white")
    return Image.alpha_composite(paper, image).convert("L")


def read_pictures(paths: Sequence[Path], image_size: int) -> tuple[Grey, list[str | None]]:
    """All pictures as (N, 1, image_size, image_size), and for each its error or None.

    A picture that cannot be read is left black.
    """
    images: Grey = np.zeros((len(paths), 1, image_size, image_size), dtype=np.uint8)

    def read(index: int) -> str | None:
        try:
            images[index, 0] = read_picture(paths[index], image_size)
        except UserError as error:
            return str(error)
        return None

    with ThreadPoolExecutor() as pool:  # Pillow lets go of the interpreter while it decodes
        return images, list(pool.map(read, range(len(paths))))


def read_all_pictures(paths: Sequence[Path], image_size: int, named_in: str) -> Grey:
    """As `read_pictures`, but every picture must be readable.

    Raises:
        UserError: some are not; their count and the first few names.
    """
    images, errors = read_pictures(paths, image_size)
    broken = [error for error in errors if error]
    if broken:
        problem = summarise(broken, len(paths), "pictures cannot be read")
        raise UserError(f"{named_in}: {problem}\nmend the files, or take them off the list")
    return images
