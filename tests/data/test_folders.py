"""A tree with a folder for each letter is read, split and refused in words that say the cure."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import draw_letter
from PIL import Image

from charrec.data.datamodule import CharacterDataModule
from charrec.data.examination import examine
from charrec.data.findings import KINDS, Examination
from charrec.data.folders import find_in_folders
from charrec.data.settings import DataSettings
from charrec.errors import UserError

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def make(root: Path, *names: str) -> Path:
    """Files of one byte."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def many(letters: str = "AB", count: int = 20, top: str = "") -> list[str]:
    return [f"{top}{letter}/{i:02}.png" for letter in letters for i in range(count)]


def draw(root: Path, count: int = 10, letters: str = "ABCD") -> Path:
    for letter in letters:
        (root / letter).mkdir(parents=True)
        for seed in range(count):
            draw_letter(letter, seed).save(root / letter / f"{seed}.png")
    return root


def find(root: Path, alphabet: str = LATIN, **which: Any) -> dict[str, list[str]]:
    splits = find_in_folders(DataSettings(root, alphabet=alphabet, kind="folders", **which))
    for pictures in splits.values():
        assert all(picture.folder == root.resolve() for picture in pictures)
    return {split: [picture.name for picture in pictures] for split, pictures in splits.items()}


def letters_in(root: Path, alphabet: str = LATIN) -> dict[str, str]:
    splits = find_in_folders(DataSettings(root, alphabet=alphabet, kind="folders"))
    return {picture.name: picture.letter for pictures in splits.values() for picture in pictures}


def refusal(root: Path, alphabet: str = LATIN, **which: Any) -> str:
    with pytest.raises(UserError) as caught:
        find(root, alphabet, **which)
    message = str(caught.value)
    assert message.count("\n") <= 1
    return message.replace(f"data.root={root}", "ROOT")


# Layouts


def test_without_folders_of_splits(tmp_path: Path) -> None:
    found = find(make(tmp_path, *many()))
    assert {split: len(names) for split, names in found.items()} == {
        "train": 28,
        "validation": 6,
        "test": 6,
    }
    for names in found.values():
        assert names == sorted(names)
        assert sum(name.startswith("A/") for name in names) == len(names) / 2
    assert sorted(name for names in found.values() for name in names) == many()


def test_pictures_come_by_name_however_deep_they_are(tmp_path: Path) -> None:
    make(tmp_path, *many("A", top="train/"), "train/A/05/1.png", "train/a/0.png")
    found = find(tmp_path)["train"]
    assert found == sorted(found)
    assert {"train/A/05/1.png", "train/a/0.png"} <= {*found}


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "validation", "test"), ("Train", "val", "TEST"), ("train", "valid", "Test")],
)
def test_with_folders_of_splits(train: str, validation: str, test: str, tmp_path: Path) -> None:
    names = {
        "train": many(count=3, top=f"{train}/"),
        "validation": many(count=2, top=f"{validation}/"),
        "test": many("B", 1, f"{test}/"),
    }
    make(tmp_path, *(name for listed in names.values() for name in listed))
    assert find(tmp_path) == names


@pytest.mark.parametrize(
    ("there", "counts"),
    [(("train", "test"), (34, 6, 40)), (("train", "val"), (34, 40, 6)), (("train",), (28, 6, 6))],
)
def test_a_split_without_a_folder_is_drawn_from_train(
    there: tuple[str, ...], counts: tuple[int, int, int], tmp_path: Path
) -> None:
    found = find(make(tmp_path, *(name for top in there for name in many(top=f"{top}/"))))
    assert tuple(map(len, found.values())) == counts
    assert {name.split("/")[0] for name in found["train"]} == {"train"}


def test_the_shares(tmp_path: Path) -> None:
    make(tmp_path, *many())
    found = find(tmp_path, validation_share=0.1, test_share=0.4)
    assert [len(names) for names in found.values()] == [20, 4, 16]


def test_all_are_tested_on_unless_there_is_a_folder_for_it(tmp_path: Path) -> None:
    make(tmp_path / "tree", *many())
    nothing: list[str] = []
    everything = {"train": nothing, "validation": nothing, "test": many()}
    assert find(tmp_path / "tree", test_share=1) == everything
    make(tmp_path, *many(top="val/", count=3), *many(top="train/"))
    (tmp_path / "tree").rename(tmp_path / "test")
    found = find(tmp_path, test_share=1)
    assert [len(names) for names in found.values()] == [40, 6, 40]
    (tmp_path / "test").rename(tmp_path / ".test")
    found = find(tmp_path, test_share=1)
    assert [len(names) for names in found.values()] == [0, 6, 40]


def test_the_split_follows_from_its_own_seed_alone(tmp_path: Path) -> None:
    draw(tmp_path)
    which = {"kind": "folders", "alphabet": "ABCD", "image_size": 8}

    def split(seed: int, split_seed: int = 0) -> CharacterDataModule:
        letters = CharacterDataModule(tmp_path, **which, seed=seed, split_seed=split_seed)  # type: ignore[arg-type]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            letters.setup()
        return letters

    assert split(1).names == split(2).names
    assert split(1).fingerprint() == split(2).fingerprint()
    assert split(1).names != split(1, split_seed=1).names


def test_the_folder_of_a_letter(tmp_path: Path) -> None:
    make(tmp_path, "A/1.png", "a/1.png", "b/deep/er/2.png", "B/x y'=.jpg", "A/no suffix", "É/1.png")
    make(tmp_path, "E\u0301/2.png")  # as macOS writes É
    assert letters_in(tmp_path, LATIN + "É") == {
        "A/1.png": "A",
        "A/no suffix": "A",
        "B/x y'=.jpg": "B",
        "E\u0301/2.png": "É",
        "a/1.png": "A",
        "b/deep/er/2.png": "B",
        "É/1.png": "É",
    }


def test_capital_and_small_letters_where_the_alphabet_has_both(tmp_path: Path) -> None:
    make(tmp_path, "A/1.png", "a/1.png", "7/1.png")
    assert letters_in(tmp_path, "Aa7") == {"A/1.png": "A", "a/1.png": "a", "7/1.png": "7"}
    told = "ROOT: 2 of 3 folders are no letter of abc: '7'; 'A'\ncall each by its letter, or set "
    assert refusal(tmp_path, "abc").startswith(told)


def test_what_file_managers_leave_behind_is_not_meant(tmp_path: Path) -> None:
    names = many("AB", 3)
    odd = (".DS_Store", "A/.DS_Store", "A/._1.png", "A/Thumbs.db", "B/desktop.ini", "README.md")
    make(tmp_path, *names, *odd, "__MACOSX/A/1.png", ".git/A/1.png", "B/.cache/1.png", "labels.csv")
    (tmp_path / "sample").mkdir()  # with nothing in it
    assert sorted(letters_in(tmp_path)) == names


# Groups


def writers(top: str = "", who: range = range(20)) -> list[str]:
    return [f"{top}{letter}/writer{w:02}_{letter}.png" for letter in "ABCD" for w in who]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("{letter}/writer{w}_{letter}_2.png", r"^(writer\d+)"),
        ("{letter}/img011-000{w}.png", r"-(\d+)\."),
        ("{letter}/{letter}_font{w}_bold.png", r"_(font\d+)_"),
        ("{letter}/page{w}-017.png", r"(page\d+)"),
        ("{letter}/font{w}/bold.png", r"^(.+)/"),
    ],
)
def test_a_group_is_not_torn_apart(name: str, group: str, tmp_path: Path) -> None:
    names = {name.format(letter=letter, w=w): w for letter in "ABCD" for w in range(10, 30)}
    found = find(make(tmp_path, *names), group=group)
    who = {split: {names[name] for name in found[split]} for split in found}
    assert sum(map(len, who.values())) == 20
    assert {split: len(names) for split, names in who.items()} == {
        "train": 14,
        "validation": 3,
        "test": 3,
    }
    torn = find(tmp_path)
    assert len({names[name] for name in torn["test"]} & {names[n] for n in torn["train"]}) > 3


def test_a_group_does_not_see_the_letter_s_folder(tmp_path: Path) -> None:
    make(tmp_path, *many("AB", 3))
    assert "6 of 6 names have no such group: 'A/00.png'" in refusal(tmp_path, group="([AB])")


def test_names_without_a_group_are_counted(tmp_path: Path) -> None:
    make(tmp_path, *writers(), "A/x.png", "B/writer_y.png")
    assert refusal(tmp_path, group=r"writer(\d*)") == (
        r"data.group=writer(\d*): 2 of 82 names have no such group: 'A/x.png'; 'B/writer_y.png'"
        "\nwhat it looks at begins behind the letter's folder; change it, or leave it out"
    )


def test_a_group_in_two_folders_of_splits(tmp_path: Path) -> None:
    make(tmp_path, *writers("train/", range(9)), *writers("test/", range(7, 12)))
    assert refusal(tmp_path, group=r"(writer\d+)") == (
        r"ROOT: 2 of 12 groups of (writer\d+) are in two splits: 'writer07'; 'writer08'"
        "\nmove the pictures of each to one of them, or leave data.group out"
    )
    make(tmp_path / "good", *writers("train/", range(9)), *writers("test/", range(9, 12)))
    found = find(tmp_path / "good", group=r"(writer\d+)")
    assert [len(names) for names in found.values()] == [32, 4, 12]


def test_too_few_to_share_out(tmp_path: Path) -> None:
    make(tmp_path, *writers(who=range(2)))
    assert refusal(tmp_path, group=r"(writer\d+)") == (
        r"ROOT: 2 groups of data.group=(writer\d+) cannot be shared out to train, validation, test"
        "; add some"
    )
    make(tmp_path / "two", "A/1.png", "B/1.png")
    assert refusal(tmp_path / "two").startswith("ROOT: 2 pictures cannot be shared out to train, ")


# What is refused


def no_letters(root: Path) -> None:
    make(root, "sample011/1.png", "sample011/2.png", "images/1.png", *many("AB", 2), "12/x/3.png")


def stray(root: Path) -> None:
    make(root, *many("AB", 2), "1.png", "notes.txt", "2.JPG")


def lists(root: Path) -> None:
    make(root, "images/1.png", "train.json")


def no_train(root: Path) -> None:
    make(root, *many(top="test/"))


def nothing_in_test(root: Path) -> None:
    make(root, *many(top="train/"), *many(top="val/"), "test/.hidden", "test/notes.txt")


def letters_without_pictures(root: Path) -> None:
    make(root, *many(top="train/"), "valid/A/.DS_Store", "Test/A/deep/Thumbs.db")


def two_validations(root: Path) -> None:
    make(root, *many(top="train/"), *many(top="val/"), *many(top="valid/"))


def beside_splits(root: Path) -> None:
    make(root, *many(top="train/"), *many(), "extra/A/1.png")


def empty_files(root: Path) -> None:
    for name in make(root, *many("AB", 3)).glob("A/*"):
        name.write_bytes(b"")


def links(root: Path) -> None:
    outside = make(root.parent / "outside", *many("CD", 2))
    make(root, *many("AB", 2))
    (root / "A" / "out.png").symlink_to(outside / "C" / "00.png")
    (root / "A" / "deep").symlink_to(outside)
    (root / "A" / "loop").symlink_to(root)
    (root / "C").symlink_to(outside / "C")


def linked_split(root: Path) -> None:
    outside = make(root.parent / "outside", *many("CD", 2))
    make(root, *many(top="train/"))
    (root / "test").symlink_to(outside)


@pytest.mark.parametrize(
    ("damage", "told", "cure"),
    [
        (
            no_letters,
            f"3 of 5 folders are no letter of {LATIN}: '12'; 'images'; 'sample011'",
            "call each by its letter, or set data.alphabet to all that are there",
        ),
        (
            stray,
            "2 of 6 pictures are in no letter's folder: '1.png'; '2.JPG'",
            "move them into one: A/, say",
        ),
        (lambda root: root.mkdir(), "holds no pictures in folders; each letter has its own", ""),
        (lambda _: None, "no such folder; name one that holds A/, B/ and so on", ""),
        (lists, "holds images/ and lists: it is read with data=lists", ""),
        (no_train, "has test/ and no train/; add it, or test on it with ROOT/test data.t", ""),
        (nothing_in_test, "no pictures in test/; put pictures into it or remove it", ""),
        (letters_without_pictures, "no pictures in Test/, valid/; put pictures into it or rem", ""),
        (two_validations, "a split has one folder", ""),
        (
            beside_splits,
            "3 of 4 folders are no split: 'A'; 'B'; 'extra'",
            "beside train/ there are validation/ and test/ alone",
        ),
        (
            empty_files,
            "3 of 6 pictures cannot be used: 'A/00.png' is empty; 'A/01.png' is empty; 'A/02.png' "
            "is empty",
            "mend the files, or take them out of the folder",
        ),
        (
            links,
            "4 of 8 pictures cannot be used: 'A/deep' leads out of data.root; 'A/loop' is a folder;"
            " 'A/out.png' leads out of data.root and 1 more",
            "mend the files, or take them out of the folder",
        ),
        (linked_split, "4 of 44 pictures cannot be used: 'test/C/00.png' leads out of", "mend"),
    ],
)
def test_trees_that_are_refused(
    damage: Callable[[Path], object], told: str, cure: str, tmp_path: Path
) -> None:
    root = tmp_path / "tree"
    damage(root)
    message, _, advice = refusal(root).partition("\n")
    assert message.startswith("ROOT")
    assert told in message
    assert advice.startswith(cure)


def test_links_that_stay_inside_and_a_root_that_is_one(tmp_path: Path) -> None:
    real = make(tmp_path / "real", *many("AB", 3))
    (real / "A" / "again.png").symlink_to("00.png")
    (tmp_path / "tree").symlink_to(real)
    assert "A/again.png" in letters_in(tmp_path / "tree")


def test_what_is_no_picture_is_refused_when_it_is_decoded(tmp_path: Path) -> None:
    draw(tmp_path)
    (tmp_path / "A" / "notes.txt").write_text("no picture")
    with pytest.raises(UserError) as caught:
        CharacterDataModule(tmp_path, alphabet="ABCD", kind="folders").setup()
    assert str(caught.value) == (
        f"{tmp_path}: 1 of 41 pictures cannot be read: {tmp_path / 'A' / 'notes.txt'} is not a "
        "picture\nmend the files, or take them out of the folder"
    )


# Pixels, and what is told of them


def test_names_letters_and_pixels(tmp_path: Path) -> None:
    draw(tmp_path)
    letters = CharacterDataModule(tmp_path, 28, "ABCD", kind="folders")
    letters.setup()
    assert [len(names) for names in letters.names.values()] == [28, 6, 6]
    for split, names in letters.names.items():
        for name, label, image in zip(
            names, letters.labels[split].tolist(), letters.images[split], strict=True
        ):
            letter, file = name.split("/")
            assert "ABCD"[label] == letter
            assert image[0].tolist() == [
                list(row) for row in _rows(draw_letter(letter, int(file.removesuffix(".png"))))
            ]


def _rows(picture: Image.Image) -> list[bytes]:
    data = picture.tobytes()
    return [data[i : i + picture.width] for i in range(0, len(data), picture.width)]


def test_what_training_is_warned_of(tmp_path: Path) -> None:
    for top, letters in (("train", "ABC"), ("val", "ABCD"), ("test", "ABCD")):
        draw(tmp_path / top, 2, letters)
    with pytest.warns(UserWarning, match="pixel for pixel|cannot be learned") as told:
        CharacterDataModule(tmp_path, alphabet="ABCD", kind="folders").setup("fit")
    unseen, leak = (str(warning.message) for warning in told)
    assert unseen == "the train split has no picture of D: it cannot be learned"
    command = f"python -m charrec.check data=folders data.root={tmp_path} data.alphabet=ABCD"
    assert leak.endswith(f"; {command} shows all")


# Examination


def told(examination: Examination, kind: str) -> list[str]:
    return [str(case) for case in examination.cases[kind]]


def kinds(examination: Examination) -> set[str]:
    return {kind for kind in KINDS if examination.cases[kind]}


def test_an_examination_of_good_letters(tmp_path: Path) -> None:
    examination = examine(draw(tmp_path), "ABCD", kind="folders")
    assert (examination.verdict, kinds(examination)) == ("good", set())
    assert examination.record()["letters"] == {
        "train": dict.fromkeys("ABCD", 7),
        "validation": {"A": 2, "B": 1, "C": 2, "D": 1},
        "test": {"A": 1, "B": 2, "C": 1, "D": 2},
    }


def test_an_examination_tells_everything_at_once(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    draw(root / "train")
    draw(root / "val", 1)
    draw(root / "test", 1)
    draw_letter("A", 99).save(root / "train" / "stray.png")
    make(root, "train/E/1.png", "train/B/notes.txt", "train/B/.hidden")
    (root / "train" / "C" / "empty.png").touch()
    (root / "train" / "D" / "out.png").symlink_to(tmp_path)
    examination = examine(root, "ABCD", kind="folders")
    assert examination.verdict == "refused"
    assert kinds(examination) == {"label", "file", "broken", "leak"}
    assert told(examination, "label") == [
        "train 'train/E/': a folder of no letter",
        "train 'train/stray.png': in no letter's folder",
    ]
    assert told(examination, "file") == [
        "train 'train/C/empty.png': is empty",
        "train 'train/D/out.png': leads out of data.root",
    ]
    (broken,) = told(examination, "broken")
    assert broken.endswith("'train/B/notes.txt': is not a picture")
    assert len(told(examination, "leak")) == 4  # each a picture in all three splits


def test_an_examination_of_what_is_in_no_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^data=emnist cannot be checked: the pictures are in no"):
        examine(tmp_path, kind="emnist")


def test_an_examination_of_nothing(tmp_path: Path) -> None:
    examination = examine(tmp_path, "ABCD", kind="folders")
    assert (examination.verdict, kinds(examination)) == ("refused", {"label"})
    assert os.listdir(tmp_path) == []
