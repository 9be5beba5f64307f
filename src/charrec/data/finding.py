"""Which pictures a file, a folder or a glob names."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from charrec.data.formats import SUFFIXES
from charrec.errors import UserError
from charrec.paths import full_path


def find_pictures(images: str | Path) -> list[Path]:
    """The pictures that `images` names, ``2_I.jpg`` before ``10_I.jpg``.

    Raises:
        UserError: there are none.
    """
    return [Path(name) for name in find_names(images)]


def find_names(images: str | Path) -> list[str]:
    """As `find_pictures`, in a fifth of the memory: there may be a million."""
    folder, names = _found(images)
    found = sorted(names, key=_natural)
    if not found:
        raise _nothing(images)
    return [folder + name for name in found]


def need_pictures(images: str | Path) -> None:
    """Raise UserError where `images` names none; of many, only the first is looked for."""
    _, names = _found(images)
    if next(names, None) is None:
        raise _nothing(images)


def _nothing(images: str | Path) -> UserError:
    cure = "name a file, a folder or a glob"
    folder = full_path(images)
    if os.path.isdir(folder) and any(entry.is_dir() for entry in os.scandir(folder)):
        cure = f"in folders below it images='{Path(images) / '**' / '*.jpg'}' looks, for one"
    return UserError(f"images={images} matches no picture; {cure}")


def _found(images: str | Path) -> tuple[str, Iterator[str]]:
    """What stands before every name, and the names, in any order."""
    at_home = str(images).startswith("~") and not os.path.exists(images)
    place = full_path(images) if at_home else Path(images)
    if os.path.isdir(place):
        return str(place / "x")[:-1], _in_folder(place)
    if os.path.exists(place):
        names = iter([str(place)])
    else:
        names = (str(Path(name)) for name in glob.iglob(str(place), recursive=True))
    return "", (name for name in names if not os.path.isdir(name))


def _in_folder(folder: Path) -> Iterator[str]:
    """All that is called a picture: of a pipe or a link to nothing a row is to tell the error.

    What is hidden is none, such as the ``._1.jpg`` that some systems leave beside ``1.jpg``.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            suffix = os.path.splitext(entry.name)[1].lower()
            hidden = entry.name.startswith(".")
            if suffix in SUFFIXES and not hidden and not _is_folder(entry):
                yield entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Asking the system once more only about a link."""
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()


def natural_order(path: Path) -> list[Any]:
    """Sort key in which numbers count as numbers."""
    return _natural(str(path))


def _natural(name: str) -> list[Any]:
    parts = re.split(r"(\d+)", name)
    return [int(part) if part.isdecimal() else part.casefold() for part in parts]
