"""Each picture decoded once: what its file says of itself, and what tells it from others."""

from __future__ import annotations

import io
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from PIL import Image

from charrec.data.duplicates import SIDE
from charrec.data.findings import About
from charrec.data.grey import upright_grey
from charrec.data.pictures import (
    Grey,
    in_chunks,
    open_picture,
    pillow_quiet,
    refuse_shortage,
    square,
    what_is_wrong,
)
from charrec.ordinary import LARGEST_PICTURE, read_ordinary

LOSS = {"WEBP": 30.0, "AVIF": 30.0, "JPEG2000": 30.0, "GIF": 5.0}  # of a middling quality


class Seen(NamedTuple):
    about: About
    loss: float  # grey levels from one step of the compression to the next; 0 for lossless
    contents: bytes  # equal for files of equal bytes
    pixels: bytes  # equal for pictures that training takes for the same


def survey(paths: Sequence[str], image_size: int) -> tuple[list[Seen | str], Grey]:
    """Each file as `Seen`, or what is wrong with it, and small grey versions (N, SIDE, SIDE).

    A picture that cannot be decoded is left black.
    """
    small: Grey = np.zeros((len(paths), SIDE, SIDE), dtype=np.uint8)

    def look_at_some(chunk: slice) -> list[Seen | str]:
        pairs = zip(paths[chunk], small[chunk], strict=True)
        return [_look(path, image_size, out) for path, out in pairs]

    with pillow_quiet():
        return [seen for some in in_chunks(look_at_some, len(paths)) for seen in some], small


def _look(path: str, image_size: int, small: Grey) -> Seen | str:
    try:
        data = read_ordinary(path, LARGEST_PICTURE)
        with open_picture(io.BytesIO(data)) as image:
            grey = upright_grey(image)
            small[:] = square(grey, SIDE)
            pixels = small if image_size == SIDE else square(grey, image_size)
            about = About(str(image.format), image.mode, *grey.size)
            digests = (sha256(shown).digest() for shown in (data, pixels.tobytes()))
            return Seen(about, _loss(image), *digests)
    except Exception as error:  # Pillow's decoders raise whatever a broken file leads them to
        refuse_shortage(error, path)
        return what_is_wrong(path, error).strip(": ")


def _loss(image: Image.Image) -> float:
    tables = getattr(image, "quantization", None)  # of a JPEG
    return float(np.mean(tables[min(tables)])) if tables else LOSS.get(str(image.format), 0.0)
