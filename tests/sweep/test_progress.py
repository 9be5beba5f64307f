"""How a sweep stands, in a line."""

from __future__ import annotations

import pytest

from charrec.durations import in_words
from charrec.sweep.ledger import Row, new_row
from charrec.sweep.progress import line, seconds_left


def rows(*entries: tuple[str, str, str]) -> list[Row]:
    """Of status, accuracy and seconds each."""
    made = []
    for number, (status, accuracy, seconds) in enumerate(entries):
        row = new_row(number, "f", {"lr": f"1e-{number}"})
        row |= {"status": status, "best_validation_accuracy": accuracy, "seconds": seconds}
        made.append(row)
    return made


def test_a_line() -> None:
    standing = rows(
        ("completed", "0.5", "10"),
        ("completed", "0.75", "20"),
        ("completed", "0.75", "30"),
        ("diverged", "", "1"),
        ("running", "", ""),
        ("waiting", "", ""),
        ("cut off", "", "3"),
    )
    told = "3 of 7 done, 1 running, 1 failed, best so far 75.0% (job 1), about 30 s left"
    assert line(standing, "0") == f"Job 0 (lr=1e-0): validation accuracy = 50.0%; {told}"
    assert line(standing, "3") == f"Job 3 (lr=1e-3): diverged; {told}"


def test_a_job_whose_process_was_killed_before_it_told_its_time() -> None:
    known = rows(("completed", "0.5", ""), ("completed", "0.5", "10"), ("waiting", "", ""))
    assert seconds_left(known, 1) == 10
    assert seconds_left(known[:1] + known[2:], 1) == 0


def test_the_first_and_the_last_line() -> None:
    nothing_yet = rows(("failed", "", "2"), ("waiting", "", ""))
    assert line(nothing_yet, "0") == "Job 0 (lr=1e-0): failed; 0 of 2 done, 1 failed"
    all_done = rows(("completed", "0.5", "2"))
    assert line(all_done, "0").endswith("; 1 of 1 done, best so far 50.0% (job 0)")


def test_pruned_runs_are_told() -> None:
    some = rows(("completed", "0.5", "2"), ("pruned", "0.9", "1"), ("pruned", "0.1", "1"))
    told = "1 of 3 done, 2 pruned, best so far 50.0% (job 0)"
    assert line(some, "1") == f"Job 1 (lr=1e-1): pruned; {told}"


@pytest.mark.parametrize(("running", "seconds"), [(0, 40), (1, 25), (3, 17.5)])
def test_time_left_with_so_many_at_a_time(running: int, seconds: float) -> None:
    """Four jobs wait, each takes 10 s, and as many run at a time as before one ended."""
    done = [("completed", "0.5", "8"), ("completed", "0.5", "12"), ("diverged", "", "1")]
    assert seconds_left(rows(*done), 1) == 0
    left = [("running", "", "")] * running + [("waiting", "", "")] * 4
    assert seconds_left(rows(*done, *left), running + 1) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (5999, "100 min"), (9000, "2.5 h")],
)
def test_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
