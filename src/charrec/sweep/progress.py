"""The line that tells how a sweep stands when one of its jobs has ended."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

from charrec.sweep.ledger import FAILED, TO_DO, Row, varied_of


def line(rows: Sequence[Row], job: str) -> str:
    """``Job 3 (lr=0.1): completed, validation accuracy = 61.3%; 4 of 9 done, 1 running ...``."""
    row = next(row for row in rows if row["job"] == job)
    return f"Job {job}{_told(row)}: {_how_it_ended(row)}; {standing(rows)}"


def _told(row: Row) -> str:
    varied = varied_of(row)
    return f" ({varied})" if varied else ""


def _how_it_ended(row: Row) -> str:
    accuracy = row["best_validation_accuracy"]
    if row["status"] == "completed" and accuracy:
        return f"validation accuracy = {float(accuracy):.1%}"
    return row["status"]


def standing(rows: Sequence[Row]) -> str:
    """How many are done, running and failed, the best accuracy so far, and the time left."""
    counts = Counter(row["status"] for row in rows)
    failed = sum(counts[status] for status in FAILED)
    parts = [f"{counts['completed']} of {len(rows)} done"]
    parts += [
        f"{count} {name}"
        for name, count in (("running", counts["running"]), ("failed", failed))
        if count
    ]
    if best := best_of(rows):
        parts.append(
            f"best so far {float(best['best_validation_accuracy']):.1%} (job {best['job']})"
        )
    if left := seconds_left(rows):
        parts.append(f"about {in_words(left)} left")
    return ", ".join(parts)


def best_of(rows: Sequence[Row]) -> Row | None:
    """The completed job with the highest validation accuracy; of equals the first."""
    judged = [r for r in rows if r["status"] == "completed" and r["best_validation_accuracy"]]
    return max(judged, key=lambda row: float(row["best_validation_accuracy"]), default=None)


def seconds_left(rows: Sequence[Row]) -> float:
    """As the jobs so far took, with as many at a time as now; 0 where nothing is left."""
    took = [float(row["seconds"]) for row in rows if row["status"] == "completed"]
    running = sum(row["status"] == "running" for row in rows)
    left = running + sum(row["status"] in TO_DO for row in rows)
    at_a_time = running + 1  # the one that has just ended
    return statistics.mean(took) * left / at_a_time if took else 0.0


def in_words(seconds: float) -> str:
    """``40 s``, ``3 min``, ``2.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
