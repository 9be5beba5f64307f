"""``python -m charrec.compare``: the table, the files, and how it is refused."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import pytest
from making import make_run
from making_sweeps import make_curve, make_job, make_sweep, settings_of
from processes import run_main, start

from charrec.compare import main
from charrec.errors import UserError
from charrec.runs import find_run
from charrec.sweep.folder import Sweep


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


def written(outputs: Path) -> Path:
    """The only folder under ``outputs/compare/``."""
    (folder,) = (outputs / "compare").iterdir()
    return folder


def test_everything_under_outputs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split() for line in out.splitlines()] == [
        ["hsize", "runs", "validation", "epoch", "test", "folder"],
        ["2", "1", "75.0%", "2", "75.0%", "outputs/one/1"],
        ["1", "2", "37.5%", "±", "17.7%", "1", "37.5%", "±", "17.7%", "outputs/one/0"],
        ["3", "0", "of", "1", "diverged", "outputs/single"],
        [],
        ["setting", "value", "runs", "validation", "best"],
        ["hsize", "1", "2", "37.5%", "37.5%"],
        ["hsize", "2", "1", "75.0%", "75.0%"],
        ["hsize", "3", "0", "of", "1"],
        [],
        ["Best", "on", "validation,", "75.0%:", "outputs/one/1"],
        ["Page:", f"outputs/compare/{written(here).name}/compare.html"],
        ["Next:", "python", "-m", "charrec.train", "-m", "hsize=2", "seed=1,2,3"],
        ["python", "-m", "charrec.test", "run=outputs/one/1"],
    ]
    assert not list(here.glob("**/best.json"))


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
        "parameters": str(1025 * 2 + 3 * 26),
        "folder": "1",
    }
    assert (second["hsize"], second["folder"]) == ("1", "0")
    best = json.loads((here / "one" / "best.json").read_text())
    assert (best["folder"], best["validation_accuracy"], best["best_epoch"]) == ("1", 0.75, 2)
    assert best["settings"] == settings_of(hsize=2)
    assert not (here / "single" / "compare.csv").exists()
    assert json.loads((here / "two" / "best.json").read_text())["folder"] == "0"
    with (written(here) / "compare.csv").open(newline="") as file:
        folders = [row["folder"] for row in csv.DictReader(file)]
    assert folders == ["../../one/1", "../../one/0", "../../single"]


def test_one_sweep_alone_gets_all_of_them(here: Path) -> None:
    assert main(["outputs/one"]) == 0
    assert sorted(path.name for path in (here / "one").iterdir() if path.is_file()) == [
        "accuracy_by_parameters.png",
        "best.json",
        "compare.csv",
        "compare.html",
        "effects.csv",
        "ledger.csv",
        "parallel_coordinates.png",
    ]
    assert not (here / "compare").exists()
    with (here / "one" / "effects.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert first == {
        "setting": "hsize",
        "value": "1",
        "runs": "1",
        "completed": "1",
        "experiments": "1",
        "validation_accuracy": "0.5",
        "validation_accuracy_deviation": "",
        "best_validation_accuracy": "0.5",
        "alike": "1",
        "alike_validation_accuracy": "0.5",
    }
    assert (second["value"], second["validation_accuracy"]) == ("2", "0.75")


def test_a_sweep_that_is_named_twice_is_one(here: Path) -> None:
    assert main(["outputs/one", str(here / "one")]) == 0
    assert (here / "one" / "compare.html").exists()
    assert not (here / "compare").exists()


def test_through_a_link_the_best_is_the_same_folder(here: Path) -> None:
    (here / "link").symlink_to(here / "one")
    assert main(["outputs/link", "outputs/one"]) == 0
    for sweep in ("one", "link"):
        assert json.loads((here / sweep / "best.json").read_text())["folder"] == "1"


def test_out_names_another_place(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outputs/one", "--out", "else where"]) == 0
    assert capsys.readouterr().out.splitlines()[-3] == "Page: else where/compare.html"
    assert (here.parent / "else where" / "compare.csv").exists()
    assert not (here / "one" / "compare.html").exists()
    assert (here / "one" / "best.json").exists()
    assert main(["outputs/one", "--out", "run.v2"]) == 0
    assert (here.parent / "run.v2" / "compare.csv").exists()
    (here.parent / "now.txt").mkdir()
    assert main(["outputs/one", "--out", "now.txt"]) == 0, "there it is a folder already"
    capsys.readouterr()
    assert main(["outputs/one", "--out", "then.txt"]) == 2
    assert capsys.readouterr().err == (
        "charrec: out=then.txt is to be a folder, with files in it; leave out .txt\n"
    )
    assert not (here.parent / "then.txt").exists()
    (here.parent / "file").touch()
    assert main(["outputs/one", "--out", "file"]) == 2
    assert capsys.readouterr().err.startswith(f"charrec: {here.parent / 'file'}: File exists; ")


def test_a_sweep_that_can_only_be_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is written elsewhere is written all the same."""
    (here / "one" / "best.json" / "in the way").mkdir(parents=True)
    assert main(["outputs/one", "outputs/two", "--out", "here"]) == 0
    err = capsys.readouterr().err
    assert err == (
        "charrec: warning: outputs/one cannot be written to: its own compare.csv and best.json "
        "stay as they were (Is a directory)\n"
    )
    assert (here.parent / "here" / "compare.html").exists()
    assert (here / "two" / "best.json").exists()
    assert main(["outputs/one"]) == 2
    assert "best.json: Is a directory; " in capsys.readouterr().err


def test_a_figure_that_no_longer_has_anything_to_show_goes(here: Path) -> None:
    sweep = Sweep(here / "one")
    main(["outputs/one"])
    shutil.rmtree(sweep.folder / "1")
    main(["outputs/one"])
    assert [path.name for path in sweep.folder.glob("*.png")] == ["accuracy_by_parameters.png"]


def test_what_commands_wrote_is_no_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "check" / "2026").mkdir(parents=True)
    (here / "check" / "2026" / "check.json").write_text("{}")
    main([])
    before = capsys.readouterr()
    main([])
    after = capsys.readouterr()
    assert before.out.splitlines()[:-3] == after.out.splitlines()[:-3]
    assert before.err == after.err == ""
    assert len(list((here / "compare").iterdir())) == 2


def test_a_run_in_several_of_the_folders_counts_once(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["outputs", "outputs/one", "outputs/one/1", "outputs/two/../one"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in out[1:4]] == [["2", "1"], ["1", "2"], ["3", "0"]]
    assert json.loads((here / "one" / "best.json").read_text())["folder"] == "1"
    assert not (here / "two" / "best.json").exists()


def test_a_run_that_is_under_way(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(here / "now", status="running", settings=settings_of(hsize=9))
    make_run(here / "then", status="running", settings=settings_of(hsize=10))
    with run.locked():
        assert main([]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["9", "0", "of", "1", "running", "outputs/now"] in rows
    assert ["10", "0", "of", "1", "cut", "off", "outputs/then"] in rows
    assert "1 running" in (written(here) / "compare.html").read_text()


def test_broken_runs_are_told_in_a_line_each(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in {"a": "", "b": "[]", "c": "{}"}.items():
        (here / name).mkdir()
        (here / name / "summary.json").write_text(content)
    assert main([]) == 0
    err = capsys.readouterr().err.splitlines()
    assert [line.startswith("charrec: warning: ") for line in err] == [True] * 3
    assert [str(here / name) in line for name, line in zip("abc", err, strict=True)] == [True] * 3
    assert main(["outputs/a"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == "charrec: no run that can be read; see the warnings above"


def tell_what_is_read() -> None:
    """On stderr; of `open` and the `os.open` below it the former is told."""

    def told(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and arguments[1] is not None:
            name = str(arguments[0])
            if name.endswith(("summary.json", "metrics.csv")):
                print(name, file=sys.stderr)

    sys.addaudithook(told)


def test_each_record_is_read_once(here: Path) -> None:
    for name in ("0", "1"):
        make_curve(here / "one" / name, 0.1, 0.2)
    folders = ("outputs/one", "outputs/one/0", "outputs/one")
    with start("compare", *folders, cwd=here.parent, before=tell_what_is_read) as process:
        done = process.wait()
    lines = [line for line in done.stderr.splitlines() if line.endswith((".json", ".csv"))]
    read = [str(Path(line).relative_to(here / "one")) for line in lines]
    assert sorted(read) == ["0/metrics.csv", "0/summary.json", "1/metrics.csv", "1/summary.json"]


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
    assert done.stdout.startswith("usage: python -m charrec.compare [-h] [--out DIR] [DIR ...]")
