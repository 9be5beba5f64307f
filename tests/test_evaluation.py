"""Testing a run and reading new pictures with it, as plain functions."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest
from conftest import ALPHABET, draw_letter

from charrec import evaluation
from charrec.errors import UserError
from charrec.evaluation import predict
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train


@pytest.fixture(scope="module")
def run(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    data = DataSettings(root=letters, alphabet=ALPHABET)
    settings = TrainSettings(optimizer="adam", lr=2e-3, epochs=8, data=data)
    return train(settings, tmp_path_factory.mktemp("run") / "run")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twelve pictures, 1_A.png ... 12_D.png, and two files that are no pictures."""
    folder = tmp_path / "new"
    folder.mkdir()
    for i in range(12):
        draw_letter(ALPHABET[i % 4], seed=7 * i).save(folder / f"{i + 1}_{ALPHABET[i % 4]}.png")
    (folder / "notes.txt").write_text("not a picture by its name")
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_test_repeats_what_training_recorded(run: Run) -> None:
    answers, out = evaluation.test(run)
    assert answers.score() == run.summary["test"]
    record = json.loads((out / "test.json").read_text())
    assert record["accuracy"] == run.summary["test"]["accuracy"]
    assert record["checkpoint"] == "best"
    for name in ("test_predictions.csv", "confusion_matrix.csv", "per_letter.csv"):
        assert (out / name).read_bytes() == (run.folder / name).read_bytes(), name


def test_each_test_has_a_folder_of_its_own(run: Run) -> None:
    assert evaluation.test(run)[1] != evaluation.test(run)[1]


def test_records_add_up(run: Run) -> None:
    score = run.summary["test"]
    predictions = read(run.folder / "test_predictions.csv")
    per_letter = read(run.folder / "per_letter.csv")
    confusion = read(run.folder / "confusion_matrix.csv")
    assert sum(row["truth"] == row["letter"] for row in predictions) == score["correct"]
    assert sum(int(row["count"]) for row in per_letter) == score["total"] == len(predictions)
    right = sum(float(row["recall"]) * int(row["count"]) for row in per_letter)
    assert right == pytest.approx(score["correct"], abs=1e-2)
    assert sum(int(row[row["truth"]]) for row in confusion) == score["correct"]


def test_last_checkpoint_and_other_letters(run: Run, own_letters: Path, tmp_path: Path) -> None:
    entries = json.loads((own_letters / "test.json").read_text())
    kept = dict(list(entries.items())[:5])
    (own_letters / "test.json").write_text(json.dumps(kept))
    answers, out = evaluation.test(run, own_letters, "last", tmp_path / "out")
    assert out == tmp_path / "out"
    assert answers.files == list(kept)
    assert json.loads((out / "test.json").read_text())["root"] == str(own_letters)


def test_predict_reads_a_folder_in_natural_order(run: Run, pictures: Path) -> None:
    answers, out = predict(pictures, run)
    rows = read(out / "predictions.csv")
    assert [row["file"] for row in rows] == [f"{i + 1}_{ALPHABET[i % 4]}.png" for i in range(12)]
    assert answers.correct == sum(row["truth"] == row["letter"] for row in rows) >= 10
    assert len(answers.judged) == 12
    for row in rows:
        named = [float(row[p]) for p in ("probability", "second_probability", "third_probability")]
        assert named == sorted(named, reverse=True)
        assert 0 < sum(named) < 1.00001
        assert len({row["letter"], row["second"], row["third"]}) == 3
    assert out.parent == run.folder / "predict"
    assert (out / "predictions.png").stat().st_size > 1000


def test_predict_and_test_read_a_picture_alike(run: Run, letters: Path) -> None:
    tested = read(run.folder / "test_predictions.csv")[0]
    _, out = predict(letters / "images" / tested["file"], run)
    assert read(out / "predictions.csv") == [tested]


def test_predict_takes_a_glob(run: Run, pictures: Path) -> None:
    answers, _ = predict(pictures / "1*_*.png", run)
    assert answers.files == ["1_A.png", "10_B.png", "11_C.png", "12_D.png"]


def test_a_broken_picture_has_a_row_and_the_rest_goes_on(run: Run, pictures: Path) -> None:
    (pictures / "3_C.png").write_bytes(b"no picture")
    answers, out = predict(pictures, run)
    row = read(out / "predictions.csv")[2]
    assert row["letter"] == row["probability"] == ""
    assert row["error"].endswith("3_C.png is not a picture")
    assert len(answers.judged) == 11
    assert len("".join(answers.letters)) == 11


def test_only_broken_pictures_leave_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"1 of 1 pictures cannot be read: .*a\.png"):
        predict(tmp_path, run, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_probabilities_add_up_to_one(run: Run) -> None:
    answers, _ = evaluation.test(run)
    assert answers.probabilities.shape == (24, 4)
    assert all(math.isclose(row.sum(), 1, abs_tol=1e-5) for row in answers.probabilities)


def test_missing_checkpoint_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"best\.ckpt: no such checkpoint"):
        evaluation.test(tmp_path)
