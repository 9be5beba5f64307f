"""A folder of letters: ``images/`` and three lists, each a JSON object ``{file name: letter}``.

Nothing heavy is imported here, so that a wrong folder is told before torch is loaded.
"""

from __future__ import annotations

import json
import os
import reprlib
import stat
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from charrec.errors import UserError

SPLITS = ("train", "validation", "test")

_short = reprlib.Repr()  # a message stays readable whatever a list holds
_short.maxstring = 120


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
    letter = label if any(c.islower() for c in alphabet) else label.upper()
    return letter if len(letter) == 1 and letter in alphabet else None


def summarise(problems: Sequence[str], of: int, what: str) -> str:
    """``"3 of 200 pictures cannot be read: a; b; c"``: a count, the first few named."""
    more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
    return f"{len(problems)} of {of} {what}: {'; '.join(problems[:3])}{more}"


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two equal names JSON would keep the last without a word."""
    entries = dict(pairs)
    if len(entries) < len(pairs):
        twins = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
        shown = [_short.repr(name) for name in twins]
        raise ValueError(summarise(shown, len(entries), "names stand there more than once"))
    return entries


def _read_list(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors put a mark in front
        entries = json.loads(text, object_pairs_hook=_refuse_twins)
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
    return entries


def _letters_of(path: Path, entries: dict[str, Any], alphabet: str) -> dict[str, str]:
    letters = {name: letter_of(label, alphabet) for name, label in entries.items()}
    shown = _short.repr
    odd = [f"{shown(n)}: {shown(entries[n])}" for n, letter in letters.items() if not letter]
    if odd:
        problem = summarise(odd, len(entries), f"labels are no letter of {alphabet}")
        raise UserError(f"{path}: {problem}\nmend the labels, or set data.alphabet")
    return {name: letter for name, letter in letters.items() if letter}


def _file_problem(images: Path, name: str) -> str | None:
    """What is wrong with a picture's file, found without opening it."""
    path = images / name
    try:
        inside = Path(os.path.realpath(path)).is_relative_to(images)
        size = path.stat().st_size if path.is_file() else None
    except (OSError, ValueError):  # too long, or holds what no file name may hold
        inside, size = True, None
    if not inside:
        return f"{_short.repr(name)} leads out of images/"
    return None if size else f"{_short.repr(name)} is {'missing' if size is None else 'empty'}"


def _listed(root: str | Path, split: str, alphabet: str) -> list[Picture]:
    folder = Path(root)
    if not os.path.isdir(folder):
        raise UserError(f"data.root={folder}: no such folder; name one that holds images/")
    images = Path(os.path.realpath(folder / "images"))
    if not images.is_dir():
        raise UserError(f"data.root={folder} has no folder images/; the pictures belong there")
    path = folder / f"{split}.json"
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
    plain = stat.S_ISREG(found.st_mode) and found.st_size > 0
    return plain and inside(os.path.dirname(path))


def _refuse_bad_files(root: Path, found: dict[str, list[Picture]]) -> None:
    images = Path(os.path.realpath(root / "images"))

    @cache
    def inside(folder: str) -> bool:
        return Path(os.path.realpath(folder)).is_relative_to(images)

    problems = {
        split: [
            problem
            for p in pictures
            if not _plainly_good(os.path.join(images, p.name), inside)
            and (problem := _file_problem(images, p.name))
        ]
        for split, pictures in found.items()
    }
    hit = [split for split in found if problems[split]]
    if hit:
        where = root / f"{hit[0]}.json" if len(hit) == 1 else root
        bad = [problem for split in hit for problem in problems[split]]
        total = sum(len(found[split]) for split in hit)
        problem = summarise(bad, total, "pictures cannot be used")
        raise UserError(f"{where}: {problem}\nmend the files, or take them off the list")


def read_splits(
    root: str | Path, alphabet: str, splits: Sequence[str] = SPLITS
) -> dict[str, list[Picture]]:
    """The pictures of each split, in the order of their lists.

    Raises:
        UserError: no such folder or list, a label that is no letter of the alphabet, files
            that are missing, empty or outside ``images/``: all of them counted.
    """
    found = {split: _listed(root, split, alphabet) for split in splits}
    _refuse_bad_files(Path(root), found)
    return found


def unseen_letters(splits: dict[str, list[Picture]]) -> str | None:
    """A warning where validation or test hold letters that training never shows."""
    seen = {picture.letter for picture in splits["train"]}
    asked = {picture.letter for name in SPLITS[1:] for picture in splits[name]}
    missing = "".join(sorted(asked - seen))
    return f"train.json has no picture of {missing}: it cannot be learned" if missing else None
