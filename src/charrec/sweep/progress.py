"""How a sweep stands, in a line."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

from charrec.durations import in_words
from charrec.sweep.ledger import FAILED, TO_DO, Row, varied_of


def line(rows: Sequence[Row], job: str) -> str:
    """``Job 3 (lr=0.1): completed, validation accuracy = 61.3%; 4 of 9 done, 1 running ...``."""
    row = next(row for row in rows if row["job"] == job)
    at_a_time = 1 + sum(row["status"] == "running" for row in rows)  # this one has just ended
    return f"{ending(row)}; {standing(rows, at_a_time)}"


def ending(row: Row) -> str:
    """``Job 3 (lr=0.1): completed, validation accuracy = 61.3%``."""
    varied = varied_of(row)
    return f"Job {row['job']}{f' ({varied})' if varied else ''}: {_how_it_ended(row)}"


def _how_it_ended(row: Row) -> str:
    accuracy = row["best_validation_accuracy"]
    if row["status"] == "completed" and accuracy:
        return f"validation accuracy = {float(accuracy):.1%}"
    return row["status"]


def standing(rows: Sequence[Row], at_a_time: int) -> str:
    """How many are done, running and failed, the best accuracy so far, and the time left.

    Args:
        at_a_time: jobs, by which the time is told.
    """
    counts = Counter(row["status"] for row in rows)
    failed = sum(counts[status] for status in FAILED)
    parts = [f"{counts['completed']} of {len(rows)} done"]
    parts += [
        f"{count} {name}"
        for name, count in (
            ("running", counts["running"]),
            ("pruned", counts["pruned"]),
            ("failed", failed),
        )
        if count
    ]
    if best := best_of(rows):
        parts.append(
            f"best so far {float(best['best_validation_accuracy']):.1%} (job {best['job']})"
        )
    if left := seconds_left(rows, at_a_time):
        parts.append(f"about {in_words(left)} left")
    return ", ".join(parts)


def best_of(rows: Sequence[Row]) -> Row | None:
    """The completed job with the highest validation accuracy; of equals the first."""
    judged = [r for r in rows if r["status"] == "completed" and r["best_validation_accuracy"]]
    return max(judged, key=lambda row: float(row["best_validation_accuracy"]), default=None)


def seconds_left(rows: Sequence[Row], at_a_time: int) -> float:
    """As long as the jobs so far took on average; 0 where nothing is left."""
    completed = [row for row in rows if row["status"] == "completed"]
    took = [float(row["seconds"]) for row in completed if row["seconds"]]  # not where it was killed
    left = sum(row["status"] in ("running", *TO_DO) for row in rows)
    return statistics.mean(took) * left / at_a_time if took else 0.0
