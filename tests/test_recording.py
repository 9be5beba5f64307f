"""Rows, lines and times of a run's epochs."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from conftest import ALPHABET

from charrec.recording import COLUMNS, EpochRecorder
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train

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
