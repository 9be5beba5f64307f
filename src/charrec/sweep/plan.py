"""Which jobs of a sweep, a grid or a search, are left to do."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager

from charrec.errors import UserError
from charrec.sweep.fingerprint import flat
from charrec.sweep.folder import Sweep
from charrec.sweep.ledger import FAILED, FOUND, TO_DO, Row, new_row, with_columns
from charrec.sweep.points import Point

Job = tuple[int, Point]  # its number and what it is


@contextmanager
def _rows_to_change(sweep: Sweep) -> Iterator[list[Row]]:
    """What the ledger says, while nobody else changes it and no job is being done."""
    with sweep.ledger.alone():
        sweep.ledger.remove_drafts()
        rows = sweep.rows()
        _refuse_running(sweep, rows)
        yield rows


def plan(sweep: Sweep, points: Sequence[Point], retry_failed: bool) -> list[Job]:
    """Bring the ledger up to date with the points, each of another experiment.

    Points are found again by their fingerprint, whatever the order of the command; new ones get
    the next numbers. Rows that the command no longer asks for stay.

    Returns:
        The jobs left to do.

    Raises:
        UserError: one of them is being done by another process.
    """
    with _rows_to_change(sweep) as rows:
        jobs = _enter(rows, points, TO_DO + FAILED if retry_failed else TO_DO)
        sweep.ledger.write(with_columns(_complete(sweep, rows, points)))
    return jobs


def plan_search(sweep: Sweep, names: Iterable[str], n_trials: int, retry_failed: bool) -> list[int]:
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
        rows = [row for row in known_rows if row["fingerprint"] or int(row["job"]) < n_trials]
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
