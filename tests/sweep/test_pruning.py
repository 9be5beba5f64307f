"""A hopeless run of a search is stopped, told as pruned, and can still be gone on with."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from making_sweeps import settings_of

from charrec import training
from charrec.errors import Interrupted, Pruned, UserError
from charrec.execution import sees_steps
from charrec.run import Run
from charrec.runs import newest_unfinished
from charrec.settings import DataSettings, TrainSettings
from charrec.sweep.folder import outcome
from charrec.sweep.pruning import Pruning, pruning_of
from charrec.sweep.results import rank, read_results
from charrec.sweep.search_options import SearchOptions
from charrec.sweep.space import Choice
from charrec.sweep.study import Study

EPOCHS = 8  # of which two are too early to judge
SPACE = {"hsize": Choice(("1",))}


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def settings(letters: Path) -> TrainSettings:
    cpu = {"accelerator": "cpu", "devices": 1}
    data = DataSettings(root=letters, alphabet="ABCD")
    return TrainSettings(hsize=1, epochs=EPOCHS, data=data, trainer=cpu)


def search_in(folder: Path, accuracy: float) -> Study:
    """Five trials that reached so much in every epoch, and one that is under way."""
    study = Study(folder)
    study.note(pruner="median")
    for job in range(5):
        study.begin(job, SPACE, SearchOptions(seed=1))
        trial = study.judged(job, EPOCHS)
        assert trial is not None
        for epoch in range(1, EPOCHS + 1):
            trial.report(accuracy, epoch)
        study.tell([{"job": str(job), "status": "completed", "best_validation_accuracy": "1"}])
    study.begin(5, SPACE, SearchOptions(seed=1))
    (folder / "5").mkdir()
    return study


@pytest.fixture(scope="module")
def pruned(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """That tests read and do not change."""
    folder = tmp_path_factory.mktemp("search")
    search_in(folder, 1.0)
    with pytest.raises(Pruned, match="pruned after epoch 2"):
        training.train(
            settings(letters), folder / "5", pruning_of(folder / "5", {"epochs": EPOCHS})
        )
    return Run(folder / "5")


def test_a_pruned_run(pruned: Run) -> None:
    summary = pruned.summary
    assert (summary["status"], summary["pruned"]) == ("interrupted", {"epoch": 2})
    assert (pruned.status, summary["error"], summary["epochs"]) == ("pruned", None, 2)
    assert pruned.epochs_so_far == 2
    assert summary["execution"]["steps_per_execution"] > 1
    row = outcome(pruned)
    assert (row["status"], row["test_accuracy"], row["error"]) == ("pruned", "", "")
    assert float(row["best_validation_accuracy"]) == summary["validation"]["accuracy"]
    assert int(row["best_epoch"]) in (1, 2)


def test_its_accuracies_were_reported(pruned: Run) -> None:
    trial = Study(pruned.folder.parent).study.trials[-1]
    lines = (pruned.folder / "metrics.csv").read_text().splitlines()[1:]
    written = {n + 1: float(line.split(",")[4]) for n, line in enumerate(lines)}
    assert trial.intermediate_values == pytest.approx(written)


def test_it_is_no_result_and_not_the_latest_to_go_on_with(pruned: Run) -> None:
    (experiment,) = rank(read_results([pruned.folder.parent]))
    assert (experiment.best.status, experiment.best.validation) == ("pruned", None)
    with pytest.raises(UserError, match="no run under"):
        newest_unfinished(pruned.folder.parent)


def test_gone_on_with_it_ends_as_if_nobody_had_pruned_it(
    pruned: Run, letters: Path, tmp_path: Path
) -> None:
    training.train(settings(letters), tmp_path / "whole")
    gone_on = training.resume(pruned.folder)
    assert (gone_on.status, gone_on.summary["pruned"]) == ("completed", None)
    metrics = (run / "metrics.csv" for run in (gone_on.folder, tmp_path / "whole"))
    assert len({file.read_bytes() for file in metrics}) == 1


def test_one_that_does_well_is_left_alone(letters: Path, tmp_path: Path) -> None:
    search_in(tmp_path, 0.0)
    callbacks = pruning_of(tmp_path / "5", {"epochs": EPOCHS})
    run = training.train(settings(letters), tmp_path / "5", callbacks)
    assert (run.status, run.summary["epochs"], run.summary["pruned"]) == ("completed", 8, None)
    reported = Study(tmp_path).study.trials[-1].intermediate_values
    assert list(reported) == list(range(1, EPOCHS + 1))


def test_what_was_reported_before_is_not_reported_again(tmp_path: Path) -> None:
    """Optuna would warn, and these tests make warnings errors."""
    study = search_in(tmp_path, 0.0)
    for _ in range(2):
        (callback,) = pruning_of(tmp_path / "5", {"epochs": EPOCHS})
        assert isinstance(callback, Pruning)
        callback._judged(1, 0.5)
    assert study.study.trials[-1].intermediate_values == {1: 0.5}


class Terminated(pl.Callback):
    """By a signal that comes when the last epoch that counts is over."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 1:
            signal.raise_signal(signal.SIGTERM)


def test_who_asks_the_whole_search_to_end_is_heard(letters: Path, tmp_path: Path) -> None:
    search_in(tmp_path, 1.0)
    callbacks = [*pruning_of(tmp_path / "5", {"epochs": EPOCHS}), Terminated()]
    with pytest.raises(Interrupted) as stopped:
        training.train(settings(letters), tmp_path / "5", callbacks)
    assert stopped.value.signal == signal.SIGTERM
    assert Run(tmp_path / "5").status == "interrupted"
    with pytest.raises(Pruned, match="pruned after epoch 3"):
        training.resume(tmp_path / "5", pruning_of(tmp_path / "5", {"epochs": EPOCHS}))


def test_steps_stay_in_their_blocks(tmp_path: Path) -> None:
    search_in(tmp_path, 0.0)
    (callback,) = pruning_of(tmp_path / "5", {"epochs": EPOCHS})
    assert not sees_steps(callback)


def test_jobs_of_a_grid_are_not_judged(tmp_path: Path) -> None:
    about: dict[str, Any] = settings_of()
    assert pruning_of(tmp_path / "0", about) == []
    assert list(tmp_path.iterdir()) == []
