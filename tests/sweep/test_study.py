"""Optuna's trials follow the ledger, whenever the process before was killed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from charrec.sweep.ledger import Row, new_row
from charrec.sweep.search_options import SearchOptions
from charrec.sweep.space import Choice, Range
from charrec.sweep.study import PRUNERS, Study

SPACE: dict[str, Choice | Range] = {
    "lr": Range(1e-4, 1e-1, log=True),
    "hsize": Choice(("[8]", "16")),
    "batch_size": Range(4, 10, 3),
    "momentum": Range(0.0, 0.9),
    "weight_decay": Range(0.0, 1.0, 0.25),
}


def row(job: int, status: str, accuracy: str = "") -> Row:
    return new_row(job, "f", {}) | {"status": status, "best_validation_accuracy": accuracy}


def searched(folder: Path, seed: int, trials: int, sampler: str = "tpe") -> list[dict[str, Any]]:
    """The trials of a search for a low learning rate, each by a process of its own, as it were."""
    folder.mkdir(exist_ok=True)
    found: list[dict[str, Any]] = []
    for job in range(trials):
        study = Study(folder)
        found.append(study.begin(job, SPACE, SearchOptions(sampler=sampler, seed=seed)))
        study.tell([row(job, "completed", str(-math.log(found[-1]["lr"])))])
    return found


def test_what_somebody_else_puts_there_is_let_alone(tmp_path: Path) -> None:
    """With optuna-dashboard, or Optuna itself."""
    Study(tmp_path).study.enqueue_trial({"lr": 0.5})
    Study(tmp_path).study.ask()
    study = Study(tmp_path)
    study.note(pruner="median")
    values = study.begin(0, SPACE, SearchOptions())
    assert 1e-4 <= values["lr"] <= 1e-1
    assert study.judged(0, 4) is not None
    study.tell([row(0, "completed", "0.5")])
    states = [(trial.user_attrs.get("job"), trial.state) for trial in study.study.trials]
    assert states == [(None, TrialState.RUNNING), (0, TrialState.COMPLETE)]


def test_the_values_are_of_the_space(tmp_path: Path) -> None:
    for values in searched(tmp_path, 1, 12):
        assert 1e-4 <= values["lr"] <= 1e-1
        assert values["hsize"] in ("[8]", "16")
        assert values["batch_size"] in (4, 7, 10)
        assert isinstance(values["batch_size"], int)
        assert values["weight_decay"] in (0.0, 0.25, 0.5, 0.75, 1.0)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_same_seed_same_trials(sampler: str, tmp_path: Path) -> None:
    first, again, other = (
        searched(tmp_path / name, seed, 14, sampler)
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert first == again
    assert all(one["lr"] != two["lr"] for one, two in zip(first, other, strict=True))
    assert len({values["lr"] for values in first}) == 14  # no job begins like the one before


def test_tpe_learns(tmp_path: Path) -> None:
    found = [values["lr"] for values in searched(tmp_path, 1, 30)]
    assert sorted(found[20:])[5] < sorted(found[:15])[5]


def test_a_trial_left_running_is_asked_for_the_same_again(tmp_path: Path) -> None:
    before = Study(tmp_path).begin(0, SPACE, SearchOptions(seed=1))
    assert Study(tmp_path).begin(0, SPACE, SearchOptions(seed=2)) == before
    assert len(Study(tmp_path).study.trials) == 1


def test_a_trial_that_was_cut_off_while_it_was_asked_is_filled_in(tmp_path: Path) -> None:
    whole = searched(tmp_path, 1, 1)[0]
    journal = tmp_path / "optuna.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    for count in range(len(lines)):
        place = tmp_path / str(count)
        place.mkdir()
        (place / "optuna.journal").write_bytes(b"".join(lines[:count]))
        study = Study(place)
        assert study.begin(0, SPACE, SearchOptions(seed=1)).keys() == whole.keys()
        assert [trial.state for trial in study.study.trials][-1] is TrialState.RUNNING
        assert len(study.study.trials) == 1


@pytest.mark.parametrize(
    ("told", "state", "value"),
    [
        (("completed", "0.5"), TrialState.COMPLETE, 0.5),
        (("completed", ""), TrialState.FAIL, None),
        (("pruned", "0.4"), TrialState.PRUNED, 0.25),
        (("failed", ""), TrialState.FAIL, None),
        (("diverged", ""), TrialState.FAIL, None),
        (("interrupted", ""), TrialState.RUNNING, None),
        (("cut off", ""), TrialState.RUNNING, None),
        (("waiting", ""), TrialState.RUNNING, None),
    ],
)
def test_what_it_is_told(
    told: tuple[str, str], state: TrialState, value: float | None, tmp_path: Path
) -> None:
    study = Study(tmp_path)
    study.note(pruner="median")
    study.begin(7, SPACE, SearchOptions(seed=1))
    judged = Study(tmp_path).judged(7, 8)
    assert judged is not None
    judged.report(0.25, 1)
    study.tell([row(6, "failed"), row(7, *told)])
    study.tell([row(7, "completed", "0.9")] if state.is_finished() else [])  # once is enough
    (trial,) = study.study.trials
    assert (trial.state, trial.value) == (state, value)


def test_a_job_that_is_tried_again_has_the_same_values(tmp_path: Path) -> None:
    study = Study(tmp_path)
    values = [study.begin(job, SPACE, SearchOptions(seed=1)) for job in (0, 1)]
    study.tell([row(0, "failed"), row(1, "completed", "0.5")])
    assert study.begin(0, SPACE, SearchOptions(seed=2)) == values[0]
    study.tell([row(0, "completed", "0.7")])
    states = [(trial.user_attrs["job"], trial.state.name) for trial in study.study.trials]
    assert states == [(0, "FAIL"), (1, "COMPLETE"), (0, "COMPLETE")]
    assert study.study.best_value == 0.7


def test_nobody_judges_where_nobody_prunes(tmp_path: Path) -> None:
    study = Study(tmp_path)
    study.begin(0, SPACE, SearchOptions(seed=1))
    study.note(pruner="none")
    assert study.judged(0, 8) is None
    study.note(pruner="median")
    assert study.judged(1, 8) is None
    assert study.judged(0, 8) is not None


@pytest.mark.parametrize("name", ["median", "halving"])
def test_a_quarter_of_the_epochs_is_too_early(name: str) -> None:
    make_pruner = PRUNERS[name]
    assert make_pruner is not None
    study = optuna.create_study(direction="maximize", pruner=make_pruner(8))
    for accuracy in (0.5, 0.6, 0.7, 0.8, 0.9):
        good = study.ask()
        for epoch in range(1, 9):
            good.report(accuracy, epoch)
            good.should_prune()
        study.tell(good, accuracy)
    bad = study.ask()
    verdicts = []
    for epoch in range(1, 4):
        bad.report(0.1, epoch)
        verdicts.append(bad.should_prune())
    assert verdicts[0] is False
    assert True in verdicts[1:]
