"""The mains, end to end on small letters: what they print, what they write."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image
from processes import run_main


@pytest.fixture
def small(letters: Path) -> tuple[str, ...]:
    return (f"data.root={letters}", "data.alphabet=ABCD", "hsize=4", "trainer=cpu")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("arguments", "epochs", "validated"),
    [
        (["+trainer.limit_train_batches=3"], [1, 2, 3], [True, True, True]),
        (["+trainer.check_val_every_n_epoch=2"], [1, 2, 3], [False, True, False]),
        (["trainer.precision=bf16-mixed"], [1, 2, 3], [True, True, True]),
        (["+trainer.gradient_clip_val=1"], [1, 2, 3], [True, True, True]),
        (["+trainer.max_steps=12"], [1], [True]),
        (["+trainer.limit_val_batches=0"], [1, 2, 3], [False, False, False]),
    ],
    ids=lambda value: value[0] if isinstance(value[0], str) else "",
)
def test_arguments_of_the_trainer_pass_through(
    arguments: list[str],
    epochs: list[int],
    validated: list[bool],
    small: tuple[str, ...],
    tmp_path: Path,
) -> None:
    done = run_main("train", *small, *arguments, "epochs=3", "hydra.run.dir=x", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    metrics = rows(tmp_path / "x" / "metrics.csv")
    assert [int(row["epoch"]) for row in metrics] == epochs
    assert [row["validation_accuracy"] != "" for row in metrics] == validated
    summary = json.loads((tmp_path / "x" / "summary.json").read_text())
    assert summary["status"] == "completed"
    name, value = arguments[0].removeprefix("+").removeprefix("trainer.").split("=")
    assert str(summary["settings"]["trainer"][name]) == value


def test_a_run_that_lasts_no_longer_than_told(small: tuple[str, ...], tmp_path: Path) -> None:
    endless = ("epochs=1000000", "+trainer.max_time=00:00:00:02", "hydra.run.dir=x")
    done = run_main("train", *small, *endless, cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    summary = json.loads((tmp_path / "x" / "summary.json").read_text())
    assert 2 <= summary["train_seconds"] < 10
    assert summary["epochs"] >= 1


def test_fast_dev_run(small: tuple[str, ...], tmp_path: Path) -> None:
    done = run_main("train", *small, "+trainer.fast_dev_run=true", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    (run,) = (tmp_path / "outputs").iterdir()
    assert json.loads((run / "summary.json").read_text())["status"] == "completed"


def test_train_then_test_then_predict(
    small: tuple[str, ...], letters: Path, tmp_path: Path
) -> None:
    done = run_main("train", *small, "epochs=2", cwd=tmp_path)
    (run,) = (tmp_path / "outputs").iterdir()
    test = json.loads((run / "summary.json").read_text())["test"]
    share = f"{test['correct'] / 24:.1%} ({test['correct']} of 24; 95% interval "
    lines = done.stdout.splitlines()
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.split(":")[0] for line in lines[:2]] == ["Epoch 1", "Epoch 2"]
    assert re.fullmatch(rf"Test accuracy of the best epoch, \d: {re.escape(share)}.*\)", lines[2])
    assert lines[5] == f"Run: outputs/{run.name}"
    closing = ["      tensorboard --logdir outputs"]
    assert lines[6:] == [
        f"Next: python -m charrec.test run=outputs/{run.name}",
        *closing,
    ]

    done = run_main("test", "trainer=cpu", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    told = "\n".join(["", f"Test accuracy: {share}"])
    assert told in done.stdout
    assert "\n".join(["", *lines[3:5], "Written to "]) in done.stdout
    (folder,) = (run / "test").iterdir()
    written = f"Written to outputs/{run.name}/test/{folder.name}"
    report = f"python -m charrec.report run=outputs/{run.name}"
    assert done.stdout.splitlines()[-3:] == [written, f"Next: {report}", *closing]
    for name in ("confusion_matrix.csv", "per_letter.csv", "test_predictions.csv"):
        assert (folder / name).read_bytes() == (run / name).read_bytes()

    picture = letters / "images" / "test_2_C.png"
    done = run_main("predict", f"images={picture}", "out=answers", "trainer=cpu", cwd=tmp_path)
    (row,) = rows(tmp_path / "answers" / "predictions.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (row["file"], row["truth"], row["error"]) == ("test_2_C.png", "C", "")
    table, answer, text, accuracy, written, *following = done.stdout.splitlines()
    assert table.split() == ["file", "letter", "probability", "second", "third"]
    assert answer.split()[:3] == ["test_2_C.png", row["letter"], f"{float(row['probability']):.1%}"]
    assert text == f"Text: {row['letter']}"
    right = int(row["letter"] == "C")
    assert accuracy.startswith(
        f"Accuracy by the letters in the file names: {right:.1%} ({right} of 1;"
    )
    assert written == f"Written to {tmp_path / 'answers'}"
    assert following == [f"Next: python -m charrec.test run=outputs/{run.name}", f"      {report}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers", "outputs"]


def test_several_runs_together(trained: Path, letters: Path, tmp_path: Path) -> None:
    small = (f"data.root={letters}", "data.alphabet=ABCD", "epochs=1", "trainer=cpu")
    sweep = ("-m", "hydra.sweep.dir=sweep", "hsize=4,8", "data.image_size=16")
    done = run_main("train", *sweep, *small, cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    best = json.loads((tmp_path / "sweep" / "best.json").read_text())["folder"]
    done = run_main("test", f"run=[{trained},sweep]", "out=out", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    record = json.loads((tmp_path / "out" / "test.json").read_text())
    assert [Path(run["run"]).name for run in record["runs"]] == [trained.name, best]
    accuracies = ", ".join(f"{run['accuracy']:.1%}" for run in record["runs"])
    assert f"\nEach alone: {accuracies}\nWritten to " in done.stdout
    assert f"\nTest accuracy: {record['accuracy']:.1%} ({record['correct']} of 24;" in done.stdout

    images = f"images={letters}/images/test_*_A.png"
    done = run_main("predict", images, "run=sweep/?", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    (written,) = (tmp_path / "sweep" / "0" / "predict").iterdir()
    following = "Next: python -m charrec.test run='sweep/?'"
    assert done.stdout.endswith(f"\nWritten to sweep/0/predict/{written.name}\n{following}\n")
    by = json.loads((written / "predict.json").read_text())
    assert by["runs"] == ["sweep/0", "sweep/1"]
    assert len(rows(written / "predictions.csv")) == 6


def test_a_blank_picture_on_the_terminal(trained: Path, letters: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1_A.png").symlink_to(letters / "images" / "test_0_A.png")
    Image.new("RGB", (30, 30), "white").save(tmp_path / "new" / "2.png")
    (tmp_path / "new" / "3_A.png").symlink_to(letters / "images" / "test_4_A.png")
    done = run_main("predict", "images=new", f"run={trained}", "out=out", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[2].split() == ["2.png", "blank"]
    one, two = (lines[place].split()[1] for place in (1, 3))
    assert lines[4] == f"Text: {one} {two}"
    assert "of 2;" in lines[5], "whether a blank is right nobody knows"


def test_predict_tells_of_pictures_that_it_cannot_read(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "2_B.png").write_bytes(b"no picture")
    images = Path(json.loads((trained / "summary.json").read_text())["settings"]["data"]["root"])
    (tmp_path / "new" / "1_A.png").symlink_to(images / "images" / "test_0_A.png")
    done = run_main("predict", "images=new", f"run={trained}", "out=out", cwd=tmp_path)
    answer = "charrec: 1 of 2 pictures cannot be read: new/2_B.png is not a picture\n"
    assert (done.exit_code, done.stderr) == (2, answer)
    assert [row["error"] for row in rows(tmp_path / "out" / "predictions.csv")] == [
        "",
        "new/2_B.png is not a picture",
    ]


@pytest.mark.parametrize("count", [60, 61])
def test_predict_prints_the_ends_of_a_long_table(
    count: int, trained: Path, letters: Path, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    for n in range(count):
        place = tmp_path / "new" / f"{n}_{'ABCD'[n % 4]}.png"
        place.hardlink_to(letters / "images" / f"train_{n}_{'ABCD'[n % 4]}.png")
    done = run_main("predict", "images=new", f"run={trained}", "out=out", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    _, *lines = done.stdout.splitlines()
    written = rows(tmp_path / "out" / "predictions.csv")
    text = "".join(row["letter"] for row in written[:60])
    printed = [line.split()[0] for line in lines[:-5]]
    names = [row["file"] for row in written]
    if count == 60:
        assert printed == names
        assert lines[-5] == f"Text: {text}"
    else:
        assert printed == [*names[:10], "...", *names[-10:], "The"]
        assert lines[-6:-4] == [
            "The other 41 are in predictions.csv",
            f"Text: {text}... (61 letters)",
        ]
    assert f" of {count}; 95% interval" in lines[-4]


def test_predict_refuses_a_path_that_matches_nothing(trained: Path, tmp_path: Path) -> None:
    done = run_main("predict", "images=*.jpg", f"run={trained}", "out=out", cwd=tmp_path)
    answer = "charrec: images=*.jpg matches no picture; name a file, a folder or a glob\n"
    assert (done.exit_code, done.stderr, list(tmp_path.iterdir())) == (2, answer, [])


def test_check_of_good_letters(letters: Path, tmp_path: Path) -> None:
    done = run_main("check", f"data.root={letters}", "data.alphabet=ABCD", cwd=tmp_path)
    (folder,) = (tmp_path / "outputs" / "check").iterdir()
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["letter", "train", "validation", "test"]
    assert [line.split() for line in lines[1:6]] == [
        *([letter, "24", "6", "6"] for letter in "ABCD"),
        ["all", "96", "24", "24"],
    ]
    assert lines[6:] == [
        "144 pictures decoded; 144 PNG; 144 L; 28 to 28 pixels wide (median 28); "
        "28 to 28 pixels high (median 28)",
        "Nothing is wrong with these letters.",
        f"Written to outputs/check/{folder.name}/check.json",
        f"Next: python -m charrec.train data.root={letters} data.alphabet=ABCD",
    ]
    record = json.loads((folder / "check.json").read_text())
    assert (record["verdict"], record["root"]) == ("good", str(letters))
    assert [path.name for path in folder.iterdir()] == ["check.json"]


@pytest.mark.parametrize(("level", "exit_code"), [("note", 0), ("warned", 1), ("refused", 1)])
def test_check_says_how_grave_it_is(
    level: str, exit_code: int, own_letters: Path, tmp_path: Path
) -> None:
    images = own_letters / "images"
    if level == "note":
        (images / "train_0_A.png").replace(images / "odd.png")
        (images / "train_0_A.png").symlink_to("odd.png")
    elif level == "warned":
        (images / "test_0_A.png").write_bytes((images / "train_0_A.png").read_bytes())
    else:
        (images / "test_0_A.png").write_bytes(b"no picture")
    (images / os.fsdecode(b"\xff\n.png")).touch()  # no text, but a name
    arguments = (f"data.root={own_letters}", "data.alphabet=ABCD", "out=here")
    done = run_main("check", *arguments, cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (exit_code, "")
    record = json.loads((tmp_path / "here" / "check.json").read_bytes())
    assert record["verdict"] == ("good" if level == "note" else level)
    unlisted = [case["pictures"][0]["name"] for case in record["findings"]["unlisted"]["cases"]]
    assert "\udcff\n.png" in unlisted
    assert f"\n{level} " in done.stdout
    assert ("test_0_A.png" in done.stdout) is (level != "note")
