"""``ledger.csv``: a row for each job of a sweep, written by whichever process works on the job."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from charrec.errors import UserError
from charrec.files import DRAFT, whole_file
from charrec.runs import LEDGER

FIRST = ("job", "fingerprint", "status")
ACCURACY = "best_validation_accuracy"
FOUND = (
    ACCURACY,  # a fraction, like test_accuracy
    "best_epoch",  # counted from 1
    "test_accuracy",
)
LAST = (
    *FOUND,
    "seconds",  # wall clock, of all its legs where it was interrupted
    "folder",  # from the sweep's; that of another job where a search came to the same settings
    "error",
)
FAILED = ("failed", "diverged")
DONE = ("completed", "pruned")  # as they were meant to end
TO_DO = ("waiting", "interrupted", "cut off")
Row = dict[str, str]


@dataclass(frozen=True)
class Ledger:
    """What became of each job. Readers find the file of before or after a change, never half."""

    folder: Path  # of the sweep

    @property
    def path(self) -> Path:
        return self.folder / LEDGER

    def rows(self) -> list[Row]:
        """In the order of their numbers; none before there is a ledger.

        Raises:
            UserError: the file is no ledger.
        """
        if not self.path.exists():
            return []
        try:
            return _read(self.path)
        except (ValueError, csv.Error) as error:
            raise UserError(
                f"{self.path} is no ledger of charrec's ({error}); mend it, or remove it: "
                "what its runs are is in their folders, too"
            ) from error

    def write(self, rows: Sequence[Row]) -> None:
        """Replace all rows; each has the columns of the first."""
        columns = list(rows[0])
        with whole_file(self.path, newline="") as file:
            table = csv.DictWriter(file, columns)
            table.writeheader()
            table.writerows(rows)

    def update(self, job: str, **values: str) -> list[Row]:
        """Change one row; what came before stays where another process changes one meanwhile.

        Returns:
            All rows as they are now.
        """
        with self.alone():
            rows = self.rows()
            next(row for row in rows if row["job"] == job).update(values)
            self.write(rows)
            return rows

    def remove_drafts(self) -> None:
        """What a process left that was killed while it wrote; only within `alone`."""
        for draft in self.folder.glob(f".{LEDGER}.*{DRAFT}"):
            draft.unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process changes the ledger while in the block."""
        lock = FileLock(self.folder / f".{LEDGER}.lock")
        with suppress(NotImplementedError):  # no locks there, of which the sweep has warned
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _read(path: Path) -> list[Row]:
    """Raises ValueError or csv.Error where it is no ledger."""
    with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets put a mark before it
        table = csv.DictReader(file)
        missing = {*FIRST, *LAST} - set(table.fieldnames or ())
        rows = [{name: row[name] or "" for name in table.fieldnames or ()} for row in table]
    if missing:
        raise ValueError(f"no column {min(missing)}")
    for row in rows:
        for name in ("job", "folder"):  # of which the second is a job's number too
            if not row[name].isdecimal():
                raise ValueError(f"no number of a job: {row[name]!r}")
        for name in (ACCURACY, "seconds"):
            float(row[name] or 0)
    return rows


def new_row(job: int, fingerprint: str, varied: dict[str, str]) -> Row:
    """The row of a job that has not begun."""
    known = {"job": str(job), "fingerprint": fingerprint, "status": "waiting"}
    return known | varied | dict.fromkeys(LAST, "") | {"folder": str(job)}


def with_columns(rows: Iterable[Row]) -> list[Row]:
    """The rows, each with the varied settings of all."""
    rows = list(rows)
    fixed = {*FIRST, *LAST}
    varied = list(dict.fromkeys(name for row in rows for name in row if name not in fixed))
    return [{name: row.get(name, "") for name in (*FIRST, *varied, *LAST)} for row in rows]


def varied_of(row: Row) -> str:
    """``optimizer=adam hsize=64``, what tells a job from the others."""
    fixed = {*FIRST, *LAST}
    return " ".join(f"{name}={value}" for name, value in row.items() if value and name not in fixed)
