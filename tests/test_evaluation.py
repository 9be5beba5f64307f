"""Testing a run and reading new pictures with it, as plain functions."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ALPHABET, draw_letter
from PIL import Image
from torch.nn import functional

from charrec import evaluation
from charrec.calibration import bins_of, expected_calibration_error, fit_temperature
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import UserError
from charrec.evaluation import predict
from charrec.figures.reliability import draw_reliability
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.strangers import strangers
from charrec.training import train
from charrec.weights import load_classifier


@pytest.fixture(scope="module")
def run(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    data = DataSettings(root=letters, alphabet=ALPHABET)
    settings = TrainSettings(optimizer="adam", lr=2e-3, epochs=8, data=data)
    return train(settings, tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def other(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Another seed, another size, and nearly untrained."""
    data = DataSettings(root=letters, alphabet=ALPHABET, image_size=20)
    settings = TrainSettings(optimizer="adam", lr=2e-3, epochs=2, seed=1, hsize=8, data=data)
    return train(settings, tmp_path_factory.mktemp("other") / "run")


def logits_of(run: Run, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """As the network gives them, and the labels."""
    classifier = load_classifier(run.best_checkpoint)
    letters = CharacterDataModule(run.letters.root, classifier.hparams["image_size"], ALPHABET)
    letters.setup()
    with torch.no_grad():
        return classifier(letters.images[split]).double(), letters.labels[split]


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
    copy = Run(shutil.copytree(run.folder, tmp_path / "run"))
    copy.best_checkpoint.unlink()
    with pytest.raises(UserError, match=r"best\.ckpt: no such checkpoint"):
        evaluation.test(copy)
    with pytest.raises(UserError, match=r"is no run: it has no summary\.json"):
        evaluation.test(tmp_path)


# Calibration


def test_the_temperature_suits_the_validation_letters(other: Run) -> None:
    logits, labels = logits_of(other, "validation")
    fitted = fit_temperature(logits.numpy(), labels.numpy())
    assert other.summary["temperature"] == pytest.approx(fitted, rel=1e-4)
    assert fitted != 1


def test_what_is_written_is_calibrated(other: Run) -> None:
    logits, labels = logits_of(other, "test")
    expected = functional.softmax(logits / other.temperature, dim=1)
    answers, out = evaluation.test(other)
    np.testing.assert_allclose(answers.probabilities, expected.numpy(), atol=1e-5)
    for folder in (other.folder, out):
        written = [float(r["probability"]) for r in read(folder / "test_predictions.csv")]
        assert written == pytest.approx(expected.amax(dim=1).tolist(), abs=1e-5)
    score = other.summary["test"]
    true = expected[torch.arange(24), labels]
    assert score["negative_log_likelihood"] == pytest.approx(-true.log().mean().item(), abs=1e-5)
    before = functional.cross_entropy(logits, labels).item()
    assert score["before_temperature"]["negative_log_likelihood"] == pytest.approx(before, abs=1e-5)


def test_the_calibration_error_is_that_of_the_written_table(other: Run) -> None:
    rows = read(other.folder / "test_predictions.csv")
    tops = np.array([float(row["probability"]) for row in rows])
    right = np.array([row["letter"] == row["truth"] for row in rows])
    error = expected_calibration_error(bins_of(tops, right))
    assert other.summary["test"]["expected_calibration_error"] == pytest.approx(error, abs=1e-5)
    table = read(other.folder / "reliability.csv")
    assert len(table) == 15
    assert sum(int(row["count"]) for row in table) == 24
    assert sum(int(row["before_count"]) for row in table) == 24
    gaps = [
        int(row["count"]) * abs(float(row["probability"]) - float(row["accuracy"]))
        for row in table
        if row["accuracy"]
    ]
    assert sum(gaps) / 24 == pytest.approx(error, abs=1e-5)


def test_a_run_of_an_earlier_version_is_as_sure_as_its_network(other: Run, tmp_path: Path) -> None:
    old = Run(Path(shutil.copytree(other.folder, tmp_path / "old")))
    summary = old.summary
    del summary["temperature"]
    (old.folder / "summary.json").write_text(json.dumps(summary))
    score = evaluation.test(old)[0].score()
    assert score["temperature"] == 1.0
    before = other.summary["test"]["before_temperature"]
    assert score["before_temperature"] == before
    assert {name: score[name] for name in before} == before


def test_the_last_checkpoint_takes_the_temperature_of_the_best(other: Run) -> None:
    answers, _ = evaluation.test(other, checkpoint="last")
    assert answers.score()["temperature"] == other.temperature


def test_what_is_no_letter(run: Run) -> None:
    found = run.summary["test"]["no_letters"]
    assert list(found) == [
        *("uniform_noise", "normal_noise", "blurred_noise", "specks", "blank", "digits")
    ]
    assert found["blank"]["answered_blank"] == 1
    assert found["digits"]["answered_blank"] == found["uniform_noise"]["answered_blank"] == 0
    for kind in found.values():
        assert kind["count"] > 50
        assert 0 <= kind["above_half"] <= 1
        # Letters that are read at 100 % are seldom below a picture that nobody could read.
        assert 0.4 < kind["area_under_roc"] <= 1
    assert found["blank"]["area_under_roc"] > 0.9


def test_strangers_are_measured_by_the_likeliest_letter(other: Run) -> None:
    classifier = load_classifier(other.best_checkpoint)
    for kind, images in strangers(20, ALPHABET).items():
        with torch.no_grad():
            logits = classifier(torch.from_numpy(images.copy())).double()
        tops = functional.softmax(logits / other.temperature, dim=1).amax(dim=1)
        share = other.summary["test"]["no_letters"][kind]["above_half"]
        assert share == pytest.approx((tops > 0.5).double().mean().item(), abs=1e-6), kind


def test_the_diagram_is_of_what_was_tested(other: Run, tmp_path: Path) -> None:
    answers, out = evaluation.test(other)
    bins = answers.bins(answers.probabilities), answers.bins(answers.uncalibrated)
    assert bins[0] != bins[1]
    draw_reliability(*bins, tmp_path / "a.png")
    assert (out / "reliability.png").read_bytes() == (tmp_path / "a.png").read_bytes()


# Blank pictures


def test_a_blank_picture_is_no_letter(run: Run, pictures: Path) -> None:
    Image.new("RGB", (40, 30), "#778899").save(pictures / "4_D.png")
    Image.new("L", (28, 28), 0).save(pictures / "13.jpg")
    answers, out = predict(pictures, run)
    rows = read(out / "predictions.csv")
    for place, truth in ((3, "D"), (12, "")):
        assert answers.letters[place] == rows[place]["letter"] == "blank"
        assert list(rows[place].values())[1:] == [truth, "blank", *[""] * 6]
    assert len(answers.judged) == 12, "one of them is wrong"
    assert ("D", "blank") in answers.judged
    assert [row["letter"] for row in rows].count("blank") == 2


def test_a_blank_test_letter_is_wrong(run: Run, own_letters: Path) -> None:
    Image.new("L", (28, 28), 128).save(own_letters / "images" / "test_0_A.png")
    before, _ = evaluation.test(run)
    answers, out = evaluation.test(run, own_letters)
    assert answers.letters[0] == "blank"
    assert answers.score()["total"] == 24
    assert answers.correct == before.correct - (before.letters[0] == "A")
    assert read(out / "per_letter.csv")[0]["count"] == "6"
    assert read(out / "confusion_matrix.csv")[0]["blank"] == "1"
    assert sum(int(row["count"]) for row in read(out / "reliability.csv")) == 23
    assert (out / "confusion_matrix.png").exists()


# Several together


def test_together_they_answer_with_the_mean(run: Run, other: Run) -> None:
    alone = [
        functional.softmax(logits_of(each, "test")[0] / each.temperature, dim=1).numpy()
        for each in (run, other)
    ]
    answers, out = evaluation.test([run, other.folder])
    record = json.loads((out / "test.json").read_text())
    mean = np.mean(alone, axis=0)
    powers = mean ** (1 / record["temperature"])
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers.probabilities, expected, atol=1e-4)
    assert out.parent == run.folder / "test"
    assert "run" not in record
    assert [each["run"] for each in record["runs"]] == [str(run.folder), str(other.folder)]
    assert [each["accuracy"] for each in record["runs"]] == [
        each.summary["test"]["accuracy"] for each in (run, other)
    ]
    assert [each["temperature"] for each in record["runs"]] == [run.temperature, other.temperature]


def test_together_the_mean_has_a_temperature_of_its_own(run: Run, other: Run) -> None:
    alone, labels = [], None
    for each in (run, other):
        logits, labels = logits_of(each, "validation")
        alone.append(functional.softmax(logits / each.temperature, dim=1))
    assert labels is not None
    mean = torch.stack(alone).mean(dim=0).log()
    answers, _ = evaluation.test([run, other])
    fitted = fit_temperature(mean.numpy(), labels.numpy())
    assert answers.score()["temperature"] == pytest.approx(fitted, rel=1e-3)


def test_together_they_are_shown_the_same_strangers(run: Run, other: Run) -> None:
    """Drawn at 32 and made smaller for the one of 20, whichever is first."""
    drawn = np.concatenate(list(strangers(32, ALPHABET).values()))
    smaller = [Image.fromarray(p).resize((20, 20), Image.Resampling.BILINEAR) for p in drawn[:, 0]]
    shown = {run: drawn, other: np.stack([np.asarray(image) for image in smaller])[:, None]}
    alone = []
    for each, images in shown.items():
        with torch.no_grad():
            logits = load_classifier(each.best_checkpoint)(torch.from_numpy(images)).double()
        alone.append(functional.softmax(logits / each.temperature, dim=1).numpy())
    for runs in ([run, other], [other, run]):
        answers, _ = evaluation.test(runs)
        powers = np.mean(alone, axis=0) ** (1 / answers.temperature)
        expected = (powers / powers.sum(axis=1, keepdims=True)).max(axis=1)
        found = np.concatenate([kind.probabilities for kind in answers.strangers.values()])
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_one_run_in_a_list_is_that_run(run: Run) -> None:
    (one, _), (listed, out) = evaluation.test(run), evaluation.test([run])
    assert one.score() == listed.score()
    assert json.loads((out / "test.json").read_text())["run"] == str(run.folder)


def test_predict_by_several(run: Run, other: Run, pictures: Path, tmp_path: Path) -> None:
    answers, out = predict(pictures, [other, run], out=tmp_path / "out")
    assert answers.correct >= 10
    assert json.loads((out / "predict.json").read_text()) == {
        "images": str(pictures),
        "runs": [str(other.folder), str(run.folder)],
        "checkpoint": "best",
    }
    tested, _ = evaluation.test([other, run])
    name = tested.files[0]
    again, _ = predict(run.letters.root / Path("images", name), [other, run])  # type: ignore[operator]
    np.testing.assert_allclose(again.probabilities[0], tested.probabilities[0], atol=1e-6)


@pytest.mark.parametrize("loss", ["gone", "others"])
def test_without_the_letters_of_the_first_the_mean_stays_as_it_is(
    loss: str, run: Run, other: Run, own_letters: Path, pictures: Path, tmp_path: Path
) -> None:
    first = Run(Path(shutil.copytree(other.folder, tmp_path / "first")))
    summary = first.summary
    summary["settings"]["data"]["root"] = str(own_letters)
    (first.folder / "summary.json").write_text(json.dumps(summary))
    if loss == "gone":
        shutil.rmtree(own_letters)
    else:
        draw_letter("A", 99).save(own_letters / "images" / "test_0_A.png")
    with pytest.warns(UserWarning, match=f"^the mean of .*{first.folder}.*are not there"):
        answers, _ = predict(pictures, [first, run])
    alone = [predict(pictures, each)[0].probabilities for each in (other, run)]
    np.testing.assert_allclose(answers.probabilities, np.mean(alone, axis=0), atol=1e-6)


def test_together_only_with_one_alphabet(run: Run, letters: Path, tmp_path: Path) -> None:
    data = DataSettings(root=letters, alphabet="ABCDE")
    five = train(TrainSettings(epochs=1, hsize=4, data=data), tmp_path / "five")
    for read_by in (evaluation.test, lambda runs: predict(letters / "images", runs)):
        with pytest.raises(UserError, match=r"reads ABCD, .*five reads ABCDE: runs that answer"):
            read_by([run, five])
    assert not (five.folder / "test").exists()
