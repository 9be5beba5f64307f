"""What somebody drew, or a file that may be anything: a picture at any size, or what is wrong."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from PIL import UnidentifiedImageError

from charrec.data.grey import upright_grey
from charrec.data.pictures import (
    Grey,
    decode,
    open_picture,
    refuse_shortage,
    square,
    what_is_wrong,
)
from charrec.errors import UserError, printable
from charrec.trying.sheet import cut_out

LARGEST = 16 * 2**20  # bytes: any photograph of a telephone's
LONGEST_NAME = 80  # letters of a file's name that are shown

Sized = Callable[[int], Grey]  # the picture, (1, size, size), at the size that is asked for


class Sent(NamedTuple):
    data: bytes  # of a file, whatever it holds
    name: str = "the drawing"
    drawn: bool = False  # on a white sheet, from which the letter is cut out


def opened(sent: Sent) -> Sized:
    """The same pixels as ``charrec.predict`` makes of the file; of a drawing only its ink.

    Raises:
        UserError: from the function that is returned: it is no picture, too large, or broken.
    """
    return cache(lambda size: _read(sent, size)[None])


def _read(sent: Sent, size: int) -> Grey:
    name = printable(sent.name)[:LONGEST_NAME]
    if len(sent.data) > LARGEST:
        raise UserError(f"{name} has over {LARGEST // 2**20} MiB; send a smaller picture")
    try:
        return _ink(sent.data, size) if sent.drawn else decode(io.BytesIO(sent.data), size)
    except UnidentifiedImageError as error:
        raise UserError(f"{name} is {'not a picture' if sent.data else 'empty'}") from error
    except Exception as error:  # Pillow's decoders raise whatever a broken file leads them to
        refuse_shortage(error, name)
        raise UserError(name + what_is_wrong(name, error)) from error


LARGEST_SHEET = 4096  # pixels a side: what is cut out is a square, which must fit into memory


def _ink(data: bytes, size: int) -> Grey:
    with open_picture(io.BytesIO(data)) as sheet:
        if max(sheet.size) > LARGEST_SHEET:
            raise ValueError(f"a drawing has at most {LARGEST_SHEET} pixels a side")
        return square(cut_out(upright_grey(sheet)), size)
