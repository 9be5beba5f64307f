"""A folder of letters is read as listed, or refused in words that say what to mend."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from charrec.data.letters import (
    Picture,
    lacking_problems,
    letter_of,
    read_splits,
    summarise,
    without_pictures,
)
from charrec.errors import UserError


def read_split(root: Path, split: str, alphabet: str) -> list[Picture]:
    return read_splits(root, alphabet, [split])[split]


LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def make(root: Path, entries: Any, split: str = "train") -> Path:
    """A folder with one list; a file of one byte for each name that can be made."""
    (root / "images").mkdir(parents=True, exist_ok=True)
    for name in entries:
        (root / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "images" / name).write_bytes(b"x")
    (root / f"{split}.json").write_text(json.dumps(entries))
    return root


def refusal(root: Path, alphabet: str = LATIN) -> str:
    with pytest.raises(UserError) as caught:
        read_split(root, "train", alphabet)
    message = str(caught.value)
    assert str(root) in message
    assert message.count("\n") <= 1
    assert len(message) < 600 + len(str(root))
    return message


def replace_list(root: Path, text: str | bytes) -> Path:
    data = text.encode() if isinstance(text, str) else text
    (root / "train.json").write_bytes(data)
    return root


# Labels


@pytest.mark.parametrize(
    ("label", "alphabet", "letter"),
    [
        ("a", LATIN, "A"),
        ("A", LATIN, "A"),
        ("a", "aA", "a"),
        ("A", "aA", "A"),
        ("A", "abc", None),  # an alphabet with lower case means what it says
        ("b", "aBc", None),
        ("7", "0123456789", "7"),
        ("é", "ÀÉ", "É"),
        ("ß", LATIN, None),  # upper case "SS"
        ("漢", "漢字", "漢"),
        ("", LATIN, None),
        ("AB", LATIN, None),
        (" A", LATIN, None),
        ("7", LATIN, None),
        (7, "0123456789", None),
        (None, LATIN, None),
        (["A"], LATIN, None),
        (True, LATIN, None),
    ],
)
def test_what_a_label_means(label: Any, alphabet: str, letter: str | None) -> None:
    assert letter_of(label, alphabet) == letter


def test_the_pictures_of_a_split_in_the_order_of_its_list(tmp_path: Path) -> None:
    names = {"z.png": "b", "sub/a.png": "A", "ä 語\n.png": "c"}
    root = make(tmp_path, names)
    images = tmp_path / "images"
    pictures = read_split(root, "train", "ABC")
    assert pictures == [Picture(name, images, letter.upper()) for name, letter in names.items()]
    assert [picture.path for picture in pictures] == [str(images / name) for name in names]


def test_all_three_splits(letters: Path) -> None:
    splits = read_splits(letters, "ABCD")
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 96,
        "validation": 24,
        "test": 24,
    }
    assert [picture.letter for picture in splits["test"][:5]] == list("ABCDA")


def test_labels_outside_the_alphabet_are_counted_and_the_first_three_named(tmp_path: Path) -> None:
    labels = ["A", "b", "?", "", "AB", 3, None, {"x": 1}]
    root = make(tmp_path, {f"{i}.png": label for i, label in enumerate(labels)})
    assert refusal(root, "ABC") == (
        f"{root / 'train.json'}: 6 of 8 labels are no letter of ABC: "
        "'2.png': '?'; '3.png': ''; '4.png': 'AB' and 3 more\n"
        "mend the labels, or set data.alphabet"
    )


def test_huge_and_deep_labels_are_shown_short(tmp_path: Path) -> None:
    root = make(tmp_path, {"a.png": "A"})
    replace_list(root, '{"a.png": ' + "[" * 400 + "]" * 400 + ', "b.png": "' + "x" * 10**6 + '"}')
    assert "2 of 2 labels" in refusal(root)


def test_summary_of_few_and_many() -> None:
    assert summarise(["a"], 9, "are odd") == "1 of 9 are odd: a"
    assert summarise(["a", "b", "c"], 9, "are odd") == "3 of 9 are odd: a; b; c"
    assert summarise(list("abcde"), 9, "are odd") == "5 of 9 are odd: a; b; c and 2 more"


# Lists


def test_a_mark_in_front_of_the_list_is_no_harm(tmp_path: Path) -> None:
    root = make(tmp_path, {"a.png": "A"})
    replace_list(root, b'\xef\xbb\xbf{"a.png": "A"}')
    assert [picture.letter for picture in read_split(root, "train", LATIN)] == ["A"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read as JSON: Expecting value: line 1 column 1"),
        ('{"a.png": "A"', "cannot be read as JSON: Expecting ',' delimiter"),
        ("{'a.png': 'A'}", "cannot be read as JSON: Expecting property name"),
        (b'{"a\xff.png": "A"}', "cannot be read as JSON: 'utf-8' codec can't decode byte 0xff"),
        ('{"a.png": ' + "[" * 10**5, "cannot be read as JSON: maximum recursion depth"),
        ('{"a.png": ' + "1" * 5000 + "}", "cannot be read as JSON: Exceeds the limit"),
        ('[["a.png", "A"]]', "is no JSON object"),
        ("null", "is no JSON object"),
        ("{}", "is empty: a split needs at least one picture"),
        ('{"train": {"a.png": "A"}}', "1 of 1 labels are no letter"),
        (
            '{"a.png": "A", "b.png": "A", "a.png": "B"}',
            "cannot be read as JSON: 1 of 2 names stand there more than once: 'a.png'",
        ),
    ],
)
def test_lists_that_are_refused(tmp_path: Path, text: str | bytes, words: str) -> None:
    root = replace_list(make(tmp_path, {"a.png": "A"}), text)
    assert f"{root / 'train.json'} {words}" in refusal(root).replace(": 1 of 1", " 1 of 1")


def test_a_folder_in_the_place_of_a_list(tmp_path: Path) -> None:
    root = make(tmp_path, {"a.png": "A"})
    (root / "train.json").unlink()
    (root / "train.json").mkdir()
    assert "train.json cannot be read as JSON" in refusal(root)


def test_no_such_list(tmp_path: Path) -> None:
    root = make(tmp_path, {"a.png": "A"}, "test")
    assert refusal(root).startswith(f"data.root={root} has no train.json")


@pytest.mark.parametrize("name", ["gone", "x" * 5000, "nul\0", "file", "\udcff"])
def test_no_such_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"data.root=(.|\n)*: no such folder; name one"):
        read_split(tmp_path / name, "train", LATIN)


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text('{"a.png": "A"}')
    assert refusal(tmp_path).startswith(f"data.root={tmp_path} has no folder images/")


# Files


def list_also(root: Path, *names: str) -> Path:
    entries = json.loads((root / "train.json").read_text())
    replace_list(root, json.dumps(entries | dict.fromkeys(names, "A")))
    return root


@pytest.mark.parametrize(
    "name", ["../x.png", "sub/../../x.png", "/etc/hostname", "link.png", "linked/x.png", ".."]
)
def test_a_name_that_leads_out_of_images(tmp_path: Path, name: str) -> None:
    root = make(tmp_path / "set", {"a.png": "A"})
    (root / "x.png").write_bytes(b"x")
    (tmp_path / "x.png").write_bytes(b"x")
    (root / "images" / "link.png").symlink_to(root / "x.png")
    (root / "images" / "linked").symlink_to(tmp_path)
    (root / "images" / "sub").mkdir()
    message = refusal(list_also(root, name))
    assert f"1 of 2 pictures cannot be used: {name!r} leads out of images/" in message


def test_a_folder_of_images_may_itself_be_a_link(tmp_path: Path) -> None:
    make(tmp_path / "real", {"a.png": "A"})
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "images").symlink_to(tmp_path / "real" / "images")
    (tmp_path / "set" / "train.json").write_text('{"sub/../a.png": "A"}')
    (tmp_path / "real" / "images" / "sub").mkdir()
    assert len(read_split(tmp_path / "set", "train", LATIN)) == 1


@pytest.mark.parametrize(
    "name", ["gone.png", "x" * 300, "a\0b", "\0/b", "\ud800", "\ud800/b", "loop"]
)
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    root = make(tmp_path, {"a.png": "A"})
    (root / "images" / "sub").mkdir()
    (root / "images" / "loop").symlink_to("loop")
    message = refusal(list_also(root, name))
    assert "1 of 2 pictures cannot be used: " in message
    assert f"{name!r} is missing" in message or "xxx...xxx" in message


def test_missing_and_empty_files_are_counted_and_the_first_three_named(tmp_path: Path) -> None:
    root = make(tmp_path, {f"{i}.png": "A" for i in range(9)})
    for i in (1, 5, 6, 7):
        (root / "images" / f"{i}.png").unlink()
    (root / "images" / "3.png").write_bytes(b"")
    assert refusal(root) == (
        f"{root / 'train.json'}: 5 of 9 pictures cannot be used: '1.png' is missing; "
        "'3.png' is empty; '5.png' is missing and 2 more\n"
        "mend the files, or take them off the list"
    )


@pytest.mark.parametrize("name", ["", ".", "sub", "sub/"])
def test_a_folder_is_no_picture(tmp_path: Path, name: str) -> None:
    root = make(tmp_path, {"a.png": "A"})
    (root / "images" / "sub").mkdir()
    message = refusal(list_also(root, name))
    assert f"1 of 2 pictures cannot be used: {name!r} is a folder\n" in message


def test_a_fifo_is_no_picture_and_is_not_waited_for(tmp_path: Path) -> None:
    root = make(tmp_path, {"a.png": "A"})
    os.mkfifo(root / "images" / "pipe")
    assert "'pipe' is a pipe" in refusal(list_also(root, "pipe"))


def test_a_huge_file_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    root = make(tmp_path, {"a.png": "A"})
    os.truncate(root / "images" / "a.png", 10 * 2**30)
    told = "1 of 1 pictures cannot be used: 'a.png' has 10,737,418,240 bytes, over the 67,108,864"
    assert told in refusal(root)


@pytest.mark.parametrize("kind", ["pipe", "device", "10 GB"])
def test_a_list_that_would_never_end(tmp_path: Path, kind: str) -> None:
    root = make(tmp_path, {"a.png": "A"})
    path = root / "train.json"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 10**10)
    problem = {"10 GB": "it has 10,000,000,000 bytes, over the 67,108,864 that are read"}
    told = problem.get(kind, f"it is a {kind}")
    assert refusal(root) == f"{path} cannot be read as JSON: {told}; mend the list"


@pytest.mark.long
def test_a_million_entries(tmp_path: Path) -> None:
    root = make(tmp_path, {})
    entries = ", ".join(f'"letters/{i:07}.png": "a"' for i in range(10**6))
    replace_list(root, f"{{{entries}}}")
    start = time.perf_counter()
    message = refusal(root)
    assert (
        "1,000,000 of 1,000,000 pictures cannot be used: 'letters/0000000.png' is missing"
        in message
    )
    assert time.perf_counter() - start < 40


# Letters without a picture


def test_letters_that_training_or_validation_lacks_are_told() -> None:
    """E is in no split; D, which cannot be learned, is not missed in validation, too."""
    letters = {"train": "ABB", "validation": "AC", "test": "BD"}
    never = "train.json has no picture of CDE: it cannot be learned"
    unchecked = "validation.json has no picture of B: the best epoch is chosen without it"
    assert list(lacking_problems(letters, "ABCDE")) == [never, unchecked]
    assert list(lacking_problems(letters, "BAC", "the {} split")) == [
        "the train split has no picture of C: it cannot be learned",
        "the validation split has no picture of B: the best epoch is chosen without it",
    ]
    assert list(lacking_problems({**letters, "validation": "AB"}, "AB")) == []
    assert without_pictures({"train": "AB", "test": ["C", None]}, "ABC") == {
        "train": "C",
        "test": "AB",
    }
