"""A folder of entries, each the pixels of a set of pictures, together of bounded size.

An entry is NumPy's .npy and behind it a digest of the whole. Reading one compares bytes and
interprets none: what is cut off, damaged or not ours counts as not there and is replaced.
"""

from __future__ import annotations

import io
import math
import os
import re
import time
import warnings
from contextlib import suppress
from hashlib import sha256  # the fastest of hashlib where the CPU has instructions for it
from pathlib import Path
from tempfile import mkstemp

import numpy as np

from charrec.data.pictures import Grey

MOST_BYTES = 4 * 2**30  # of all entries together
ABANDONED = 3600.0  # seconds without a write: the process that made a draft is gone
ENTRY, DRAFT = re.compile(r"charrec-[0-9a-f]{64}\.npy"), re.compile(r"charrec-\w+\.draft")
SEAL_BYTES = 32


def _header(shape: tuple[int, ...]) -> bytes:
    out = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, about)
    return out.getvalue()


def _seal(entry: Path, images: Grey) -> bytes:
    """With the name in it, so that a renamed entry does not pass for another."""
    digest = sha256(entry.name.encode() + _header(images.shape))
    digest.update(images.reshape(-1).data)
    return digest.digest()


def load(entry: Path, shape: tuple[int, ...]) -> Grey | None:
    """The pixels of an entry, or None where there is none that is whole."""
    header = _header(shape)
    size = len(header) + math.prod(shape) + SEAL_BYTES
    try:
        if os.path.getsize(entry) != size:  # before any memory is taken for it
            return None
        with open(entry, "rb") as file:
            if file.read(len(header)) != header:
                return None
            images = np.empty(shape, dtype=np.uint8)
            file.readinto(images.reshape(-1).data)
            if file.read() != _seal(entry, images):
                return None
    except OSError:
        return None
    with suppress(OSError):
        os.utime(entry)  # what was used last is removed last
    return images


def keep(entry: Path, images: Grey) -> None:
    """Write an entry; where that cannot be done, a warning says so."""
    try:
        if images.nbytes <= MOST_BYTES:
            _write(entry, images)
            _tidy(entry.parent)
    except OSError as error:
        problem = f"decoded pictures are not kept in {entry.parent}: {error.strerror or error}"
        warnings.warn(f"{problem}; CHARREC_CACHE names another folder, or off", stacklevel=2)


def _write(entry: Path, images: Grey) -> None:
    """A reader, another writer or a crash finds all of it or nothing."""
    entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = mkstemp(prefix="charrec-", suffix=".draft", dir=entry.parent)
    try:
        with open(descriptor, "wb") as file:
            for part in (_header(images.shape), images.reshape(-1).data, _seal(entry, images)):
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, entry)
    finally:
        with suppress(OSError):  # gone, where it became the entry
            os.unlink(draft)


def _tidy(folder: Path) -> None:
    """Remove abandoned drafts and, over MOST_BYTES, the entries that were used longest ago."""
    written_last = time.time() - ABANDONED
    old = [path for used, _, path in _files(folder, DRAFT) if used < written_last]
    room = MOST_BYTES
    for _, size, path in sorted(_files(folder, ENTRY), reverse=True):
        room -= size
        if room < 0:
            old.append(path)
    for path in old:
        with suppress(OSError):  # another process was faster
            os.unlink(path)


def _files(folder: Path, kind: re.Pattern[str]) -> list[tuple[float, int, str]]:
    """(time of last use, bytes, path) of the files of a kind: the folder may hold others'."""
    found = []
    with os.scandir(folder) as items:
        for item in items:
            if kind.fullmatch(item.name):
                with suppress(OSError):
                    about = item.stat(follow_symlinks=False)
                    found.append((about.st_mtime, about.st_size, item.path))
    return found
