"""Which jobs of a sweep are left to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from making_sweeps import make_job, make_point, make_sweep

from charrec.errors import UserError
from charrec.run import Run
from charrec.sweep.folder import Sweep
from charrec.sweep.plan import plan, plan_search, refuse_another_grid

GRID = [make_point(hsize=hsize) for hsize in range(1, 7)]


def numbers(sweep: Sweep, count: int, retry_failed: bool = False) -> list[int]:
    return [number for number, _ in plan(sweep, GRID[:count], retry_failed)]


def test_a_new_sweep_does_everything(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    assert numbers(sweep, 3) == [0, 1, 2]
    rows = sweep.ledger.rows()
    assert [row["status"] for row in rows] == ["waiting"] * 3
    assert [row["hsize"] for row in rows] == ["1", "2", "3"]
    assert [row["folder"] for row in rows] == ["0", "1", "2"]
    assert len({row["fingerprint"] for row in rows}) == 3


@pytest.fixture
def half(tmp_path: Path) -> Sweep:
    sweep = make_sweep(
        tmp_path, "running", "interrupted", "diverged", "failed", "running", "waiting"
    )
    make_job(sweep, 0, "completed", accuracy=0.5)
    for job, status in {1: "interrupted", 2: "diverged", 4: "running"}.items():
        make_job(sweep, job, status)
    return sweep


def test_what_finished_is_kept_and_what_failed_is_not_repeated(half: Sweep) -> None:
    assert numbers(half, 6) == [1, 4, 5]
    rows = half.ledger.rows()
    statuses = ["completed", "waiting", "diverged", "failed", "waiting", "waiting"]
    assert [row["status"] for row in rows] == statuses
    assert rows[0]["best_validation_accuracy"] == "0.5"


def test_what_was_found_goes_with_the_run(half: Sweep) -> None:
    numbers(half, 6)
    shutil.rmtree(half.folder / "0")
    assert numbers(half, 6) == [0, 1, 4, 5]
    row = half.ledger.rows()[0]
    assert (row["status"], row["best_validation_accuracy"], row["best_epoch"]) == (
        "waiting",
        "",
        "",
    )


def test_what_failed_is_repeated_when_asked(half: Sweep) -> None:
    assert numbers(half, 6, retry_failed=True) == [1, 2, 3, 4, 5]


def test_an_order_of_its_own_changes_no_number(half: Sweep) -> None:
    jobs = plan(half, GRID[::-1], retry_failed=True)
    assert [number for number, _ in jobs] == [5, 4, 3, 2, 1]
    assert all(point.varied["hsize"] == str(number + 1) for number, point in jobs)


def test_a_grid_that_grew_gets_new_numbers_and_columns(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, "completed", "waiting")
    make_job(sweep, 0, "completed", accuracy=0.5)
    grown = [make_point(hsize=h, lr=lr) for lr in (4e-3, 0.1) for h in (3, 1, 2)]
    assert [number for number, _ in plan(sweep, grown, False)] == [2, 1, 3, 4, 5]
    rows = sweep.ledger.rows()
    assert [row["lr"] for row in rows] == ["0.004", "0.004", "0.004", "0.1", "0.1", "0.1"]
    assert [row["hsize"] for row in rows] == ["1", "2", "3", "3", "1", "2"]


def test_a_grid_that_shrank_keeps_the_rows_of_what_began(half: Sweep) -> None:
    assert numbers(half, 2) == [1]
    rows = half.ledger.rows()
    assert [row["job"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert [row["status"] for row in rows][2:] == ["diverged", "failed", "cut off"]


def test_rows_that_the_grid_no_longer_has_show_their_settings(half: Sweep) -> None:
    plan(half, [make_point(hsize=9, batch_size=4)], False)
    rows = half.ledger.rows()
    assert [row["batch_size"] for row in rows] == ["8", "8", "8", "", "8", "4"]


def test_another_grid_is_refused(half: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of the command, say, which asks for other settings than any job has."""
    monkeypatch.chdir(half.folder.parent)
    refuse_another_grid(half, GRID[:1])
    refuse_another_grid(Sweep(half.folder / "new"), GRID)
    with pytest.raises(UserError) as refused:
        refuse_another_grid(half, [make_point(epochs=3)])
    assert str(refused.value) == (
        f"{half.folder.name} has none of these jobs: leave its settings out, or give its whole "
        "command once more, with values added"
    )


# Runs that the ledger does not know


@pytest.mark.parametrize("rows_left", [0, 1, 2, 3])
def test_what_a_ledger_has_lost_is_done_all_the_same(rows_left: int, tmp_path: Path) -> None:
    """In the folders stands what the jobs were."""
    sweep = make_sweep(tmp_path, "completed", "running", "completed", "waiting")
    make_job(sweep, 0, "completed", accuracy=0.5)
    make_job(sweep, 1, "running")
    make_job(sweep, 2, "completed", accuracy=0.75)
    if rows_left:
        sweep.ledger.write(sweep.ledger.rows()[:rows_left])
    else:
        sweep.ledger.path.unlink()
    refuse_another_grid(sweep, GRID[2:3])
    assert numbers(sweep, 5) == [1, 3, 4]
    rows = sweep.ledger.rows()
    assert [(row["job"], row["hsize"], row["folder"]) for row in rows] == [
        (str(n), str(n + 1), str(n)) for n in range(5)
    ]
    assert [row["best_validation_accuracy"] for row in rows] == ["0.5", "", "0.75", "", ""]


def test_of_a_run_without_a_row_no_number_is_given_again(tmp_path: Path) -> None:
    """Nor does it count a second time, or with a record that cannot be read."""
    sweep = make_sweep(tmp_path, "completed")
    make_job(sweep, 0, "completed", accuracy=0.5)
    for job in (5, 7):
        make_job(sweep, job, "completed", accuracy=0.5)
    shutil.copytree(tmp_path / "0", tmp_path / "9")
    (tmp_path / "7" / "summary.json").write_text("{")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "summary.json").write_text("{}")
    assert numbers(sweep, 2) == [6]
    assert [row["job"] for row in sweep.ledger.rows()] == ["0", "5", "6"]


def test_a_lost_run_that_another_process_does(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, "waiting", "waiting")
    make_job(sweep, 1, "running")
    sweep.ledger.write(sweep.ledger.rows()[:1])
    with Run(tmp_path / "1").locked(), pytest.raises(UserError, match="/1 is written to by "):
        numbers(sweep, 2)


def test_a_job_that_another_process_does_is_not_started_twice(half: Sweep) -> None:
    with Run(half.folder / "4").locked(), pytest.raises(UserError) as refused:
        numbers(half, 6)
    assert "/4 is written to by " in str(refused.value)


# Of a search


def test_a_new_search_has_a_row_for_every_trial(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    assert plan_search(sweep, ["lr", "hsize"], 3, retry_failed=False) == [0, 1, 2]
    rows = sweep.ledger.rows()
    assert [(row["job"], row["status"], row["folder"]) for row in rows] == [
        (job, "waiting", job) for job in "012"
    ]
    assert {(row["lr"], row["hsize"], row["fingerprint"]) for row in rows} == {("", "", "")}


def test_what_of_a_search_is_left(half: Sweep) -> None:
    assert plan_search(half, ["hsize"], 6, retry_failed=False) == [1, 4, 5]
    assert plan_search(half, ["hsize"], 6, retry_failed=True) == [1, 2, 3, 4, 5]
    assert [row["hsize"] for row in half.ledger.rows()] == ["1", "2", "3", "4", "5", "6"]


def test_what_the_ledger_of_a_search_has_lost(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, "completed", "completed")
    for job in range(2):
        make_job(sweep, job, "completed", accuracy=0.5)
    sweep.ledger.path.unlink()
    assert plan_search(sweep, ["hsize"], 3, retry_failed=False) == [2]
    rows = sweep.ledger.rows()
    assert [(row["status"], row["hsize"]) for row in rows] == [
        *(("completed", "1"), ("completed", "2"), ("waiting", "")),
    ]


@pytest.mark.parametrize("trials", [12, 10, 3])
def test_a_search_of_more_or_fewer_trials(trials: int, tmp_path: Path) -> None:
    """Trials 0 and 10 have begun; they stay, and so does what is known of them."""
    sweep = Sweep(tmp_path)
    plan_search(sweep, ["hsize"], 11, retry_failed=False)
    sweep.ledger.update("0", fingerprint="f", status="pruned", hsize="8")
    sweep.ledger.update("10", fingerprint="g", status="cut off", hsize="9")
    numbers = plan_search(sweep, ["hsize"], trials, retry_failed=False)
    assert numbers == sorted({*range(1, trials), 10})
    rows = sweep.ledger.rows()
    assert [int(row["job"]) for row in rows] == sorted({*range(trials), 0, 10})
    assert {row["job"]: row["hsize"] for row in rows if row["hsize"]} == {"0": "8", "10": "9"}
