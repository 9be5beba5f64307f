"""The end of a sweep: what is written then, and what is not worth ending it for."""

from __future__ import annotations

from pathlib import Path

import pytest
from making_sweeps import make_job, make_sweep

from charrec.errors import UserError
from charrec.sweep.conclusion import conclude, settle
from charrec.sweep.folder import Sweep


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Two jobs that completed, and one that failed before its run began."""
    monkeypatch.chdir(tmp_path)
    made = make_sweep(tmp_path / "s", "completed", "completed", "failed")
    make_job(made, 0, "completed", 0.5)
    make_job(made, 1, "completed", 0.75)
    return made


def test_results_are_shown_written_and_drawn(
    sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match=r"^1 of 3 jobs did not complete:\n  2 \(hsize=3\): failed"):
        conclude(sweep, None, "again")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["2", "1", "75.0%", "2", "75.0%", "s/1"]
    assert lines[-5:] == [
        "Best on validation, 75.0%: s/1",
        "Page: s/compare.html",
        "Next: python -m charrec.test run=s/1",
        "      python -m charrec.compare s",
        "      tensorboard --logdir s",
    ]
    assert "Best on validation, 75.0%: s/1" in (sweep.folder / "compare.html").read_text()


def test_of_what_is_no_longer_asked_for_nobody_complains(sweep: Sweep) -> None:
    asked = [row["fingerprint"] for row in sweep.ledger.rows()]
    conclude(sweep, None, "again", asked=asked[:2])
    with pytest.raises(UserError, match=r"^1 of 2 jobs did not complete:\n  2 "):
        conclude(sweep, None, "again", asked=asked[1:])


def test_a_job_of_which_nothing_is_varied(sweep: Sweep) -> None:
    rows = [{**row, "hsize": ""} for row in sweep.ledger.rows()]
    sweep.ledger.write(rows)
    with pytest.raises(UserError, match="\n  2: failed\n"):
        conclude(sweep, None, "again")


def test_what_cannot_be_drawn_is_a_warning(sweep: Sweep) -> None:
    (sweep.folder / "accuracy_by_parameters.png" / "in the way").mkdir(parents=True)
    told = (
        r"the figures could not be made \(IsADirectoryError: .*; python -m charrec.compare s tries"
    )
    with pytest.warns(UserWarning, match=told), pytest.raises(UserError, match="1 of 3 jobs"):
        conclude(sweep, None, "again")
    assert (sweep.folder / "best.json").exists()
    assert not list(sweep.folder.glob(".*.draft"))


def test_an_interrupted_sweep_keeps_its_records_and_draws_nothing(sweep: Sweep) -> None:
    settle(sweep)
    assert (sweep.folder / "effects.csv").exists()
    assert (sweep.folder / "best.json").exists()
    assert not (sweep.folder / "compare.html").exists()


def test_a_sweep_in_which_nothing_began(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = make_sweep(tmp_path / "s", "failed")
    with pytest.raises(UserError, match="1 of 1 jobs"):
        conclude(sweep, None, "again")
    assert capsys.readouterr().out == ""
    assert not (sweep.folder / "compare.csv").exists()


def test_a_sweep_in_which_nothing_completed(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path / "s", "diverged")
    make_job(sweep, 0, "diverged")
    with pytest.raises(UserError, match="1 of 1 jobs"):
        conclude(sweep, None, "again")
    assert (sweep.folder / "compare.csv").exists()
    assert not (sweep.folder / "best.json").exists()
    assert "No run completed" in (sweep.folder / "compare.html").read_text()
