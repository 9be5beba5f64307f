"""Files that anybody may have put there: only ordinary ones of a bearable size are opened."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import IO

LARGEST_PICTURE = 64 * 2**20  # bytes; many a decoder takes in the whole file before anything else
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def odd_kind(mode: int) -> str | None:
    """``"a pipe"``, say, for the mode of something that is no ordinary file."""
    return next((words for holds, words in KINDS if holds(mode)), None)


def too_many_bytes(size: int, most: int) -> str | None:
    """What is wrong with a file of `size` bytes where `most` are allowed."""
    return f"has {size:,} bytes, over the {most:,} that are read" if size > most else None


def open_ordinary(path: str | Path, most: int, buffering: int = -1) -> IO[bytes]:
    """Open a file for reading, unless that could take forever.

    Raises:
        ValueError: it is a folder, a pipe or a device, or has more than `most` bytes.
        OSError: it is missing, or may not be read.
    """
    _refuse_odd(os.stat(path), most)  # before it is opened: that alone makes some devices act
    with ExitStack() as opened:
        file = opened.enter_context(open(path, "rb", buffering, opener=_at_once))
        _refuse_odd(os.fstat(file.fileno()), most)
        opened.pop_all()  # the caller closes it
    return file


def _at_once(path: str, flags: int) -> int:
    """A pipe that took the file's place a moment ago is not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _refuse_odd(about: os.stat_result, most: int) -> None:
    if kind := odd_kind(about.st_mode):
        raise ValueError(f"it is {kind}")
    if problem := too_many_bytes(about.st_size, most):
        raise ValueError(f"it {problem}")


def read_ordinary(path: str | Path, most: int) -> bytes:
    """All the bytes of a file.

    Raises:
        ValueError, OSError: as `open_ordinary`, and for a file that is just being written.
    """
    with open_ordinary(path, most, buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(size + 1)
    if len(data) != size:
        raise ValueError("it changes while it is read")
    return data
