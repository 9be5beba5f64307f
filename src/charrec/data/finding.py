"""Which pictures a file, a folder or a glob names."""

from __future__ import annotations

import glob
import os
import re
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
    at_home = str(images).startswith("~") and not os.path.exists(images)
    place = full_path(images) if at_home else Path(images)
    if os.path.isdir(place):
        found = [path for path in place.iterdir() if path.suffix.lower() in SUFFIXES]
    elif os.path.exists(place):
        found = [place]
    else:
        found = [Path(name) for name in glob.glob(str(place), recursive=True)]
    files = [path for path in found if path.is_file()]
    if not files:
        raise UserError(f"images={images} matches no picture; name a file, a folder or a glob")
    return sorted(files, key=natural_order)


def natural_order(path: Path) -> list[Any]:
    """Sort key in which numbers count as numbers."""
    parts = re.split(r"(\d+)", str(path))
    return [int(part) if part.isdecimal() else part.casefold() for part in parts]
