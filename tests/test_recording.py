"""Rows, lines and times of a run's epochs."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from conftest import ALPHABET
from stopping import Stopping

from charrec.checkpoints import read_checkpoint
from charrec.errors import Interrupted
from charrec.recording import COLUMNS, EpochRecorder
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import resume, train

SLEEP = 0.2  # seconds, far above an epoch's own few milliseconds


class SlowValidation(pl.Callback):
    def on_validation_epoch_start(self, *_: Any) -> None:
        time.sleep(SLEEP)


def settings(letters: Path, **trainer: Any) -> TrainSettings:
    data = DataSettings(root=letters, alphabet=ALPHABET)
    return TrainSettings(epochs=3, data=data, trainer={"accelerator": "cpu", **trainer})


def rows(run: Run) -> list[dict[str, str]]:
    with (run.folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_epochs_without_validation_leave_cells_empty(letters: Path, tmp_path: Path) -> None:
    run = train(settings(letters, check_val_every_n_epoch=2), tmp_path / "run")
    assert tuple(rows(run)[0]) == COLUMNS
    assert [row["validation_loss"] == "" for row in rows(run)] == [True, False, True]
    assert all(row["train_loss"] for row in rows(run))
    assert run.summary["best_epoch"] == 2


def test_validation_is_not_counted_as_training(letters: Path, tmp_path: Path) -> None:
    run = train(settings(letters), tmp_path / "run", callbacks=[SlowValidation()])
    assert run.summary["epoch_seconds"] < SLEEP
    assert run.summary["train_seconds"] > 3 * SLEEP


def test_epoch_seconds_is_the_median_from_the_second_on(tmp_path: Path) -> None:
    recorder = EpochRecorder(tmp_path)
    assert recorder.epoch_seconds() is None
    recorder.seconds = [9.0]
    assert recorder.epoch_seconds() == 9.0
    recorder.seconds = [9.0, 1.0, 2.0, 4.0]
    assert recorder.epoch_seconds() == 2.0


def test_a_line_an_epoch(letters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(settings(letters), tmp_path / "run")
    first = rows(run)[0]
    loss, accuracy = float(first["train_loss"]), float(first["validation_accuracy"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0] == f"Epoch 1: loss = {loss:.3f}, validation accuracy = {accuracy:.1%}"


def test_train_metrics_are_means_over_the_pictures(letters: Path, tmp_path: Path) -> None:
    """96 pictures in batches of 7: the last batch of 5 must not count as a full one."""
    data = DataSettings(root=letters, alphabet=ALPHABET)
    still = TrainSettings(epochs=1, lr=1e-12, batch_size=7, data=data)
    whole = TrainSettings(epochs=1, lr=1e-12, batch_size=96, data=data)
    uneven, even = (rows(train(s, tmp_path / str(s.batch_size)))[0] for s in (still, whole))
    assert float(uneven["train_loss"]) == pytest.approx(float(even["train_loss"]), rel=1e-5)
    assert uneven["train_accuracy"] == even["train_accuracy"]


# Of a run that is gone on with


def test_times_are_of_all_legs_and_rows_are_there_once(letters: Path, tmp_path: Path) -> None:
    """Of three epochs two were in the first leg, each of them slow to validate."""
    with pytest.raises(Interrupted):
        train(settings(letters), tmp_path / "run", [SlowValidation(), Stopping(2)])
    first = read_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")
    kept = first["callbacks"]["EpochRecorder"]
    assert kept["learned"] > 2 * SLEEP
    run = resume(tmp_path / "run")
    assert [row["epoch"] for row in rows(run)] == ["1", "2", "3"]
    assert kept["learned"] < run.summary["train_seconds"] < kept["learned"] + SLEEP
    last = read_checkpoint(run.last_checkpoint)["callbacks"]["EpochRecorder"]
    assert last["seconds"].tolist()[:2] == kept["seconds"].tolist()
    assert len(last["seconds"]) == 3
    assert run.summary["epoch_seconds"] == round(sum(last["seconds"].tolist()[1:]) / 2, 6)


def test_its_state_comes_back(tmp_path: Path) -> None:
    recorder, again = (EpochRecorder(tmp_path) for _ in range(2))
    recorder.rows, recorder.seconds = ["1,0.5,,,,0.1\n", "2,0.4,,,,0.1\n"], [1.0, 3.0]
    again.load_state_dict(recorder.state_dict())
    assert (again.rows, again.seconds) == (recorder.rows, recorder.seconds)
    assert again.state_dict()["rows"] == "1,0.5,,,,0.1\n2,0.4,,,,0.1\n"
    assert again.summary()["epochs"] == 2


@pytest.mark.parametrize("rows", ["x\n", "2,0.5,,,,0.1\n", "1,\n1,\n", "1,\n3,\n"])
def test_rows_that_are_not_one_an_epoch_are_refused(rows: str, tmp_path: Path) -> None:
    recorder = EpochRecorder(tmp_path)
    with pytest.raises(ValueError, match="one an epoch"):
        recorder.load_state_dict(recorder.state_dict() | {"rows": rows})


def test_rows_that_were_made_after_the_checkpoint_are_dropped(
    letters: Path, tmp_path: Path
) -> None:
    run = train(settings(letters), tmp_path / "run")
    whole = (run.folder / "metrics.csv").read_bytes()
    (run.folder / "metrics.csv").write_bytes(whole + b"4,0.1,0.1,0.1,0.1,0.1\n5,0.")
    assert resume(run.folder, epochs=4).summary["epochs"] == 4
    assert (run.folder / "metrics.csv").read_bytes().startswith(whole)
    assert [row["epoch"] for row in rows(run)] == ["1", "2", "3", "4"]
