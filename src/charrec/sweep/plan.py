"""Which jobs of a sweep, a grid or a search, are left to do."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from charrec.errors import UserError
from charrec.paths import shown_path
from charrec.run import Run
from charrec.spelling import flat
from charrec.sweep.fingerprint import fingerprint
from charrec.sweep.folder import Sweep, outcome
from charrec.sweep.ledger import FAILED, FOUND, TO_DO, Row, new_row, with_columns
from charrec.sweep.points import Point

Job = tuple[int, Point]  # its number and what it is


@contextmanager
def _rows_to_change(sweep: Sweep) -> Iterator[list[Row]]:
    """What the ledger says, while nobody else changes it and no job is being done."""
    with sweep.ledger.alone():
        sweep.ledger.remove_drafts()
        rows = sweep.rows()
        rows += _lost(sweep, rows)
        _refuse_running(sweep, rows)
        yield rows


def _lost(sweep: Sweep, rows: Sequence[Row]) -> list[Row]:
    """Rows for runs of the sweep that its ledger does not know: it was cut off, or removed.

    Else their numbers would be given to other jobs, and what is in the folders would be cleared.
    """
    known = {row["job"] for row in rows} | {row["fingerprint"] for row in rows}
    folders = [path.parent for path in sweep.folder.glob("*/summary.json")]
    numbers = sorted(int(f.name) for f in folders if f.name.isdecimal() and f.name not in known)
    found = []
    for number in numbers:
        run = Run(sweep.folder / str(number))
        with suppress(UserError):  # a damaged record says nothing
            row = new_row(number, fingerprint(run.settings), {}) | outcome(run)
            found += [row] if row["fingerprint"] not in known else []
    return found


def refuse_another_grid(sweep: Sweep, points: Sequence[Point]) -> None:
    """Raise UserError where the sweep has jobs, of which the points are none."""
    rows = sweep.ledger.rows()
    known = {row["fingerprint"] for row in rows + _lost(sweep, rows)}
    if known and not any(point.fingerprint in known for point in points):
        raise UserError(
            f"{shown_path(sweep.folder)} has none of these jobs: leave its settings out, or give "
            "its whole command once more, with values added"
        )


def plan(sweep: Sweep, points: Sequence[Point], retry_failed: bool) -> list[Job]:
    """Bring the ledger up to date with the points, each of another experiment.

    Points are found again by their fingerprint, whatever the order of the command; new ones get
    the next numbers. Rows that the command no longer asks for stay if their jobs began.

    Returns:
        The jobs left to do.

    Raises:
        UserError: one of them is being done by another process.
    """
    with _rows_to_change(sweep) as rows:
        jobs = _enter(rows, points, TO_DO + FAILED if retry_failed else TO_DO)
        asked = {point.fingerprint for point in points}
        rows = [r for r in rows if r["status"] != "waiting" or r["fingerprint"] in asked]
        sweep.ledger.write(with_columns(_complete(sweep, rows, points)))
    return jobs


def plan_search(sweep: Sweep, names: Sequence[str], n_trials: int, retry_failed: bool) -> list[int]:
    """Bring the ledger up to date with a number of trials, of which the settings come later.

    Trials that began stay, whatever their number.

    Args:
        names: of the settings that the search varies.

    Returns:
        The numbers of the jobs left to do.

    Raises:
        UserError: one of them is being done by another process.
    """
    with _rows_to_change(sweep) as known_rows:
        rows = [
            _settings_in(sweep, row, names) | row
            for row in known_rows
            if row["fingerprint"] or int(row["job"]) < n_trials
        ]
        known = {int(row["job"]) for row in rows}
        missing = (number for number in range(n_trials) if number not in known)
        rows += [new_row(number, "", dict.fromkeys(names, "")) for number in missing]
        again = TO_DO + FAILED if retry_failed else TO_DO
        left = [row for row in rows if row["status"] in again]
        _make_wait(left)
        sweep.ledger.write(with_columns(sorted(rows, key=lambda row: int(row["job"]))))
    return sorted(int(row["job"]) for row in left)


def _enter(rows: list[Row], points: Sequence[Point], again: Container[str]) -> list[Job]:
    """Add rows for points that have none; mark and return the jobs whose status is in `again`."""
    by_fingerprint = {row["fingerprint"]: row for row in rows}
    number = max((int(row["job"]) for row in rows), default=-1)
    for point in points:
        row = by_fingerprint.get(point.fingerprint)
        if row is None:
            number += 1
            row = new_row(number, point.fingerprint, point.varied)
            by_fingerprint[point.fingerprint] = row
            rows.append(row)
        row.update(point.varied)
    found = ((by_fingerprint[point.fingerprint], point) for point in points)
    jobs = [(row, point) for row, point in found if row["status"] in again]
    _make_wait(row for row, _ in jobs)
    return [(int(row["job"]), point) for row, point in jobs]


def _make_wait(rows: Iterable[Row]) -> None:
    for row in rows:
        row.update(status="waiting", **dict.fromkeys(FOUND, ""), error="")


def _refuse_running(sweep: Sweep, rows: Iterable[Row]) -> None:
    for row in rows:
        if row["status"] == "running":  # by a worker that outlived its sweep
            sweep.run(row).refuse_if_running()
            raise UserError(f"{sweep.run(row).folder} is being written to; wait for its end")


def _complete(sweep: Sweep, rows: Iterable[Row], points: Iterable[Point]) -> list[Row]:
    """Rows from before the grid grew, with their values of what is varied now."""
    names = list(dict.fromkeys(name for point in points for name in point.varied))
    return [_settings_in(sweep, row, names) | row for row in rows]


def _settings_in(sweep: Sweep, row: Row, names: Iterable[str]) -> Row:
    try:
        settings = dict(flat(sweep.run(row).settings))
    except UserError:  # it never began
        settings = {}
    return {name: settings.get(name, "") for name in names}
