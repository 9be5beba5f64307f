"""A picture of any kind becomes grey, square and uint8: the same for training, test, prediction."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from charrec.data.letters import summarise
from charrec.errors import UserError

Grey = NDArray[np.uint8]
Result = TypeVar("Result")
PREPROCESSING = 1  # one more with every change that makes other pixels of the same file
MOST_PIXELS = 80_000_000  # a few bytes can claim more and fill the memory
TRANSPARENT_MODES = ("RGBA", "LA", "PA", "RGBa")


def read_picture(path: str | Path, image_size: int) -> Grey:
    """The picture as (image_size, image_size) uint8, stretched, turned upright by its EXIF tag.

    Raises:
        UserError: the file is missing, empty, cut off, too large, or not a picture.
    """
    with pillow_quiet():
        return _read(path, image_size)


@contextmanager
def pillow_quiet() -> Iterator[None]:
    """Pillow warns of odd tags in good pictures; what is wrong with a picture is an error here.

    Not for use inside threads: the filters of warnings belong to the whole process.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decode(file: str | Path | IO[bytes], image_size: int) -> Grey:
    """As `read_picture`, with Pillow's own errors, whatever they are."""
    with Image.open(file) as image:
        _check_size(image)
        ImageOps.exif_transpose(image, in_place=True)  # else a copy, turned or not
        grey = _grey(image)
        return np.asarray(grey.resize((image_size, image_size), Image.Resampling.BILINEAR))


def _read(path: str | Path, image_size: int) -> Grey:
    try:
        return decode(path, image_size)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        problem = "is not a picture" if os.path.getsize(path) else "is empty"
        raise UserError(f"{path} {problem}") from None
    except Exception as e:  # Pillow's decoders raise whatever a broken file leads them to
        raise UserError(f"{path} cannot be read as a picture: {_in_a_line(e)}") from e


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"{image.width} x {image.height} pixels are over {MOST_PIXELS:,}")


def _in_a_line(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return " ".join((reason or str(error) or type(error).__name__).split())


def _grey(image: Image.Image) -> Image.Image:
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        return _from_deep(image)
    if image.mode in TRANSPARENT_MODES or "transparency" in image.info:
        return _on_background(image.convert("RGBA"))
    return image.convert("L")


def _from_deep(image: Image.Image) -> Image.Image:
    """16- and 32-bit grey: the smallest whole-number range that holds the values is scaled.

    Values of 16 bits always have the range of 16 bits; below 0 is black.
    """
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0.0).clip(0)
    most = values.max(initial=0)
    ranges = (65535,) if image.mode.startswith("I;") else (1, 255, 65535)
    white = next((white for white in ranges if most <= white), most)
    return Image.fromarray((values * (255 / white)).round().astype(np.uint8))


def _on_background(image: Image.Image) -> Image.Image:
    """A letter cut out of its background is laid on white, a light one on black."""
    grey, alpha = (np.asarray(band, dtype=np.float32) for band in image.convert("LA").split())
    ink = (grey * alpha).sum(dtype=np.float64) / max(alpha.sum(dtype=np.float64), 1)
    paper = Image.new("RGBA", image.size, "black" if ink > 127.5 else "white")
    return Image.alpha_composite(paper, image).convert("L")


def in_chunks(work: Callable[[slice], Result], count: int) -> list[Result]:
    """What `work` gives for each slice of `count` pictures, in their order, found by threads.

    The slices follow from `count` alone: short enough to share a few large pictures out, long
    enough that a million small ones make few tasks.
    """
    length = max(1, min(256, count // 64))
    slices = [slice(start, start + length) for start in range(0, count, length)]
    # Threads, because Pillow and the disk let go of the interpreter; more of them than there are
    # cores only wait for it.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, slices))


def read_pictures(paths: Sequence[str | Path], image_size: int) -> tuple[Grey, list[str | None]]:
    """All pictures as (N, 1, image_size, image_size), and for each its error or None.

    A picture that cannot be read is left black.
    """
    images: Grey = np.zeros((len(paths), 1, image_size, image_size), dtype=np.uint8)

    def read(image: Grey, path: str | Path) -> str | None:
        try:
            image[0] = _read(path, image_size)
        except UserError as error:
            return str(error)
        return None

    def read_some(chunk: slice) -> list[str | None]:
        return [read(image, path) for image, path in zip(images[chunk], paths[chunk], strict=True)]

    with pillow_quiet():
        errors = in_chunks(read_some, len(paths))
    return images, [error for some in errors for error in some]


def read_all_pictures(paths: Sequence[str | Path], image_size: int, named_in: str) -> Grey:
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
