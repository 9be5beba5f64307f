"""The curves say what metrics.csv says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image

from charrec.figures.curves import TRAIN, VALIDATION, draw_curves, read_metrics

HEADER = "epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate\n"


def metrics(folder: Path, *rows: str) -> Path:
    (folder / "metrics.csv").write_text(HEADER + "".join(row + "\n" for row in rows))
    return folder / "metrics.csv"


def drawn(path: Path, best_epoch: int | None) -> NDArray[np.int64]:
    draw_curves(path, path.with_name("curve.png"), best_epoch)
    with Image.open(path.with_name("curve.png")) as image:
        assert (image.format, image.size) == ("PNG", (1080, 432))
        return np.asarray(image.convert("RGB")).astype(int)


def places(pixels: NDArray[np.int64], colour: str) -> NDArray[np.int64]:
    """(row, column) of the pixels of a colour, legend (at the top) left out."""
    near = np.abs(pixels - np.array(to_rgb(colour)) * 255).max(axis=2) < 12
    near[:40] = False
    return np.argwhere(near)


def test_cells_that_are_empty_have_no_point(tmp_path: Path) -> None:
    path = metrics(tmp_path, "1,2.5,0.1,,,0.1", "2,1.5,0.25,1.75,0.5,0.1")
    assert read_metrics(path) == {
        "train_loss": [(1, 2.5), (2, 1.5)],
        "train_accuracy": [(1, 0.1), (2, 0.25)],
        "validation_loss": [(2, 1.75)],
        "validation_accuracy": [(2, 0.5)],
        "learning_rate": [(1, 0.1), (2, 0.1)],
    }


def test_the_lines_stand_where_the_numbers_are(tmp_path: Path) -> None:
    """Constant curves: training loss 4, validation loss 2, accuracies 0.25 and 0.75."""
    rows = [f"{epoch},4,0.25,2,0.75,0.1" for epoch in range(1, 11)]
    pixels = drawn(metrics(tmp_path, *rows), 10)
    train, validation = places(pixels, TRAIN), places(pixels, VALIDATION)

    def height(spots: NDArray[np.int64], right: bool) -> float:
        return float(np.median([row for row, column in spots if (column > 540) == right]))

    axis = 375  # row of the lower axis: loss 0 and accuracy 0
    loss = [axis - height(train, False), axis - height(validation, False)]
    accuracy = [axis - height(train, True), axis - height(validation, True)]
    assert loss[0] / loss[1] == pytest.approx(2, rel=0.03)
    assert accuracy[1] / accuracy[0] == pytest.approx(3, rel=0.03)
    assert accuracy[1] / 0.75 == pytest.approx(axis - 52, rel=0.03)  # the axis ends at 1


@pytest.mark.parametrize("best", [1, 5, 9])
def test_the_best_epoch_is_marked_on_both_sides(tmp_path: Path, best: int) -> None:
    rows = [f"{epoch},4,0.25,2,0.75,0.1" for epoch in range(1, 10)]
    marked = drawn(metrics(tmp_path, *rows), best)
    grey = (np.ptp(marked, axis=2) == 0) & (marked[..., 0] > 100) & (marked[..., 0] < 220)
    columns = np.flatnonzero(grey.sum(axis=0) > 90)  # nothing else is as high
    lines = places(drawn(metrics(tmp_path, *rows), None), TRAIN)[:, 1]
    for side in (lines[lines < 540], lines[lines > 540]):
        expected = side.min() + (best - 1) / 8 * (side.max() - side.min())
        assert min(abs(column - expected) for column in columns) < 4
    assert len(columns) == 8  # two a line, and the edges of both upright axes


def test_one_epoch_is_a_dot_one_can_see(tmp_path: Path) -> None:
    pixels = drawn(metrics(tmp_path, "1,2,0.3,1,0.6,0.1"), 1)
    assert len(places(pixels, TRAIN)) > 40
    assert len(places(pixels, VALIDATION)) > 40


def test_without_validation_only_training_is_drawn(tmp_path: Path) -> None:
    pixels = drawn(metrics(tmp_path, "1,2,0.3,,,0.1", "2,1,0.4,,,0.1"), None)
    assert len(places(pixels, TRAIN)) > 300
    assert len(places(pixels, VALIDATION)) == 0


@pytest.mark.parametrize("loss", ["inf", "nan", "1e30"])
def test_a_loss_that_ran_away_is_no_crash(tmp_path: Path, loss: str) -> None:
    pixels = drawn(metrics(tmp_path, "1,2,0.3,1,0.3,0.1", f"2,{loss},0.9,1,0.4,0.1"), 1)
    assert len(places(pixels, TRAIN)) > 100


def test_no_epoch_at_all(tmp_path: Path) -> None:
    assert len(places(drawn(metrics(tmp_path), None), TRAIN)) == 0
