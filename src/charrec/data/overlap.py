"""Whether a network may have been trained on letters that it is asked to read.

It goes by settings and names of folders alone, for it is asked where the letters that a run was
trained on may be gone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from charrec.data.folders import split_folders
from charrec.data.settings import DRAWN, OF_KIND, DataSettings

LEARNED = ("train", "validation")  # validation chose the best epoch


def may_know(own: DataSettings, asked: DataSettings, *splits: str) -> bool:
    """Whether a network of the letters `own` may know these splits of the letters `asked`."""
    if own.kind != asked.kind:
        return False
    if _real(own.folder) == _real(asked.folder) and not _drawn_otherwise(own, asked):
        return False
    read = list(_read_from(asked, splits))
    return any(_one_holds_the_other(a, b) for a in _read_from(own, LEARNED) for b in read)


def _drawn_otherwise(one: DataSettings, other: DataSettings) -> bool:
    return any(getattr(one, n) != getattr(other, n) for n in OF_KIND[one.kind] if n in DRAWN)


def _read_from(data: DataSettings, splits: tuple[str, ...]) -> Iterator[Path]:
    """The folders that the pictures of these splits are in: what has none of its own is drawn."""
    top = _real(data.folder)
    its_own = split_folders(top) if data.kind == "folders" else {}
    drawn_from = top / its_own.get("train", "")
    for split in splits:
        yield _real(top / its_own[split]) if split in its_own else drawn_from


def _real(folder: Path) -> Path:
    try:
        return Path(os.path.realpath(folder))
    except ValueError:  # a damaged record names what no folder can be called
        return folder


def _one_holds_the_other(a: Path, b: Path) -> bool:
    return a.is_relative_to(b) or b.is_relative_to(a)
