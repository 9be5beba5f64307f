"""The end of a sweep: its records settled, what came out shown, every failure listed."""

from __future__ import annotations

from collections.abc import Iterable

from charrec.cli.folders import remove_empty
from charrec.errors import UserError
from charrec.sweep.comparison import show, write_results
from charrec.sweep.folder import STOP, Sweep
from charrec.sweep.ledger import FAILED, Row, varied_of
from charrec.sweep.results import Experiment

RETRY = "sweep.retry_failed=true"
NOT_ENDED = {"waiting": "not started"}


def settle(sweep: Sweep) -> tuple[list[Row], list[Experiment]]:
    """Correct the ledger, write what came out, and remove what only the jobs needed."""
    with sweep.ledger.alone():
        rows = sweep.rows()
        sweep.ledger.write(rows)
    (sweep.folder / STOP).unlink(missing_ok=True)
    remove_empty(list(sweep.folder.iterdir()))
    return rows, write_results(sweep.folder)


def conclude(sweep: Sweep, failure: Exception | None, command: str) -> None:
    """Show the results.

    Args:
        failure: what the launcher raised, if it did.
        command: that goes on with the sweep.

    Raises:
        UserError: naming every job that did not complete, and why.
    """
    rows, experiments = settle(sweep)
    show(experiments)
    unfinished = [row for row in rows if row["status"] != "completed"]
    lines = list(_told(unfinished))
    if failure is not None:
        reason = str(failure).partition("\n")[0]
        lines.append(f"  the launcher ended early: {type(failure).__name__}: {reason}")
    if lines:
        retry = f" {RETRY}" if any(row["status"] in FAILED for row in unfinished) else ""
        heading = f"{len(unfinished)} of {len(rows)} jobs did not complete:"
        raise UserError(
            "\n".join([heading, *lines, f"go on with\n  {command}{retry}"])
        ) from failure


def _told(rows: Iterable[Row]) -> Iterable[str]:
    for row in rows:
        why = row["error"] or NOT_ENDED.get(row["status"], row["status"])
        yield f"  {row['job']} ({varied_of(row)}): {why}"
