"""``predictions.csv`` while it grows, and what is kept in memory of what was read.

Rows go to ``predictions.partial.csv``, a batch at a time and whole, and that becomes
``predictions.csv`` when all of them are there. So what was cut off, by Ctrl-C, a full disk or
``kill -9``, is told by its name; what was read by then stands in it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from charrec.answers import Answers, csv_text
from charrec.data.letters import letter_of
from charrec.data.pictures import Grey
from charrec.errors import UserError
from charrec.files import append_whole, naming
from charrec.reading import Reading

TABLE, PARTIAL, LOCK = "predictions.csv", "predictions.partial.csv", ".predictions.csv.lock"


class GrowingTable:
    """Its folder is made for the first picture that can be read: for none there are no files."""

    def __init__(self, make_folder: Callable[[], Path]) -> None:
        self._make_folder = make_folder
        self._waiting: list[Answers] = []  # of pictures that cannot be read
        self._lock: FileLock | None = None
        self.folder: Path | None = None
        self.written = 0  # rows
        self._name = PARTIAL

    @property
    def path(self) -> Path:
        assert self.folder is not None
        return self.folder / self._name

    def add(self, answers: Answers) -> None:
        self._waiting.append(answers)
        if self.folder is None:
            if all(answers.errors):
                return
            self._begin()
        while self._waiting:
            rows = self._waiting[0].rows()
            append_whole(self.path, csv_text(rows, header=not self.written))
            self.written += len(self._waiting.pop(0).files)

    def _begin(self) -> None:
        folder = self._make_folder()
        lock = FileLock(folder / LOCK, timeout=0)
        try:
            lock.acquire()
            self._lock = lock
        except Timeout:
            problem = f"out={folder}: another process is writing there; name another folder"
            raise UserError(problem) from None
        except (OSError, NotImplementedError):  # no locks there
            pass
        self.folder = folder
        with naming(self.path):
            self.path.unlink(missing_ok=True)  # of one that was cut off

    def finish(self) -> Path:
        """The folder with the table in it."""
        assert self.folder is not None
        with naming(self.path):
            with self.path.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(self.path, self.folder / TABLE)
        self._name = TABLE
        return self.folder

    def close(self) -> None:
        """What is not finished stays, if there is anything in it."""
        if self.folder is not None and not self.written:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
        if self._lock is not None:
            with suppress(OSError):  # before it is free for another process to take
                Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock.release()


@contextmanager
def growing_table(make_folder: Callable[[], Path]) -> Iterator[GrowingTable]:
    table = GrowingTable(make_folder)
    try:
        yield table
    finally:
        table.close()


class Collection:
    """The answers of all pictures, and the pixels of the first few: no others are kept."""

    def __init__(self, paths: Sequence[str], alphabet: str, shown: int) -> None:
        self.paths, self.alphabet, self.shown = paths, alphabet, shown
        self._common = len(_common_folder(paths))
        self.names: list[str] = []
        self.truth: list[str | None] = []
        self.errors: list[str | None] = []
        self.probabilities = np.empty((len(paths), len(alphabet)))
        self.blank = np.zeros(len(paths), dtype=bool)
        self.pixels: list[Grey] = []

    def add(
        self, reading: Reading, images: Mapping[int, Grey], errors: Sequence[str | None]
    ) -> Answers:
        """The answers to these pictures."""
        done = len(self.names)
        now = slice(done, done + len(errors))
        self.names += [path[self._common :] for path in self.paths[now]]
        bare = map(os.path.basename, self.names[now])
        self.truth += [letter_in_name(name, self.alphabet) for name in bare]
        self.errors += errors
        self.probabilities[now], self.blank[now] = reading.together, reading.blank
        if done < self.shown:
            self.pixels.append(next(iter(images.values()))[: self.shown - done].copy())
        return self.answers.part(now)

    @property
    def answers(self) -> Answers:
        about = (self.names, self.truth, self.probabilities, self.errors, self.blank)
        return Answers(self.alphabet, *about)


def _common_folder(paths: Sequence[str]) -> str:
    """What all begin with, to its last separator: ``a/1.jpg`` and ``b/1.jpg`` stay two names."""
    folders = [os.path.dirname(path) for path in (min(paths), max(paths))]
    return os.path.join(os.path.commonpath(folders), "")


def letter_in_name(name: str, alphabet: str) -> str | None:
    """The truth in a name such as ``3_S.jpg``."""
    stem = name if name.endswith(".") else os.path.splitext(name)[0]  # as Path has it, but sooner
    head, _, tail = stem.rpartition("_")
    return letter_of(tail, alphabet) if head else None
