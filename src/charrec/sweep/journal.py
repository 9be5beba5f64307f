"""A lock for Optuna's journal that dies with its process, and mends what a dead one left."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock
from optuna.storages.journal import JournalFileOpenLock


class JournalLock(JournalFileOpenLock):
    """Optuna's own locks are files: after ``kill -9`` everybody waits for half a minute.

    Who was killed in the middle of a write left half a line, to which the next one would be
    appended; a journal with such a line in its middle cannot be read any more.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._journal = Path(path)
        self._lock = FileLock(self._journal.with_name(f".{self._journal.name}.lock"))

    def acquire(self) -> bool:
        self._lock.acquire()
        _remove_half_a_line(self._journal)
        return True

    def release(self) -> None:
        self._lock.release()


def _remove_half_a_line(journal: Path) -> None:
    with journal.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        if end == 0:
            return
        file.seek(end - 1)
        if file.read() == b"\n":
            return
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
