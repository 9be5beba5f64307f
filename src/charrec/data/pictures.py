"""A picture of any kind becomes grey, square and uint8: the same for training, test, prediction."""

from __future__ import annotations

import errno
import logging
import math
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from threading import Condition
from typing import IO, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from charrec.data.formats import FORMATS
from charrec.data.grey import upright_grey
from charrec.data.letters import CURE, summarise
from charrec.errors import UserError, printable
from charrec.ordinary import LARGEST_PICTURE, open_ordinary

Grey = NDArray[np.uint8]
Result = TypeVar("Result")
PREPROCESSING = 1  # one more with every change that makes other pixels of the same file
MOST_PIXELS = 40_000_000  # a few bytes can claim more and fill the memory
SMALL = 2**20  # pixels that are decoded without a look at what else is being decoded
SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
TILE_WIDTH, TILE_LENGTH = 322, 323  # tags of TIFF
# What Pillow logs of broken pictures stands in the errors, and would otherwise go to stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class Budget:
    """So many pixels are decoded at a time, by however many threads; who wants more waits."""

    def __init__(self, pixels: int) -> None:
        self._left = pixels
        self._changed = Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: pixels <= self._left)
            self._left -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._left += pixels
                self._changed.notify_all()


_budget = Budget(MOST_PIXELS)


class Elsewhere(Exception):
    """The picture is large, and for the process whose threads share the budget."""


class _OfAnother(Budget):
    def taken(self, pixels: int) -> NoReturn:
        raise Elsewhere(pixels)


def leave_large_ones() -> None:
    """From now on this process raises `Elsewhere` for a picture of more than `SMALL` pixels."""
    global _budget
    _budget = _OfAnother(0)


def read_picture(path: str | Path, image_size: int) -> Grey:
    """The picture as (image_size, image_size) uint8, stretched, turned upright by its EXIF tag.

    Raises:
        UserError: the file is missing, empty, cut off, too large, or not a picture.
    """
    with pillow_quiet():
        return read_at(path, [image_size])[0]


@contextmanager
def pillow_quiet(modules: str = "") -> Iterator[None]:
    """Pillow warns of odd tags in good pictures; what is wrong with a picture is an error here.

    Not for use inside threads: the filters of warnings belong to the whole process. Where others
    are at work meanwhile, `modules`, an expression, says whose warnings are meant.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=modules)
        yield


def decode(file: str | Path | IO[bytes], image_size: int) -> Grey:
    """As `read_picture`, with Pillow's own errors, whatever they are."""
    return _decode_at(file, [image_size])[0]


def _decode_at(file: str | Path | IO[bytes], sizes: Iterable[int]) -> list[Grey]:
    with open_picture(file) as image:
        grey = upright_grey(image)
        return [square(grey, size) for size in sizes]


@contextmanager
def open_picture(file: str | Path | IO[bytes]) -> Iterator[Image.Image]:
    """A picture of which nothing is decoded yet, and which is of a kind and size to be decoded.

    Raises:
        ValueError: it is too large, or no ordinary file.
        Exception: whatever Pillow raises.
    """
    if isinstance(file, (str, Path)):
        with open_ordinary(file, LARGEST_PICTURE) as opened, open_picture(opened) as image:
            yield image
        return
    with _opened(file) as image:
        pixels = _pixels_of(image)
        with _budget.taken(pixels) if pixels > SMALL else nullcontext():
            yield image


def _opened(file: IO[bytes]) -> Image.Image:
    try:
        return Image.open(file, formats=_readable())
    except Image.DecompressionBombError as error:  # it does not say how wide and how high
        size = next(_sizes_claimed(file), None)
        told = "its" if size is None else f"{size[0]} x {size[1]}"
        raise ValueError(f"{told} pixels are over {MOST_PIXELS:,}") from error


def _sizes_claimed(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """As each kind of picture that the file may be of reads its beginning."""
    for kind in _readable():
        factory, accept = Image.OPEN[kind]
        file.seek(0)
        if accept is None or accept(file.read(16)) is True:
            file.seek(0)
            with suppress(Exception), factory(file, "") as image:
                yield image.size


@cache
def _readable() -> tuple[str, ...]:
    """Those of `FORMATS` that this Pillow knows."""
    Image.init()
    return tuple(kind for kind in FORMATS if kind in Image.OPEN)


def square(grey: Image.Image, image_size: int) -> Grey:
    return np.asarray(grey.resize((image_size, image_size), Image.Resampling.BILINEAR))


def read_at(path: str | Path, sizes: Iterable[int]) -> list[Grey]:
    """As `read_picture`, at several sizes, decoded once; for use within `pillow_quiet`."""
    try:
        return _decode_at(path, sizes)
    except Elsewhere:
        raise
    except Exception as e:  # Pillow's decoders raise whatever a broken file leads them to
        refuse_shortage(e, path)
        raise UserError(f"{printable(str(path))}{what_is_wrong(path, e)}") from e


def refuse_shortage(error: Exception, path: str | Path) -> None:
    """Raise what is the machine's fault and not the picture's."""
    if isinstance(error, OSError) and error.errno in SHORTAGES:
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def what_is_wrong(path: str | Path, error: Exception) -> str:
    """What stands behind the name of a picture that led to `error`: " is empty", say."""
    if isinstance(error, FileNotFoundError):
        return ": no such file"
    if isinstance(error, UnidentifiedImageError):
        return " is not a picture" if os.path.getsize(path) else " is empty"
    return f" cannot be read as a picture: {_in_a_line(error)}"


def _pixels_of(image: Image.Image) -> int:
    """How many pixels are held at a time to decode a picture."""
    tags = getattr(image, "tag_v2", {})  # a TIFF may consist of tiles larger than itself
    tile = tuple(int(tags.get(tag, 0)) for tag in (TILE_WIDTH, TILE_LENGTH))
    width, height = max(image.size, tile, key=math.prod)
    if width * height > MOST_PIXELS:
        raise ValueError(f"{width} x {height} pixels are over {MOST_PIXELS:,}")
    return width * height


def _in_a_line(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return " ".join((reason or str(error) or type(error).__name__).split())


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
            (image[0],) = read_at(path, [image_size])
        except UserError as error:
            return str(error)
        return None

    def read_some(chunk: slice) -> list[str | None]:
        return [read(image, path) for image, path in zip(images[chunk], paths[chunk], strict=True)]

    with pillow_quiet():
        errors = in_chunks(read_some, len(paths))
    return images, [error for some in errors for error in some]


def read_all_pictures(
    paths: Sequence[str | Path], image_size: int, named_in: str, cure: str = CURE
) -> Grey:
    """As `read_pictures`, but every picture must be readable.

    Raises:
        UserError: some are not; their count and the first few names.
    """
    images, errors = read_pictures(paths, image_size)
    broken = [error for error in errors if error]
    if broken:
        problem = summarise(broken, len(paths), "pictures cannot be read")
        raise UserError(f"{named_in}: {problem}\n{cure}")
    return images
