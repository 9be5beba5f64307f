"""The end of a sweep: its records settled, what came out shown, every failure listed."""

from __future__ import annotations

import warnings
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from charrec.cli.folders import remove_empty
from charrec.closing import of_sweep
from charrec.errors import UserError
from charrec.paths import shown_path
from charrec.runs import find_runs
from charrec.sweep.comparison import write_results, write_views
from charrec.sweep.effects import Effects, effects_in
from charrec.sweep.folder import STOP, Sweep
from charrec.sweep.ledger import DONE, FAILED, Row, varied_of
from charrec.sweep.results import Experiment, read_results
from charrec.sweep.words import say_next_after, show

RETRY = "sweep.retry_failed=true"
NOT_ENDED = {"waiting": "not started"}


def settle(sweep: Sweep) -> tuple[list[Row], list[Experiment]]:
    """Correct the ledger, write what came out, and remove what only the jobs needed."""
    with sweep.ledger.alone():
        rows = sweep.rows()
        sweep.ledger.write(rows)
    (sweep.folder / STOP).unlink(missing_ok=True)
    remove_empty(list(sweep.folder.iterdir()))
    results = read_results([sweep.folder]) if find_runs(sweep.folder) else []
    return rows, write_results(sweep.folder, results)


def conclude(
    sweep: Sweep,
    failure: Exception | None,
    command: str,
    all_right: Container[str] = DONE,
    asked: Container[str] | None = None,
) -> None:
    """Show the results and draw them.

    Args:
        failure: what the launcher raised, if it did.
        command: that goes on with the sweep.
        all_right: statuses that are no reason to complain.
        asked: fingerprints of the jobs that were asked for; None stands for all.

    Raises:
        UserError: naming every job that did not complete, and why.
    """
    rows, experiments = settle(sweep)
    effects = effects_in(experiments)
    show(experiments, effects)
    if experiments:
        _draw(sweep.folder, experiments, effects)
        say_next_after("sweep", experiments, of_sweep(sweep.folder))
    rows = [row for row in rows if asked is None or row["fingerprint"] in asked]
    unfinished = [row for row in rows if row["status"] not in all_right]
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


def _draw(folder: Path, experiments: Sequence[Experiment], effects: Effects) -> None:
    """No figure is worth the end of a sweep: what cannot be drawn is a warning."""
    try:
        print(f"Page: {shown_path(write_views(folder, experiments, effects))}")
    except Exception as error:
        warnings.warn(
            f"the figures could not be made ({type(error).__name__}: {error}); "
            f"python -m charrec.compare {shown_path(folder)} tries again",
            stacklevel=3,
        )


def _told(rows: Sequence[Row]) -> Iterable[str]:
    """Of a search's trials that never began there is no more to tell than how many they are."""
    for row in rows:
        if not row["fingerprint"]:
            continue
        why = row["error"] or NOT_ENDED.get(row["status"], row["status"])
        varied = varied_of(row)
        yield f"  {row['job']}{f' ({varied})' if varied else ''}: {why}"
    if count := sum(not row["fingerprint"] for row in rows):
        yield f"  {count} more: not started"
