"""Reading many pictures: the same table as ever, in bounded memory, whatever ends it."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ALPHABET, draw_letter
from filelock import FileLock
from PIL import Image
from processes import FORKS, descendants, living, start

from charrec import evaluation
from charrec.answers import Answers, write_csv
from charrec.data.pictures import read_pictures
from charrec.ensembles import load_ensemble
from charrec.errors import Interrupted, UserError
from charrec.evaluation import predict
from charrec.execution import threads
from charrec.predictions import LOCK, PARTIAL, TABLE, Collection, letter_in_name
from charrec.reading import Reading, read
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train

CPU = {"accelerator": "cpu", "devices": 1}
MIB = 2**20


def linked(folder: Path, count: int) -> Path:
    """So many pictures, ``0_A.png``, ``1_B.png``, ..., one of them blank, of 40 that differ."""
    kept = folder.with_name(f"{folder.name}_kept")
    for each in (folder, kept):
        each.mkdir()
    for n in range(40):
        draw_letter(ALPHABET[n % 4], n).save(kept / f"{n}.png")
    draw_letter(" ", 1).save(kept / "7.png")
    for n in range(count):
        os.link(kept / f"{n % 40}.png", folder / f"{n}_{ALPHABET[n % 4]}.png")
    return folder


@pytest.fixture(scope="module")
def runs(letters: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Of different image sizes."""
    data = DataSettings(root=letters, alphabet=ALPHABET, image_size=20)
    folder = tmp_path_factory.mktemp("other") / "run"
    return [Run(trained), train(TrainSettings(epochs=1, hsize=8, data=data, trainer=CPU), folder)]


def break_some(folder: Path) -> None:
    (folder / "3_D.png").unlink()
    (folder / "3_D.png").write_bytes(b"no picture")
    (folder / "1500_A.png").unlink()
    (folder / "1500_A.png").symlink_to(folder)  # no file at all: it is not listed
    (folder / "1501_B.png").unlink()
    (folder / "1501_B.png").write_bytes(b"")


@pytest.mark.parametrize("count", [1, 2])
def test_the_table_is_the_one_of_all_at_once(count: int, runs: list[Run], tmp_path: Path) -> None:
    folder = linked(tmp_path / "new", 2100)
    break_some(folder)
    answers, out = predict(folder, runs[:count], out=tmp_path / "out", trainer=CPU)
    names = [f"{n}_{ALPHABET[n % 4]}.png" for n in range(2100) if n != 1500]
    paths = [folder / name for name in names]
    seen = {size: read_pictures(paths, size) for size in (32, 20)}
    ensemble = load_ensemble(runs[:count], "best", CPU)
    with threads(1):
        reading = read(ensemble, lambda size: torch.from_numpy(seen[size][0]), CPU)
    truth = [name[-5] for name in names]
    about = (names, truth, reading.together, seen[32][1], reading.blank)
    write_csv(tmp_path / "expected.csv", Answers(ALPHABET, *about).rows())
    assert (out / TABLE).read_bytes() == (tmp_path / "expected.csv").read_bytes()
    assert answers.files == names
    assert (answers.probabilities == reading.together).all()
    assert [n for n, e in zip(names, answers.errors, strict=True) if e] == ["3_D.png", "1501_B.png"]
    assert answers.blanks == reading.blank.tolist()
    assert answers.letters.count("blank") == sum(n % 40 == 7 for n in range(2100))
    assert sorted(os.listdir(out)) == ["predict.json", TABLE, "predictions.png"]


def test_names_that_are_no_text(trained: Path, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    draw_letter("A", 1).save(tmp_path / "a.png")
    os.link(tmp_path / "a.png", folder + b"/\xff_B.png")
    os.link(tmp_path / "a.png", folder + "/é,\n_C.png".encode())
    answers, out = predict(tmp_path, Run(trained), out=tmp_path / "out", trainer=CPU)
    with (out / TABLE).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["file"] for row in rows) == ["\\udcff_B.png", "a.png", "é,\n_C.png"]
    assert sorted(row["truth"] for row in rows) == ["", "B", "C"]
    assert len(answers.files) == 3


def test_the_figure_shows_the_first(trained: Path, tmp_path: Path) -> None:
    predict(linked(tmp_path / "new", 70), Run(trained), out=tmp_path / "out", trainer=CPU)
    with Image.open(tmp_path / "out" / "predictions.png") as image:
        assert image.size == (1000, 830)
        below = np.asarray(image.convert("L"))[-25:]
    assert (below < 128).sum() > 100  # "the first 60 of 70 pictures"


@pytest.mark.parametrize("name", ["3_S.jpg", "_S.jpg", "S.jpg", "3_S.", "3_s", "a_b_S.x.jpg", ".S"])
def test_the_letter_in_a_name(name: str) -> None:
    head, _, tail = Path(name).stem.rpartition("_")
    expected = tail.upper() if head and len(tail) == 1 else None
    assert letter_in_name(name, "RST") == expected


# Pictures that cannot be read


def test_a_file_that_vanishes_meanwhile_has_a_row(trained: Path, tmp_path: Path) -> None:
    folder = linked(tmp_path / "new", 2200)

    def remove_the_last(more: int, of: int) -> None:
        (folder / "2199_D.png").unlink(missing_ok=True)

    out = tmp_path / "out"
    answers, _ = predict(folder, Run(trained), out=out, trainer=CPU, tell=remove_the_last)
    assert [error for error in answers.errors if error] == [f"{folder}/2199_D.png: no such file"]
    assert len(answers.files) == 2200
    with (out / TABLE).open(newline="") as file:
        assert list(csv.DictReader(file))[-1]["error"] == answers.errors[-1]


def test_a_batch_of_broken_ones_waits_for_the_first_good_one(trained: Path, tmp_path: Path) -> None:
    folder = linked(tmp_path / "new", 2060)
    for n in range(2050):
        (folder / f"{n}_{ALPHABET[n % 4]}.png").unlink()
        (folder / f"{n}_{ALPHABET[n % 4]}.png").touch()
    answers, out = predict(folder, Run(trained), out=tmp_path / "out", trainer=CPU)
    assert [bool(error) for error in answers.errors] == [True] * 2050 + [False] * 10
    lines = (out / TABLE).read_text().splitlines()
    assert len(lines) == 2061
    assert lines[1] == f"0_A.png,A,,,,,,,{folder}/0_A.png is empty"


def test_of_none_that_can_be_read_there_is_nothing(trained: Path, tmp_path: Path) -> None:
    folder = linked(tmp_path / "new", 1100)
    for path in folder.iterdir():
        path.unlink()
        path.touch()
    with pytest.raises(
        UserError, match=r"^images=\S+new: 1,100 of 1,100 pictures cannot be read: "
    ):
        predict(folder, Run(trained), out=tmp_path / "out", trainer=CPU)
    assert not (tmp_path / "out").exists()


# What ends it


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_keeps_what_there_is(number: int, trained: Path, tmp_path: Path) -> None:
    folder, out = linked(tmp_path / "new", 3100), tmp_path / "out"
    handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    done = 0

    def stop(more: int, of: int) -> None:
        nonlocal done
        done += more
        assert of == 3100
        if done > 2048:
            signal.raise_signal(number)

    expected = f"^interrupted; 2,048 of 3,100 pictures are in {out / PARTIAL}$"
    with pytest.raises(Interrupted, match=expected) as stopped:
        predict(folder, Run(trained), out=out, trainer=CPU, tell=stop)
    assert stopped.value.exit_code == 128 + number
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert os.listdir(out) == [PARTIAL]
    kept = (out / PARTIAL).read_text()
    predict(folder, Run(trained), out=out, trainer=CPU)
    whole = (out / TABLE).read_text()
    assert kept.count("\n") == 2049
    assert whole.startswith(kept)
    assert whole.count("\n") == 3101
    assert not (out / PARTIAL).exists()


def test_interrupted_while_the_figure_is_drawn(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*drawn: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(evaluation, "draw_gallery", stop)
    folder, out = linked(tmp_path / "new", 5), tmp_path / "out"
    with pytest.raises(Interrupted, match=f"^interrupted; 5 of 5 pictures are in {out / TABLE}$"):
        predict(folder, Run(trained), out=out, trainer=CPU)
    assert os.listdir(out) == [TABLE]


def test_interrupted_before_anything_was_read(trained: Path, tmp_path: Path) -> None:
    def stop(more: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"^stopped$"):
        predict(
            linked(tmp_path / "new", 5), Run(trained), out=tmp_path / "o", trainer=CPU, tell=stop
        )
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_ended(number: int, trained: Path, tmp_path: Path) -> None:
    linked(tmp_path / "new", 12_000)
    partial = tmp_path / "out" / PARTIAL
    given = ("images=new", f"run={trained}", "out=out", "trainer=cpu")
    with start("predict", *given, cwd=tmp_path) as process:
        assert process.until(partial.exists)
        decoders = living(descendants(process.pid), 0)
        process.send(number)
        done = process.wait()
    assert living(decoders) == []
    assert not (tmp_path / "out" / TABLE).exists()
    rows = partial.read_text().count("\n") - 1
    assert 1024 <= rows < 12_000
    if number == signal.SIGKILL:
        assert done.exit_code == -number
        return
    assert partial.read_text().endswith("\n")
    told = f"charrec: interrupted; {rows:,} of 12,000 pictures are in {partial}\n"
    assert (done.exit_code, done.stderr) == (128 + number, told)


def small_files_alone() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (80_000, 80_000))


def test_a_disk_that_is_full(trained: Path, tmp_path: Path) -> None:
    """The row that does not fit is not cut in two."""
    linked(tmp_path / "new", 2100)
    given = ("images=new", f"run={trained}", "out=out", "trainer=cpu")
    with start("predict", *given, cwd=tmp_path, before=small_files_alone) as process:
        done = process.wait()
    partial = tmp_path / "out" / PARTIAL
    told = f"charrec: {partial}: No space left on device; make room or write elsewhere\n"
    assert (done.exit_code, done.stderr) == (2, told)
    assert os.listdir(tmp_path / "out") == [PARTIAL]
    text = partial.read_text()
    assert text.endswith("\n")
    assert text.count("\n") == 1025


def test_no_two_write_into_one_folder(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / PARTIAL).write_text("of the other\n")
    pictures = linked(tmp_path / "new", 3)
    with FileLock(tmp_path / "out" / LOCK), pytest.raises(UserError, match="another process is"):
        predict(pictures, Run(trained), out=tmp_path / "out", trainer=CPU)
    assert (tmp_path / "out" / PARTIAL).read_text() == "of the other\n"
    predict(pictures, Run(trained), out=tmp_path / "out", trainer=CPU)
    assert sorted(os.listdir(tmp_path / "out")) == ["predict.json", TABLE, "predictions.png"]


# Memory


def grown(run: Path, folders: list[Path], answer: Connection) -> None:
    """The peak memory after each folder."""

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    peaks: list[Any] = []
    for folder in folders:
        predict(folder, Run(run), out=folder.with_name("out"), trainer=CPU)
        peaks.append(peak())
    answer.send(peaks)


@pytest.mark.slow
def test_memory_is_bounded(letters: Path, tmp_path: Path) -> None:
    """All the pixels of the 3,000 are 105 MiB."""
    data = DataSettings(root=letters, alphabet=ALPHABET, image_size=192)
    settings = TrainSettings(epochs=1, hsize=4, data=data, trainer=CPU)
    run = train(settings, tmp_path / "run").folder
    folders = [linked(tmp_path / str(count), count) for count in (200, 3000)]
    mine, theirs = FORKS.Pipe()
    process = FORKS.Process(target=grown, args=(run, folders, theirs))
    process.start()
    theirs.close()
    few, many = mine.recv()
    process.join()
    assert many - few < 50 * MIB
    about = json.loads((tmp_path / "out" / "predict.json").read_text())
    assert about["images"] == str(folders[1])


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (("in/1_A.jpg", "in/2_B.jpg"), ["1_A.jpg", "2_B.jpg"]),
        (("in/a/1_A.jpg", "in/b/1_A.jpg"), ["a/1_A.jpg", "b/1_A.jpg"]),
        (("in/1_A.jpg", "in/sub/1_A.jpg"), ["1_A.jpg", "sub/1_A.jpg"]),
        (("/1_A.jpg",), ["1_A.jpg"]),
        (("1_A.jpg", "a/1_A.jpg"), ["1_A.jpg", "a/1_A.jpg"]),
        (("ab/1_A.jpg", "ac/1_A.jpg"), ["ab/1_A.jpg", "ac/1_A.jpg"]),
    ],
)
def test_no_two_pictures_have_one_name(paths: tuple[str, ...], names: list[str]) -> None:
    collection = Collection(paths, "AB", 0)
    count = len(paths)
    nothing = np.zeros((count, 2))
    collection.add(Reading([], [], nothing, np.zeros(count, bool)), {}, [None] * count)
    assert collection.names == names
    assert collection.truth[0] == "A"


def test_the_truth_is_in_the_name_and_not_in_its_folder() -> None:
    paths = ["in/a/_A.jpg", "in/b/1_A.jpg"]
    collection = Collection(paths, "AB", 0)
    collection.add(Reading([], [], np.zeros((2, 2)), np.zeros(2, bool)), {}, [None, None])
    assert collection.truth == [letter_in_name("_A.jpg", "AB"), "A"] == [None, "A"]
