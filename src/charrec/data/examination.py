"""A folder of letters, examined to the end: nothing that is wrong stops the search for more.

::

    from charrec.data.examination import examine

    examination = examine("my_letters")
    examination.verdict  # "refused" (by training), "warned" (of something else) or "good"
    examination.cases["leak"]  # the same picture in two splits

Nothing here needs torch.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from charrec.data.duplicates import alike_pairs
from charrec.data.equals import groups_of_equals, joined
from charrec.data.findings import KINDS, Case, Examination, Place
from charrec.data.folders import CALLED, listing, splits_of
from charrec.data.kinds import folder_of_pictures
from charrec.data.letters import (
    SPLITS,
    file_problems,
    letter_of,
    load_list,
    shown,
    without_pictures,
)
from charrec.data.pictures import Grey
from charrec.data.settings import DataSettings
from charrec.data.survey import Seen, survey
from charrec.errors import UserError

Cases = dict[str, list[Case]]
Files = dict[str, list[Place]]  # each picture's file, and where it is listed


def examine(
    root: str | Path | None = None,
    alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    image_size: int = 32,
    **which: Any,
) -> Examination:
    """Examine the pictures of a folder of letters, and its lists or letters' folders.

    Args:
        root: folder with ``images/`` and the three lists; None means the embedded letters.
        alphabet: the letters that labels may mean, as in training.
        image_size: pixels a side that training makes of each picture: what is the same then is
            found, too.
        which: the other fields of `DataSettings`: ``kind="folders"``, say.

    Raises:
        UserError: there is no such folder, or no ``images/`` in it; no tree of letters, or one
            that cannot be shared out.
    """
    data = DataSettings(root, image_size, alphabet, **which)
    cases: Cases = {kind: [] for kind in KINDS}
    images = folder_of_pictures(data)
    called, stand = LISTINGS[data.kind]
    places = stand(data, images, cases)
    files = _files(images, called, places, cases)
    seen, small = survey([str(images / name) for name in files], image_size)
    _judge_pictures(list(files.values()), seen, small, cases)
    _judge_letters(places, alphabet, cases)
    if data.kind == "lists":
        cases["unlisted"] = list(_unlisted(images, {place.name for place in places} | files.keys()))
    counts = {split: Counter(p.letter for p in places if p.split == split) for split in SPLITS}
    about = tuple(picture.about for picture in seen if isinstance(picture, Seen))
    return Examination(str(data.folder), alphabet, image_size, counts, about, cases)


def _in_lists(data: DataSettings, images: Path, cases: Cases) -> list[Place]:
    return [p for split in SPLITS for p in _listed(data.folder, split, data.alphabet, cases)]


def _in_folders(data: DataSettings, root: Path, cases: Cases) -> list[Place]:
    """What is of no letter is in no split either."""
    found = listing(root, data.alphabet)
    for one in found:
        if one.letter is None:
            problem = "a folder of no letter" if one.folder else "in no letter's folder"
            cases["label"].append(Case((Place(one.split, one.name, None),), problem))
    if not found:
        cases["label"].append(Case((), f"{data.folder} holds no pictures in folders"))
    good = [one for one in found if one.letter is not None]
    splits = splits_of(good, data) if good else []
    return [Place(s, one.name, one.letter) for s, one in zip(splits, good, strict=True)]


# What messages call the folder of the pictures, and where each stands.
LISTINGS: dict[str, tuple[str, Callable[[DataSettings, Path, Cases], list[Place]]]] = {
    "lists": ("images/", _in_lists),
    "folders": (CALLED, _in_folders),
}


def _listed(folder: Path, split: str, alphabet: str, cases: Cases) -> list[Place]:
    try:
        entries, twins = load_list(folder / f"{split}.json")
    except UserError as error:
        cases["list"].append(Case((), str(error)))
        return []
    places = [Place(split, name, letter_of(label, alphabet)) for name, label in entries.items()]
    cases["twins"] += [Case((Place(split, name, None),), "") for name in twins]
    cases["label"] += [Case((p,), shown(entries[p.name])) for p in places if p.letter is None]
    return places


def _files(images: Path, called: str, places: Sequence[Place], cases: Cases) -> Files:
    """The files that can be opened; what else is named are cases."""
    files: Files = {}
    problems = file_problems(images, (place.name for place in places), called)
    for place, problem in zip(places, problems, strict=True):
        if problem:
            cases["file"].append(Case((place,), problem))
        else:
            files.setdefault(_plain_name(images, place.name), []).append(place)
    return files


def _plain_name(images: Path, name: str) -> str:
    """``a.png`` for ``sub/../a.png``: one name a file."""
    if os.path.normpath(name) == name:
        return name
    return os.path.relpath(os.path.realpath(images / name), images)


def _judge_pictures(
    files: Sequence[list[Place]], seen: Sequence[Seen | str], small: Grey, cases: Cases
) -> None:
    for places, picture in zip(files, seen, strict=True):
        if isinstance(picture, str):
            cases["broken"].append(Case(tuple(places), picture))
        if len(places) > 1:
            _judge_same(places, "the same file", cases)
    good = [number for number, picture in enumerate(seen) if isinstance(picture, Seen)]
    pictures = [picture for picture in seen if isinstance(picture, Seen)]
    sizes = sorted({picture.about[2:] for picture in pictures}, key=np.prod)
    if len(sizes) > 1:
        smallest, largest = sizes[0], sizes[-1]
        cases["sizes"].append(Case((), "{} x {} to {} x {}".format(*smallest, *largest)))
    for group, how in _same(pictures, small[good]):
        places = [place for member in group for place in files[good[member]]]
        _judge_same(places, how, cases)


def _same(pictures: Sequence[Seen], small: Grey) -> Iterator[tuple[list[int], str]]:
    """Groups of pictures that are the same, and how much so."""
    _, contents = np.unique([p.contents for p in pictures], return_inverse=True)
    _, pixels = np.unique([p.pixels for p in pictures], return_inverse=True)
    _, first = np.unique(pixels, return_index=True)  # one of each is enough to look for others
    sizes = np.array([p.about[2:] for p in pictures], dtype=np.int64).reshape(-1, 2)
    loss = np.array([p.loss for p in pictures], dtype=np.float32)
    alike = first[alike_pairs(small[first], sizes[first], loss[first])]
    for group in joined(len(pictures), chain(groups_of_equals(pixels), alike)):
        if len(set(contents[group])) == 1:
            yield group, "the same bytes"
        else:
            yield group, "the same pixels" if len(set(pixels[group])) == 1 else "alike"


def _judge_same(places: Sequence[Place], how: str, cases: Cases) -> None:
    """One picture that stands in several places."""
    case, known = Case(tuple(places), how), [p.letter for p in places if p.letter]
    if len(set(known)) > 1:
        letters = ", ".join(f"{letter} {n}" for letter, n in Counter(known).items())
        cases["contradiction"].append(Case(case.places, f"{how}, {letters}"))
    crossing = len({place.split for place in places}) > 1
    cases["leak" if crossing else "repeat"].append(case)


def _judge_letters(places: Sequence[Place], alphabet: str, cases: Cases) -> None:
    held = {split: {p.letter for p in places if p.split == split} for split in SPLITS}
    lists = [split for split in SPLITS if held[split]]  # of one that is broken nothing is known
    lacks = without_pictures({split: held[split] for split in lists}, alphabet)
    for letter in alphabet:
        without = [split for split in lists if letter in lacks[split]]
        if "train" in without and len(without) < len(lists):
            cases["unseen"].append(Case((), letter))
        if without:
            cases["absent"].append(Case((), f"{letter}, {' and '.join(without)}"))


def _unlisted(images: Path, named: set[str]) -> Iterator[Case]:
    names = [name for name in _names_in(images) if name not in named]
    for name, problem in zip(names, file_problems(images, names), strict=True):
        yield Case((Place(None, name, None),), problem or "")


def _names_in(images: Path) -> Iterator[str]:
    """Every file in a folder, by its name from there; links to folders are not followed."""
    folders = [""]
    while folders:
        inside = folders.pop()
        try:
            entries = sorted(os.scandir(images / inside), key=lambda entry: entry.name)
        except OSError:  # may not be read
            continue
        for entry in entries:
            name = os.path.join(inside, entry.name)
            if entry.is_dir(follow_symlinks=False):
                folders.append(name)
            elif not entry.is_dir():
                yield name
