"""Letters of every kind and alphabet through every command, end to end."""

from __future__ import annotations

import csv
import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import draw_letter
from making_emnist import write
from processes import run_main

from charrec import evaluation
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train

SHORT = ("epochs=1", "hsize=8", "trainer=cpu")
GROUP = r"data.group=(writer\d+)"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A to D by 20 writers, 80 pictures without folders of splits."""
    root = tmp_path_factory.mktemp("tree") / "my letters"
    for letter in "ABCD":
        (root / letter).mkdir(parents=True)
        for seed in range(20):
            draw_letter(letter, seed).save(root / letter / f"writer{seed}_{letter}.png")
    return root


@pytest.fixture(scope="module")
def run_of_folders(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    which = ("data=folders", f"data.root={tree}", "data.alphabet=ABCD", GROUP)
    done = run_main("train", *which, *SHORT, f"hydra.run.dir={folder}", cwd=folder.parent)
    assert (done.exit_code, done.stderr) == (0, "")
    return folder


def truths_in(folder: Path) -> dict[str, str]:
    """File -> letter, of a test's predictions."""
    with (folder / "test_predictions.csv").open(newline="", encoding="utf-8") as file:
        return {row["file"]: row["truth"] for row in csv.DictReader(file)}


def writers(files: dict[str, str]) -> set[str]:
    return {name.split("/")[1].split("_")[0] for name in files}


# Folders


def test_a_run_tells_which_letters_it_was_trained_on(run_of_folders: Path, tree: Path) -> None:
    assert Run(run_of_folders).settings["data"] == {
        "kind": "folders",
        "root": str(tree),
        "image_size": 32,
        "alphabet": "ABCD",
        "validation_share": 0.15,
        "test_share": 0.15,
        "split_seed": 0,
        "group": r"(writer\d+)",
    }
    files = truths_in(run_of_folders)
    assert len(writers(files)) == 3
    assert files == {f"{c}/{writer}_{c}.png": c for writer in writers(files) for c in "ABCD"}


def test_nothing_is_given_again(run_of_folders: Path, tree: Path, tmp_path: Path) -> None:
    done = run_main("test", f"run={run_of_folders}", "out=again", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert truths_in(tmp_path / "again") == truths_in(run_of_folders)
    moved = shutil.copytree(tree, tmp_path / "moved")
    done = run_main("test", f"run={run_of_folders}", f"data.root={moved}", "out=m", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert truths_in(tmp_path / "m") == truths_in(run_of_folders)
    copy = shutil.copytree(run_of_folders, tmp_path / "longer")
    done = run_main("train", f"resume={copy}", "epochs=2", f"data.root={moved}", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert Run(copy).summary["epochs"] == 2
    assert Run(copy).settings["data"]["root"] == str(moved)
    assert truths_in(copy) == truths_in(run_of_folders)


def test_a_run_is_tested_on_letters_of_another_kind(
    run_of_folders: Path, trained: Path, tree: Path, letters: Path, tmp_path: Path
) -> None:
    which = ("data=folders", f"data.root={tree}", "data.test_share=1")
    done = run_main("test", f"run={trained}", *which, "out=all", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert len(truths_in(tmp_path / "all")) == 80
    done = run_main(
        "test", f"run={run_of_folders}", "data=lists", f"data.root={letters}", "out=l", cwd=tmp_path
    )
    assert (done.exit_code, done.stderr) == (0, "")
    assert set(truths_in(tmp_path / "l")) == set(json.loads((letters / "test.json").read_text()))
    others = DataSettings(tree, kind="folders")
    assert Run(trained).letters_to_test(vars(others)).alphabet == "ABCD"
    answers, _ = evaluation.test(trained, data=others)
    assert answers.score()["total"] == 12


def test_letters_that_a_run_may_have_learned_are_told(
    run_of_folders: Path, tree: Path, tmp_path: Path
) -> None:
    """Of another drawing of the same tree: some of its test letters were for training."""
    ours = Run(run_of_folders).letters
    told = "was trained on the same letters, drawn otherwise"
    with pytest.warns(UserWarning, match=told):
        evaluation.test(run_of_folders, data=replace(ours, split_seed=5), out=tmp_path / "a")
    other = TrainSettings(data=replace(ours, split_seed=5), epochs=1, hsize=8)
    trained = train(other, tmp_path / "other")
    with pytest.warns(UserWarning, match=told):
        evaluation.test([run_of_folders, trained], out=tmp_path / "b")
    with pytest.warns(UserWarning, match=told):  # by whose letters the mean is calibrated
        evaluation.predict(next(tree.rglob("*.png")), [run_of_folders, trained], out=tmp_path / "p")
    with pytest.warns(UserWarning, match=told):
        train(replace(other, weights=run_of_folders), tmp_path / "third")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        evaluation.test(run_of_folders, data=ours, out=tmp_path / "c")
        evaluation.test([trained, trained.folder], out=tmp_path / "d")


@pytest.mark.parametrize(
    ("main", "arguments", "answer"),
    [
        (
            "train",
            "data.root={tree}",
            "data.root={tree} has no folder images/; the pictures belong there\n"
            "a folder for each letter, A/ B/ and so on, is read with data=folders",
        ),
        (
            "train",
            "data=folders data.root={letters}",
            "data.root={letters} holds images/ and lists: it is read with data=lists",
        ),
        (
            "train",
            "data=folders data.root={tree} data.alphabet=AB",
            "data.root={tree}: 2 of 4 folders are no letter of AB: 'C'; 'D'\n"
            "call each by its letter, or set data.alphabet to all that are there",
        ),
        (
            "train",
            "data=folders data.root={tree} data.group=writer",
            "data.group=writer is refused: data.group is a regular expression with one group in "
            r"brackets, such as (writer\d+), or null",
        ),
        (
            "train",
            "data=folders data.root={tree} data.test_share=1",
            "data.test_share=1 leaves nothing to train on: it is for charrec.test; make it smaller",
        ),
        (
            "train",
            "data.root={letters} +data.group=(a)",
            "data.group=(a) cannot go with data=lists: lists bring their own splits; it is for "
            "data=folders; leave one of them out",
        ),
        (
            "train",
            "data=folders resume={run}",
            "data cannot go with resume, which keeps all settings: leave it out, or start a new "
            "run with weights=RUN_DIR",
        ),
        (
            "test",
            "run={run} data.root={letters}",
            "data.root={letters} holds images/ and lists: it is read with data=lists",
        ),
        (
            "test",
            "run={run} data=folders data.root={tree} data.alphabet=AB",
            "data.alphabet=AB is refused: the run was trained with ABCD; leave it out",
        ),
        ("test", "run={run} data=folders", "data=folders needs a folder: write data.root=FOLDER"),
        ("test", "run={run} +data.rot=3", "data.rot is no setting; did you mean 'data.root'?\n"),
    ],
)
def test_what_is_refused_at_once(
    main: str,
    arguments: str,
    answer: str,
    run_of_folders: Path,
    tree: Path,
    letters: Path,
    tmp_path: Path,
) -> None:
    names = {"tree": tree, "letters": letters, "run": run_of_folders}
    given = [argument.format(**names) for argument in arguments.split(" ")]
    done = run_main(main, *given, cwd=tmp_path)
    assert done.stderr.startswith(f"charrec: {answer.format(**names)}")
    assert (done.exit_code, done.stdout, list(tmp_path.iterdir())) == (2, "", [])


def test_check_looks_at_folders(tree: Path, tmp_path: Path) -> None:
    which = ("data=folders", f"data.root={tree}", "data.alphabet=ABCD", GROUP)
    done = run_main("check", *which, "out=here", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[5].split() == ["all", "56", "12", "12"]
    assert json.loads((tmp_path / "here" / "check.json").read_text())["verdict"] == "good"
    broken = shutil.copytree(tree, tmp_path / "broken")
    (broken / "A" / "writer0_A.png").write_bytes(b"no picture")
    done = run_main(
        "check", "data=folders", f"data.root={broken}", "data.alphabet=ABC", cwd=tmp_path
    )
    assert (done.exit_code, done.stderr) == (1, "")
    assert "refused   1      labels that are no letter of the alphabet" in done.stdout
    assert "'A/writer0_A.png': is not a picture" in done.stdout


# EMNIST


def test_emnist_from_training_to_tests(trained: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "emnist", train=10, test=2)
    which = ("data=emnist", f"data.root={root}")
    done = run_main("train", *which, *SHORT, "hydra.run.dir=run", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert Run(tmp_path / "run").settings["data"]["split"] == "letters"
    files = truths_in(tmp_path / "run")
    assert (len(files), files["test/0"], files["test/51"]) == (52, "A", "Z")
    done = run_main("test", "run=run", "out=again", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert truths_in(tmp_path / "again") == files
    done = run_main("test", f"run={trained}", *which, "out=other", cwd=tmp_path)
    told = "charrec: warning: data=emnist: 264 of its pictures are of efghijklmnopqrstuvwxyz, "
    assert done.exit_code == 0
    assert done.stderr.count("left out") == 1
    assert done.stderr.startswith(told)
    assert set(truths_in(tmp_path / "other").values()) == set("ABCD")


# Alphabets


def test_any_alphabet_through_every_command(tmp_path: Path) -> None:
    alphabet = "ABab9É"
    entries = {f"{i}_{seed}.png": c for i, c in enumerate(alphabet) for seed in range(9)}
    (tmp_path / "set" / "images").mkdir(parents=True)
    for name in entries:
        place, seed = int(name[0]), int(name[2])
        draw_letter("ABCDEF"[place], seed).save(tmp_path / "set" / "images" / name)
    for i, split in enumerate(("train", "validation", "test")):
        listed = {name: c for name, c in entries.items() if int(name[2]) % 3 == i}
        (tmp_path / "set" / f"{split}.json").write_text(json.dumps(listed))
    which = ("data.root=set", f"data.alphabet={alphabet}")
    done = run_main("check", *which, "out=check", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    done = run_main("train", *which, *SHORT, "hydra.run.dir=run", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert set(truths_in(tmp_path / "run").values()) == set(alphabet)
    done = run_main("test", "run=run", "out=again", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:7]] == list(alphabet)
    draw_letter("A", 3).save(tmp_path / "1_É.png")
    done = run_main("predict", "images=1_É.png", "run=run", "out=p", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Accuracy by the letters in the file names: " in done.stdout
    header = (tmp_path / "run" / "confusion_matrix.csv").read_text().splitlines()[0]
    assert header == ",".join(["truth", *alphabet])


def test_letters_and_digits(tmp_path: Path) -> None:
    """All 36 at once, and the network learns to tell them."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    for character in alphabet:
        (tmp_path / "set" / character).mkdir(parents=True)
        for seed in range(20):
            draw_letter(character, seed).save(tmp_path / "set" / character / f"{seed}.png")
    data = DataSettings(tmp_path / "set", 16, alphabet, kind="folders")
    settings = TrainSettings(optimizer="adam", lr=5e-3, epochs=12, data=data)
    run = train(settings, tmp_path / "run")
    assert run.summary["test"]["total"] == 108
    assert run.summary["test"]["accuracy"] > 0.7


# Runs from before there were kinds


def test_a_run_that_names_no_kind_is_of_lists(trained: Path, letters: Path, tmp_path: Path) -> None:
    assert set(Run(trained).settings["data"]) == {"root", "image_size", "alphabet"}
    assert Run(trained).letters == DataSettings(letters, alphabet="ABCD")
