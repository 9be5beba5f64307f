"""Paths as a user gives them."""

from __future__ import annotations

import os
from pathlib import Path

from charrec.errors import UserError


def full_path(path: str | Path) -> Path:
    """Absolute, with ``~`` expanded unless a file of that very name exists.

    Raises:
        UserError: ``~NAME`` of a user who does not exist.
    """
    literal = Path(path)
    if os.path.exists(literal):  # unlike Path.exists, it never raises
        return literal.absolute()
    try:
        return literal.expanduser().absolute()
    except RuntimeError:
        raise UserError(f"{path}: no such user; write the whole path") from None


def shown_path(path: Path) -> str:
    """From here, unless that would lead through the folders above."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def seen_from(folder: Path, path: Path) -> str:
    """``path`` from `folder`, for a file in it: both may be moved together.

    Links are followed first: through one, the folder above is another than the text says.
    """
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
