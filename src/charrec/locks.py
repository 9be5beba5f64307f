"""A folder is one process's at a time, wherever the file system has locks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from charrec.errors import UserError

LOCK = ".lock"
A_LOOK = 0.5  # seconds: others hold the lock for a moment to see whether it is held


@contextmanager
def locked(folder: Path, taken: Callable[[], str]) -> Iterator[None]:
    """Nobody else is in such a block of the same folder; a dead process holds no lock.

    Raises:
        UserError: another process is, in the words of `taken`.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=A_LOOK)
    except Timeout:
        raise UserError(taken()) from None
    except NotImplementedError:
        warnings.warn(f"{folder}: no locks there; start no second process", stacklevel=5)
    try:
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    if not (folder / LOCK).exists():  # copied without it, and nothing is made by looking
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # a folder that cannot be written to by anybody
        return False
