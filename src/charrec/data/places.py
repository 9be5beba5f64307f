"""The folders of the user's own in which charrec keeps what it has decoded or downloaded."""

from __future__ import annotations

import os
from pathlib import Path

from charrec.errors import UserError


def cache_folder() -> Path | None:
    """The folder that CHARREC_CACHE names, else the user's own; None for no cache."""
    named = os.environ.get("CHARREC_CACHE")
    if named is not None:
        off = named.lower() in ("", "0", "off")
        return None if off else Path(os.path.expanduser(named))
    return _own_cache()


def _own_cache() -> Path | None:
    user = os.environ.get("XDG_CACHE_HOME", "")
    base = user if os.path.isabs(user) else os.path.expanduser("~/.cache")
    return Path(base, "charrec") if os.path.isabs(base) else None  # somebody without a home


def emnist_folder() -> Path:
    """Where EMNIST is, unless data.root says it; also where decoded pictures are not kept.

    Raises:
        UserError: the user has no folder of their own.
    """
    cache = cache_folder() or _own_cache()
    if cache is None:
        raise UserError("data.root is not given, and there is no home folder: name one")
    return cache.absolute() / "emnist"
