"""The temperatures of networks, alone and together: which validation letters they are fitted to."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import pytest
import torch
from PIL import Image

from charrec import evaluation
from charrec.calibration import doubts, fit_temperature, logarithms_of
from charrec.classifier import CharacterClassifier
from charrec.conclusion import report
from charrec.data.datamodule import CharacterDataModule
from charrec.ensembles import fit_reader, load_ensemble, warn_of_doubts
from charrec.reading import Ensemble, Reader, log_probabilities, read
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train

CPU = {"accelerator": "cpu", "devices": 1}


def make_blank(letters: Path, count: int) -> Path:
    """The first of the validation pictures are one grey."""
    for grey, name in enumerate([*json.loads((letters / "validation.json").read_text())][:count]):
        Image.new("L", (28, 28), 100 + 5 * grey).save(letters / "images" / name)
    return letters


def module(root: Path) -> CharacterDataModule:
    letters = CharacterDataModule(root, alphabet="ABCD")
    letters.setup()
    return letters


def reader() -> Reader:
    torch.manual_seed(3)
    classifier = CharacterClassifier(alphabet="ABCD", image_size=32, hsize=4, init="normal")
    return Reader(classifier.eval())


def test_one_is_fitted_to_letters_alone(own_letters: Path) -> None:
    letters = module(make_blank(own_letters, 9))
    logits = log_probabilities(reader().classifier, letters.images["validation"], CPU).numpy()
    labels = letters.labels["validation"].numpy()
    expected = fit_temperature(logits[9:], labels[9:])
    assert expected != pytest.approx(fit_temperature(logits, labels), rel=0.01)
    assert fit_reader(reader(), letters, CPU).temperature == pytest.approx(expected, rel=1e-4)


@pytest.mark.filterwarnings("ignore:.*pixel for pixel")
def test_several_are_fitted_to_letters_alone(own_letters: Path, tmp_path: Path) -> None:
    data = DataSettings(make_blank(own_letters, 9), alphabet="ABCD")
    run = train(TrainSettings(epochs=1, hsize=8, data=data), tmp_path / "run")
    letters = module(own_letters)
    mean = read(Ensemble(fitted(run).readers), lambda _: letters.images["validation"], CPU).together
    labels = letters.labels["validation"].numpy()
    expected = fit_temperature(logarithms_of(mean[9:]), labels[9:])
    assert expected != pytest.approx(fit_temperature(logarithms_of(mean), labels), rel=0.01)
    assert fitted(run).temperature == pytest.approx(expected, rel=1e-4)
    assert run.summary["temperature_letters"] == 15 == fitted(run).temperature_letters
    assert " before calibration by 15 letters alone (exp" in report(run)


def fitted(run: Run) -> Ensemble:
    return load_ensemble([run, run], "best", CPU)


@pytest.mark.parametrize("moved", ["gone", "others"])
def test_several_are_fitted_to_letters_that_were_moved(
    moved: str, trained: Path, letters: Path, tmp_path: Path
) -> None:
    """Where a folder of the same letters is given; others are to be tested on, not fitted to."""
    first = Run(Path(shutil.copytree(trained, tmp_path / "run")))
    first.record(temperature=3.0)  # for the mean to need one
    expected = fitted(first).temperature
    settings = first.settings
    settings["data"]["root"] = str(tmp_path / "old")
    first.record(settings=settings)
    other = Run(Path(shutil.copytree(first.folder, tmp_path / "other")))
    if moved == "others":
        make_blank(Path(shutil.copytree(letters, tmp_path / "old")), 1)
    another = make_blank(Path(shutil.copytree(letters, tmp_path / "another")), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        answers, _ = evaluation.test([first, other], letters, out=tmp_path / "a")
    assert answers.temperature == expected != 1
    with pytest.warns(UserWarning, match="has no temperature of its own.*are not there"):
        answers, _ = evaluation.test([first, other], another, out=tmp_path / "b")
    assert answers.temperature == 1


def test_a_network_that_is_surest_where_it_is_wrong_is_told(letters: Path) -> None:
    """Whatever the share of its right answers."""
    one, found = reader(), module(letters)
    logits = log_probabilities(one.classifier, found.images["validation"], CPU)
    found.labels["validation"] = logits.argmin(dim=1)
    fitted = fit_reader(one, found, CPU)
    with pytest.warns(UserWarning, match="^probabilities say nothing: on validation the true"):
        warn_of_doubts(Ensemble([fitted]))
    with pytest.warns(UserWarning, match="^probabilities say nothing: on validation the true"):
        warn_of_doubts(Ensemble([one, one], 100.0))


def test_of_other_temperatures_there_is_no_doubt() -> None:
    assert [doubts(t) for t in (0.1, 1, 99)] == [None] * 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_doubts(Ensemble([reader()._replace(temperature=100.0), reader()], 3.0))


@pytest.mark.filterwarnings("ignore:.*pixel for pixel")
def test_where_all_are_blank_nothing_is_fitted_and_that_is_told(
    own_letters: Path, tmp_path: Path
) -> None:
    data = DataSettings(make_blank(own_letters, 24), alphabet="ABCD")
    told = "^no temperature was fitted: every validation picture is blank"
    with pytest.warns(UserWarning, match=told):
        run = train(TrainSettings(epochs=1, hsize=8, data=data), tmp_path / "run")
    assert (run.temperature, run.calibrated) == (1, False)
    with pytest.warns(UserWarning, match=told):
        assert fitted(run).temperature == 1
