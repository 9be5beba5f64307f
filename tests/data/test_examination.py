"""An examination tells of everything that is wrong, at once, and of nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import draw_letter
from PIL import Image

from charrec.data.examination import examine
from charrec.data.findings import KINDS, Examination
from charrec.errors import UserError


def told(examination: Examination, kind: str) -> list[str]:
    return [str(case) for case in examination.cases[kind]]


def kinds(examination: Examination) -> set[str]:
    return {kind for kind in KINDS if examination.cases[kind]}


def relist(root: Path, split: str, **changes: object) -> None:
    path = root / f"{split}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_good_letters(letters: Path) -> None:
    examination = examine(letters, "ABCD")
    assert (examination.verdict, kinds(examination)) == ("good", set())
    record = examination.record()
    assert record["letters"]["train"] == dict.fromkeys("ABCD", 24)
    assert record["letters"]["test"] == dict.fromkeys("ABCD", 6)
    assert record["width"] == record["height"] == {"min": 28, "median": 28, "max": 28}
    assert (record["modes"], record["formats"]) == ({"L": 144}, {"PNG": 144})
    assert list(record["findings"]) == list(KINDS)


def test_the_embedded_letters_are_good() -> None:
    examination = examine()
    assert (examination.verdict, kinds(examination)) == ("good", {"sizes"})
    assert examination.record()["formats"] == {"JPEG": 7492, "PNG": 308}


def test_everything_is_told_at_once(own_letters: Path) -> None:
    images = own_letters / "images"
    os.mkfifo(images / "pipe")
    (images / "sub").mkdir()
    (images / "empty.png").touch()
    (images / "text\n語.png").write_text("no picture")
    (images / "link.png").symlink_to(own_letters / "train.json")
    (images / "zero").symlink_to("/dev/zero")
    Image.new("L", (9, 7)).save(images / "nobody's.png")
    odd = ["pipe", "sub", "empty.png", "link.png", "zero", "../x", "gone", "\ud800", "a\0b"]
    relist(own_letters, "train", **dict.fromkeys(odd, "A"), **{"text\n語.png": "B"})
    relist(own_letters, "test", **{"test_0_A.png": "E", "test_1_B.png": 7})
    (own_letters / "validation.json").write_text('{"x": "A", "x": "A"')
    examination = examine(own_letters, "ABCD")
    assert examination.verdict == "refused"
    assert told(examination, "file") == [
        "train 'pipe': is a pipe",
        "train 'sub': is a folder",
        "train 'empty.png': is empty",
        "train 'link.png': leads out of images/",
        "train 'zero': leads out of images/",
        "train '../x': leads out of images/",
        "train 'gone': is missing",
        "train '\\ud800': is missing",
        "train 'a\\x00b': is missing",
    ]
    assert told(examination, "broken") == ["train 'text\\n語.png': is not a picture"]
    assert told(examination, "label") == ["test 'test_0_A.png': 'E'", "test 'test_1_B.png': 7"]
    (problem,) = told(examination, "list")
    assert problem.startswith(f"{own_letters / 'validation.json'} cannot be read as JSON: ")
    unlisted = told(examination, "unlisted")
    assert unlisted[0] == '"nobody\'s.png"'
    assert len(unlisted) == 1 + 24  # and all of validation's
    assert len(examination.about) == 96 + 24
    json.loads(json.dumps(examination.record()))


def test_names_that_stand_twice(own_letters: Path) -> None:
    text = (own_letters / "test.json").read_text()
    (own_letters / "test.json").write_text(text.replace("{", '{"test_1_B.png": "B", ', 1))
    examination = examine(own_letters, "ABCD")
    assert (examination.verdict, kinds(examination)) == ("refused", {"twins"})
    assert told(examination, "twins") == ["test 'test_1_B.png'"]


def test_a_file_in_two_lists_by_two_names(own_letters: Path) -> None:
    (own_letters / "images" / "sub").mkdir()
    relist(own_letters, "test", **{"sub/../train_0_A.png": "A"})
    examination = examine(own_letters, "ABCD")
    assert (examination.verdict, kinds(examination)) == ("warned", {"leak"})
    assert told(examination, "leak") == [
        "train 'train_0_A.png' = test 'sub/../train_0_A.png': the same file"
    ]


def test_copies(own_letters: Path) -> None:
    images = own_letters / "images"
    original = Image.open(images / "train_0_A.png")
    (images / "bytes.png").write_bytes((images / "train_0_A.png").read_bytes())
    original.save(images / "pixels.bmp")
    original.save(images / "coded.jpg", quality=60)
    original.resize((70, 70), Image.Resampling.LANCZOS).save(images / "larger.png")
    draw_letter("B", 7).save(images / "b.png")
    draw_letter("B", 7).save(images / "c.gif")
    relist(own_letters, "validation", **{"bytes.png": "A", "b.png": "B", "c.gif": "C"})
    relist(own_letters, "test", **dict.fromkeys(["pixels.bmp", "coded.jpg", "larger.png"], "A"))
    examination = examine(own_letters, "ABCD")
    assert examination.verdict == "warned"
    assert kinds(examination) == {"leak", "contradiction", "repeat", "sizes"}
    assert told(examination, "leak") == [
        "train 'train_0_A.png' = validation 'bytes.png' = test 'pixels.bmp' = "
        "test 'coded.jpg' and 1 more: alike"
    ]
    case = "validation 'b.png' = validation 'c.gif'"
    assert told(examination, "repeat") == [f"{case}: the same pixels"]
    assert told(examination, "contradiction") == [f"{case}: the same pixels, B 1, C 1"]
    assert told(examination, "sizes") == ["28 x 28 to 70 x 70"]
    (leak,) = examination.record()["findings"]["leak"]["cases"]
    assert leak["pictures"][0] == {"split": "train", "name": "train_0_A.png", "letter": "A"}
    assert len(leak["pictures"]) == 5


def test_one_picture_with_two_letters_is_grave_enough(own_letters: Path) -> None:
    images = own_letters / "images"
    (images / "copy.png").write_bytes((images / "train_0_A.png").read_bytes())
    relist(own_letters, "train", **{"copy.png": "b"})
    examination = examine(own_letters, "ABCD")
    assert (examination.verdict, kinds(examination)) == ("warned", {"contradiction", "repeat"})
    case = "train 'train_0_A.png' = train 'copy.png': the same bytes"
    assert told(examination, "contradiction") == [f"{case}, A 1, B 1"]
    assert told(examination, "repeat") == [case]


def test_the_same_at_the_size_of_training(own_letters: Path) -> None:
    """Two dots that only a small version of the picture makes one of."""
    for name, place in (("d.png", 100), ("e.png", 101)):
        image = Image.new("L", (200, 200), 255)
        image.paste(0, (40, 40, 60, 160))
        image.putpixel((place, 100), 128)
        image.save(own_letters / "images" / name)
    relist(own_letters, "train", **{"d.png": "D"})
    relist(own_letters, "test", **{"e.png": "D"})
    problem = ["train 'd.png' = test 'e.png': the same pixels"]
    assert told(examine(own_letters, "ABCD", image_size=4), "leak") == problem


def test_letters_that_a_split_lacks(own_letters: Path) -> None:
    entries = json.loads((own_letters / "train.json").read_text())
    fewer = {name: letter for name, letter in entries.items() if letter != "C"}
    (own_letters / "train.json").write_text(json.dumps(fewer))
    examination = examine(own_letters, "ABCDE")
    assert examination.verdict == "warned"
    assert told(examination, "unseen") == ["C"]
    assert told(examination, "absent") == ["C, train", "E, train and validation and test"]
    assert len(told(examination, "unlisted")) == 24
    (own_letters / "train.json").unlink()
    assert told(examine(own_letters, "ABCD"), "unseen") == []


def test_no_folder_of_letters(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder; name one that holds images/"):
        examine(tmp_path / "gone")
    with pytest.raises(UserError, match="has no folder images/; the pictures belong there"):
        examine(tmp_path)
    (tmp_path / "images").mkdir()
    examination = examine(tmp_path)
    assert (examination.verdict, kinds(examination)) == ("refused", {"list"})
    assert examination.record()["width"] is None
