"""A folder of letters: ``images/`` and three lists, each a JSON object ``{file name: letter}``.

Nothing heavy is imported here, so that a wrong folder is told before torch is loaded.
"""

from __future__ import annotations

import json
import os
import reprlib
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from charrec.errors import UserError
from charrec.ordinary import LARGEST_PICTURE, odd_kind, read_ordinary, too_many_bytes

SPLITS = ("train", "validation", "test")
CURE = "mend the files, or take them off the list"
LARGEST_LIST = 64 * 2**20  # bytes: two million pictures; in memory a list is many times as large

_short = reprlib.Repr()  # a message stays readable whatever a list holds
_short.maxstring = 120
shown = _short.repr


class Picture(NamedTuple):
    name: str  # as in the list
    folder: Path  # one object for all: a Path each would take as much memory as the pixels
    letter: str

    @property
    def path(self) -> str:
        return str(self.folder / self.name)


def letter_of(label: Any, alphabet: str) -> str | None:
    """The letter of `alphabet` that `label` means, or None.

    Where the alphabet has no lower case, "a" means "A".
    """
    if not isinstance(label, str):
        return None
    letter = label if _tells_cases_apart(alphabet) else label.upper()
    return letter if len(letter) == 1 and letter in alphabet else None


@cache  # it is asked for each of any number of pictures
def _tells_cases_apart(alphabet: str) -> bool:
    return any(c.islower() for c in alphabet)


def summarise(problems: Sequence[str], of: int, what: str) -> str:
    """``"3 of 200 pictures cannot be read: a; b; c"``: a count, the first few named."""
    more = f" and {len(problems) - 3:,} more" if len(problems) > 3 else ""
    return f"{len(problems):,} of {of:,} {what}: {'; '.join(problems[:3])}{more}"


def load_list(path: Path) -> tuple[dict[str, Any], list[str]]:
    """What stands in a list, odd labels included, and the names that stand there more than once.

    Raises:
        UserError: it is missing, no JSON object, or empty.
    """
    twins: list[str] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Of equal names the last; the outermost object, whose names count, comes last."""
        entries = dict(pairs)
        times = Counter(name for name, _ in pairs) if len(entries) < len(pairs) else {}
        twins[:] = [name for name in times if times[name] > 1]
        return entries

    try:
        text = read_ordinary(path, LARGEST_LIST).decode("utf-8-sig")  # a mark may be in front
        entries = json.loads(text, object_pairs_hook=keep)
    except FileNotFoundError:
        raise UserError(
            f"data.root={path.parent} has no {path.name}; a folder of letters holds images/, "
            "train.json, validation.json and test.json"
        ) from None
    except (OSError, ValueError, RecursionError) as e:
        raise UserError(f"{path} cannot be read as JSON: {e}; mend the list") from e
    if not isinstance(entries, dict):
        raise UserError(f"{path} is no JSON object: it must be {{file name: letter}}")
    if not entries:
        raise UserError(f"{path} is empty: a split needs at least one picture")
    return entries, twins


def _read_list(path: Path) -> dict[str, Any]:
    entries, twins = load_list(path)
    if twins:
        named = [shown(name) for name in twins]
        problem = summarise(named, len(entries), "names stand there more than once")
        raise UserError(f"{path} cannot be read as JSON: {problem}; mend the list")
    return entries


def _letters_of(path: Path, entries: dict[str, Any], alphabet: str) -> dict[str, str]:
    letters = {name: letter_of(label, alphabet) for name, label in entries.items()}
    odd = [f"{shown(n)}: {shown(entries[n])}" for n, letter in letters.items() if not letter]
    if odd:
        problem = summarise(odd, len(entries), f"labels are no letter of {alphabet}")
        raise UserError(f"{path}: {problem}\nmend the labels, or set data.alphabet")
    return {name: letter for name, letter in letters.items() if letter}


def _file_problem(images: Path, name: str, called: str) -> str | None:
    try:
        inside = Path(os.path.realpath(images / name)).is_relative_to(images)
        found = os.stat(images / name) if inside else None
    except (OSError, ValueError):  # gone, too long, or holds what no file name may hold
        return "is missing"
    if found is None:
        return f"leads out of {called}"
    if kind := odd_kind(found.st_mode):
        return f"is {kind}"
    return too_many_bytes(found.st_size, LARGEST_PICTURE) if found.st_size else "is empty"


def images_folder(root: Path) -> Path:
    """``root/images``, with no links in its path.

    Raises:
        UserError: there is none.
    """
    if not os.path.isdir(root):
        raise UserError(f"data.root={root}: no such folder; name one that holds images/")
    images = Path(os.path.realpath(root / "images"))
    if not images.is_dir():
        raise UserError(
            f"data.root={root} has no folder images/; the pictures belong there\n"
            "a folder for each letter, A/ B/ and so on, is read with data=folders"
        )
    return images


def _listed(root: Path, split: str, alphabet: str) -> list[Picture]:
    images, path = images_folder(root), root / f"{split}.json"
    letters = _letters_of(path, _read_list(path), alphabet)
    return [Picture(name, images, letter) for name, letter in letters.items()]


def _plainly_good(path: str, inside: Callable[[str], bool]) -> bool:
    """Whether there is a file with something in it, no link, in a folder `inside` ``images/``.

    Nearly all are; following every link on the way to each of them takes ten times as long.
    """
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return False
    plain = stat.S_ISREG(found.st_mode) and 0 < found.st_size <= LARGEST_PICTURE
    return plain and inside(os.path.dirname(path))


def file_problems(
    images: Path, names: Iterable[str], called: str = "images/"
) -> Iterator[str | None]:
    """What is wrong with each picture's file, found without opening it; `images` has no links.

    Args:
        called: what messages call the folder.
    """

    @cache
    def inside(folder: str) -> bool:
        try:
            return Path(os.path.realpath(folder)).is_relative_to(images)
        except ValueError:  # it holds what no file name may hold
            return False

    for name in names:
        path = os.path.join(images, name)
        if _plainly_good(path, inside):
            yield None
        elif not os.path.lexists(path) and inside(os.path.dirname(path)):
            yield "is missing"
        else:
            yield _file_problem(images, name, called)


def _refuse_bad_files(root: Path, found: dict[str, list[Picture]]) -> None:
    images = images_folder(root)
    names = {split: [picture.name for picture in pictures] for split, pictures in found.items()}
    problems = {
        split: [
            f"{shown(name)} {problem}"
            for name, problem in zip(listed, file_problems(images, listed), strict=True)
            if problem
        ]
        for split, listed in names.items()
    }
    hit = [split for split in found if problems[split]]
    if hit:
        where = root / f"{hit[0]}.json" if len(hit) == 1 else root
        bad = [problem for split in hit for problem in problems[split]]
        total = sum(len(found[split]) for split in hit)
        problem = summarise(bad, total, "pictures cannot be used")
        raise UserError(f"{where}: {problem}\n{CURE}")


def read_splits(
    root: str | Path, alphabet: str, splits: Sequence[str] = SPLITS
) -> dict[str, list[Picture]]:
    """The pictures of each split, in the order of their lists.

    Raises:
        UserError: no such folder or list, a label that is no letter of the alphabet, files
            that are missing, empty or outside ``images/``: all of them counted.
    """
    found = {split: _listed(Path(root), split, alphabet) for split in splits}
    _refuse_bad_files(Path(root), found)
    return found


def without_pictures(held: Mapping[str, Iterable[str | None]], alphabet: str) -> dict[str, str]:
    """Split -> the letters of `alphabet` that are not among those it holds."""
    there = {split: set(letters) for split, letters in held.items()}
    return {split: "".join(c for c in alphabet if c not in there[split]) for split in there}


def lacking_problems(
    letters: Mapping[str, str], alphabet: str, called: str = "{}.json"
) -> Iterator[str]:
    """What to say of letters without a picture that training, or choosing the best epoch, needs.

    Args:
        letters: split -> the letter of each of its pictures.
        called: what messages call a split.
    """
    lacks = without_pictures(letters, alphabet)
    unchecked = "".join(c for c in lacks["validation"] if c not in lacks["train"])
    for split, missing, so in (
        ("train", lacks["train"], "it cannot be learned"),
        ("validation", unchecked, "the best epoch is chosen without it"),
    ):
        if missing:
            yield f"{called.format(split)} has no picture of {missing}: {so}"
