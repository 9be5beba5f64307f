"""``python -m charrec.compare``: the table, the files, and how it is refused."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from making import make_run
from making_sweeps import make_job, make_sweep, settings_of
from processes import run_main

from charrec.compare import main
from charrec.errors import UserError
from charrec.runs import find_run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sweeps and a single run."""
    monkeypatch.chdir(tmp_path)
    for name, accuracies in {"one": (0.5, 0.75), "two": (0.25,)}.items():
        sweep = make_sweep(tmp_path / "outputs" / name, *["completed"] * len(accuracies))
        for job, accuracy in enumerate(accuracies):
            make_job(sweep, job, "completed", accuracy)
    make_run(
        tmp_path / "outputs" / "single",
        status="diverged",
        settings=settings_of(hsize=3),
    )
    return tmp_path / "outputs"


def test_everything_under_outputs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split() for line in out.splitlines()] == [
        ["hsize", "runs", "validation", "epoch", "test", "folder"],
        ["2", "1", "75.0%", "2", "75.0%", "outputs/one/1"],
        ["1", "2", "37.5%", "±", "17.7%", "1", "37.5%", "±", "17.7%", "outputs/one/0"],
        ["3", "0", "of", "1", "diverged", "outputs/single"],
        ["Best", "on", "validation,", "75.0%:", "outputs/one/1"],
        ["Test:", "python", "-m", "charrec.test", "run=outputs/one/1"],
        ["Predict:", "python", "-m", "charrec.predict", "images=FOLDER", "run=outputs/one/1"],
    ]
    assert not list(here.glob("*/best.json"))


def test_a_sweep_gets_its_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outputs/one", "outputs/two", "outputs/single"]) == 0
    with (here / "one" / "compare.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert first == {
        "hsize": "2",
        "runs": "1",
        "completed": "1",
        "validation_accuracy": "0.75",
        "validation_accuracy_deviation": "",
        "best_epoch": "2",
        "test_accuracy": "0.75",
        "test_accuracy_deviation": "",
        "folder": "1",
    }
    assert (second["hsize"], second["folder"]) == ("1", "0")
    best = json.loads((here / "one" / "best.json").read_text())
    assert (best["folder"], best["validation_accuracy"], best["best_epoch"]) == ("1", 0.75, 2)
    assert best["settings"] == settings_of(hsize=2)
    assert not (here / "single" / "compare.csv").exists()
    assert json.loads((here / "two" / "best.json").read_text())["folder"] == "0"


def test_the_best_is_found_after_the_sweep_has_moved(here: Path) -> None:
    main(["outputs/one"])
    moved = Path(shutil.move(here / "one", here.parent / "else where"))
    assert find_run(moved).folder == moved / "1"
    assert find_run(moved, "weights").folder == moved / "1"


def test_a_sweep_without_a_best_run(here: Path) -> None:
    with pytest.raises(UserError) as refused:
        find_run("outputs/one")
    cure = "python -m charrec.compare outputs/one looks for it"
    assert str(refused.value) == f"run=outputs/one is a sweep without a best run; {cure}"
    with pytest.raises(UserError) as refused:
        find_run("outputs/one", "resume")
    cure = "go on with -m sweep.resume=outputs/one"
    assert str(refused.value) == f"resume=outputs/one is a sweep: {cure}"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"folder": 3}'])
def test_a_damaged_best(content: str, here: Path) -> None:
    (here / "one" / "best.json").write_text(content)
    with pytest.raises(UserError, match="is a sweep without a best run"):
        find_run("outputs/one")


def test_a_folder_that_is_none(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outputs/one", "nowhere"]) == 2
    told = f"charrec: {here.parent / 'nowhere'} holds no run; name the folders of runs or sweeps\n"
    assert capsys.readouterr() == ("", told)


def test_as_a_command(here: Path) -> None:
    done = run_main("compare", "outputs/two", cwd=here.parent)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].split() == ["1", "25.0%", "1", "25.0%", "outputs/two/0"]
    done = run_main("compare", "--help", cwd=here.parent)
    assert done.stdout.startswith("usage: python -m charrec.compare [-h] [DIR ...]")
