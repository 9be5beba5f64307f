"""Runs that are tried out: the answers of charrec.predict, and what stands beside them."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ALPHABET
from PIL import Image

from charrec.data.pictures import read_picture
from charrec.errors import UserError
from charrec.evaluation import predict
from charrec.runs import find_run
from charrec.trying.sent import Sent
from charrec.trying.trial import GONE, OTHERS, Look, name_of, open_trial

CPU = {"accelerator": "cpu", "devices": 1}


def sent(path: Path) -> Sent:
    return Sent(path.read_bytes(), path.name)


def predicted(picture: Path, runs: list[Path], out: Path) -> dict[str, float]:
    answers, _ = predict(picture, runs, out=out, trainer=CPU)
    return dict(zip(ALPHABET, answers.probabilities[0].tolist(), strict=True))


@pytest.fixture(scope="module")
def other(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network, surer of what it says."""
    folder = tmp_path_factory.mktemp("other") / "surer"
    shutil.copytree(trained, folder)
    summary = json.loads((folder / "summary.json").read_text())
    summary["temperature"] /= 3
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def test_a_picture_is_read_as_predict_reads_it(
    trained: Path, letters: Path, tmp_path: Path
) -> None:
    trial = open_trial(trained, trainer=CPU)
    for name in ("test_0_A.png", "test_1_B.png", "test_6_C.png"):
        picture = letters / "images" / name
        (look,) = trial.look(sent(picture))
        assert dict(look.answer.ranked) == predicted(picture, [trained], tmp_path / picture.stem)
        shares = [share for _, share in look.answer.ranked]
        assert shares == sorted(shares, reverse=True)
        assert look.answer.letter == look.answer.ranked[0][0]
        assert torch.equal(look.seen[0].picture, torch.tensor(read_picture(picture, 32)))
    assert look.accuracy == json.loads((trained / "summary.json").read_text())["test"]["accuracy"]


def test_several_runs_side_by_side_and_together(
    trained: Path, other: Path, letters: Path, tmp_path: Path
) -> None:
    picture = letters / "images" / "test_2_C.png"
    together, first, second = open_trial([trained, other], trainer=CPU).look(sent(picture))
    assert [together.name, second.name] == ["All together", f"{other.parent.name}/surer"]
    both = [trained, other]
    assert dict(together.answer.ranked) == predicted(picture, both, tmp_path / "both")
    for look, run in ((first, trained), (second, other)):
        assert dict(look.answer.ranked) == predicted(picture, [run], tmp_path / run.name)
        assert len(look.near) == 6
    assert (together.seen, together.near, together.accuracy) == ((), (), None)
    assert first.answer.ranked[0][1] < second.answer.ranked[0][1]


def test_a_training_letter_is_nearest_to_itself(trained: Path, letters: Path) -> None:
    picture = letters / "images" / "train_9_B.png"
    (look,) = open_trial(trained, trainer=CPU).look(sent(picture))
    distances = [near.distance for near in look.near]
    assert look.near[0].letter == "B"
    assert distances[0] < 1e-3
    assert torch.equal(look.near[0].picture, torch.tensor(read_picture(picture, 32)))
    assert distances == sorted(distances)
    assert distances[1] > 1e-3


def test_where_it_is_blank_nothing_is_near(trained: Path) -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((50, 50), 140, np.uint8)).save(file, "PNG")
    (look,) = open_trial(trained, trainer=CPU).look(Sent(file.getvalue()))
    assert (look.answer.letter, look.near, look.no_near) == ("blank", (), None)


def moved(run: Path, root: Path, to: Path) -> Path:
    """A copy of the run, whose letters are at `root`."""
    shutil.copytree(run, to)
    summary = json.loads((to / "summary.json").read_text())
    summary["settings"]["data"]["root"] = str(root)
    (to / "summary.json").write_text(json.dumps(summary))
    return to


def one_look(run: Path, picture: Path, root: Path | None = None) -> Look:
    (look,) = open_trial(run, trainer=CPU, root=root).look(sent(picture))
    return look


def test_without_its_letters_a_run_reads_all_the_same(
    trained: Path, letters: Path, tmp_path: Path
) -> None:
    run = moved(trained, tmp_path / "gone", tmp_path / "run")
    picture = letters / "images" / "test_0_A.png"
    with pytest.warns(
        UserWarning, match=f"^no nearest letters for {run}: data.root=.*/gone: [^\n]*$"
    ):
        look = one_look(run, picture)
    assert look.answer == one_look(trained, picture).answer
    assert (look.near, look.no_near) == ((), GONE)
    assert len(one_look(run, picture, root=letters).near) == 6  # they are elsewhere now


def test_other_letters_are_not_taken_for_those_of_the_run(
    trained: Path, letters: Path, own_letters: Path, tmp_path: Path
) -> None:
    Image.new("L", (28, 28)).save(own_letters / "images" / "train_0_A.png")
    run = moved(trained, own_letters, tmp_path / "run")
    with pytest.warns(UserWarning, match=f"{own_letters} holds others now than it was trained on$"):
        look = one_look(run, letters / "images" / "test_0_A.png")
    assert (look.near, look.no_near) == ((), OTHERS)


def test_runs_are_called_by_what_tells_them_apart(tmp_path: Path) -> None:
    for folder, name in {
        "outputs/2026-01-31_12-00-00_ab12": "2026-01-31_12-00-00_ab12",
        "outputs/2026-01-31_12-00-00_ab12/3": "2026-01-31_12-00-00_ab12/3",
        "mine": f"{tmp_path.name}/mine",
    }.items():
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        assert name_of(find_run(tmp_path / folder)) == name


def test_what_is_no_picture_is_refused(trained: Path) -> None:
    with pytest.raises(UserError, match=r"^x\.png is not a picture$"):
        open_trial(trained, trainer=CPU).look(Sent(b"no picture", "x.png"))
