"""A tree with a folder for each letter, ``A/``, ``B/`` and so on, in which its pictures are.

The tree has folders for the splits, ``train/A/``, ``validation/A/`` (or ``val``, ``valid``) and
``test/A/``, or it has none, ``A/``. A split without pictures of its own is drawn from those of
train, or of the whole tree; `data.group` keeps together there what belongs together. Names are
those from the root, with slashes.

Nothing heavy is imported here, so that a wrong folder is told before torch is loaded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from charrec.data.formats import SUFFIXES
from charrec.data.letters import SPLITS, Picture, file_problems, letter_of, shown, summarise
from charrec.data.settings import DataSettings
from charrec.data.splitting import share_out
from charrec.errors import UserError, printable

SPLIT_FOLDERS = {  # in small letters -> split
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "test": "test",
}
NOT_MEANT = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir"}  # in small letters
CALLED = "data.root"
CURE = "mend the files, or take them out of the folder"


class Found(NamedTuple):
    """A file in the tree, or a folder that holds files and is no letter."""

    name: str  # from the root; of a folder with a slash behind it
    inside: str  # from its letter's folder
    split: str | None  # None: to be drawn
    folder: str  # what should be a letter; "" for a file that is in no such folder
    letter: str | None


def find_in_folders(data: DataSettings) -> dict[str, list[Picture]]:
    """The pictures of each split, by name.

    Raises:
        UserError: no such tree, folders that are no letter, files that cannot be used, all of
            them counted; or pictures that cannot be shared out.
    """
    root = tree(data.folder)
    found = listing(root, data.alphabet)
    _refuse_what_is_no_letter(found, data)
    _refuse_bad_files(root, found, data)
    pictures: dict[str, list[Picture]] = {split: [] for split in SPLITS}
    for one, split in zip(found, splits_of(found, data), strict=True):
        if one.letter is not None:
            pictures[split].append(Picture(one.name, root, one.letter))
    return pictures


def tree(root: Path) -> Path:
    """The root with no links in its path.

    Raises:
        UserError: there is no such folder, or it is a folder of lists.
    """
    if not os.path.isdir(root):
        raise UserError(f"data.root={root}: no such folder; name one that holds A/, B/ and so on")
    if (root / "images").is_dir() and (root / "train.json").is_file():
        raise UserError(f"data.root={root} holds images/ and lists: it is read with data=lists")
    return Path(os.path.realpath(root))


def listing(root: Path, alphabet: str) -> list[Found]:
    """Every file that could be meant, whatever is wrong with it, sorted by name.

    Raises:
        UserError: folders of splits and others beside each other, or with nothing in them.
    """
    tops = _folders_of_splits(root) or {None: ""}
    below = {top: list(_below(root, split, top, alphabet)) for split, top in tops.items()}
    _refuse_empty(root, [top for top, found in below.items() if top and not found])
    return sorted(chain.from_iterable(below.values()), key=attrgetter("name"))


def split_folders(root: Path) -> dict[str, str]:
    """Split -> the name of its folder, so far as one can see; empty where the tree has none."""
    try:
        names = [entry.name for entry in _entries(root) if entry.is_dir()]
    except (OSError, ValueError):  # gone, say, or a name that no folder can have
        return {}
    return {SPLIT_FOLDERS[n.lower()]: n for n in names if n.lower() in SPLIT_FOLDERS}


def _folders_of_splits(root: Path) -> dict[str | None, str]:
    """Split -> the name of its folder and a slash; empty where the tree has none."""
    names = [entry.name for entry in _entries(root) if entry.is_dir()]
    ours = [name for name in names if name.lower() in SPLIT_FOLDERS]
    found: dict[str | None, str] = {SPLIT_FOLDERS[name.lower()]: f"{name}/" for name in ours}
    if not ours:
        return {}
    if "train" not in found:
        cure = f"test on it with data.root={root / ours[0]} data.test_share=1"
        raise UserError(f"data.root={root} has {ours[0]}/ and no train/; add it, or {cure}")
    if len(found) < len(ours):
        raise UserError(f"data.root={root} has {', '.join(ours)}: a split has one folder")
    if len(ours) < len(names):
        others = [shown(name) for name in names if name not in ours]
        problem = summarise(others, len(names), "folders are no split")
        raise UserError(
            f"data.root={root}: {problem}\nbeside train/ there are validation/ and test/ alone"
        )
    return found


def _refuse_empty(root: Path, tops: Sequence[str]) -> None:
    """A copy that failed leaves such folders: nobody means a split to be drawn in their place."""
    if tops:
        raise UserError(
            f"data.root={root}: no pictures in {', '.join(tops)}; put pictures into it or remove it"
        )


def _below(root: Path, split: str | None, top: str, alphabet: str) -> Iterator[Found]:
    for entry in _entries(root / top):
        name, folder = top + entry.name, normalize("NFC", entry.name)  # macOS takes é apart
        if entry.is_dir(follow_symlinks=False):
            letter, files = letter_of(folder, alphabet), _files_in(entry.path)
            if letter is not None:
                yield from (Found(f"{name}/{f}", f, split, folder, letter) for f in files)
            elif next(files, None):  # no more of it: somebody may have named their home
                yield Found(f"{name}/", "", split, folder, None)
        elif entry.is_dir():  # a link: refused with the files
            yield Found(name, "", split, folder, letter_of(folder, alphabet))
        elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
            yield Found(name, "", split, "", None)


def _files_in(folder: str) -> Iterator[str]:
    """Every file in a folder, by its name from there; a link to a folder counts as a file."""
    tops = [""]
    while tops:
        top = tops.pop()
        for entry in _entries(os.path.join(folder, top)):
            if entry.is_dir(follow_symlinks=False):
                tops.append(f"{top}{entry.name}/")
            else:
                yield top + entry.name


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    """By name, without what is hidden, and what file managers leave behind."""
    with os.scandir(folder) as entries:
        meant = [e for e in entries if e.name[0] != "." and e.name.lower() not in NOT_MEANT]
    return sorted(meant, key=attrgetter("name"))


def _refuse_what_is_no_letter(found: Sequence[Found], data: DataSettings) -> None:
    stray = [shown(one.name) for one in found if not one.folder]
    if stray:
        problem = summarise(stray, len(found), "pictures are in no letter's folder")
        raise UserError(f"data.root={data.folder}: {problem}\nmove them into one: A/, say")
    folders = {one.folder: one.letter for one in found}
    odd = [shown(folder) for folder, letter in folders.items() if letter is None]
    if odd:
        problem = summarise(odd, len(folders), f"folders are no letter of {data.alphabet}")
        raise UserError(
            f"data.root={data.folder}: {problem}\n"
            "call each by its letter, or set data.alphabet to all that are there"
        )
    if not found:
        raise UserError(
            f"data.root={data.folder} holds no pictures in folders; each letter has its own: A/, B/"
        )


def _refuse_bad_files(root: Path, found: Sequence[Found], data: DataSettings) -> None:
    names = [one.name for one in found]
    problems = zip(names, file_problems(root, names, CALLED), strict=True)
    bad = [f"{shown(name)} {problem}" for name, problem in problems if problem]
    if bad:
        problem = summarise(bad, len(found), "pictures cannot be used")
        raise UserError(f"data.root={data.folder}: {problem}\n{CURE}")


def splits_of(found: Sequence[Found], data: DataSettings) -> list[str]:
    """The split of each: that of its folder, or the one that is drawn.

    Raises:
        UserError: too few to share out, no group in a name, or a group in two splits.
    """
    groups = _groups_of(found, data)
    splits = [one.split or "" for one in found]
    shares = _shares({one.split for one in found}, data)
    pool = [i for i, one in enumerate(found) if one.split in (None, "train")]
    if list(shares) != ["train"]:
        _refuse_too_few(len({groups[i] for i in pool}), shares, data)
        letters = [found[i].letter or "?" for i in pool]
        drawn = share_out(letters, [groups[i] for i in pool], shares, data.split_seed)
        for i, split in zip(pool, drawn, strict=True):
            splits[i] = split
    if data.group is not None:
        _refuse_torn(groups, splits, data)
    return splits


def _shares(there: set[str | None], data: DataSettings) -> dict[str, float]:
    """What is drawn of the pictures of train, or of the whole tree."""
    if "test" not in there and data.test_share == 1:
        return {"test": 1.0}
    all_of_them = {"validation": data.validation_share, "test": data.test_share}
    drawn = {split: share for split, share in all_of_them.items() if split not in there}
    return {"train": 1 - sum(drawn.values()), **drawn}


def _groups_of(found: Sequence[Found], data: DataSettings) -> list[str]:
    """By `data.group`; without it each picture is a group of its own."""
    if data.group is None:
        return [one.name for one in found]
    matches = [re.search(data.group, one.inside) for one in found]
    groups = [match[1] or "" if match else "" for match in matches]
    without = [shown(one.name) for one, group in zip(found, groups, strict=True) if not group]
    if without:
        problem = summarise(without, len(found), "names have no such group")
        raise UserError(
            f"data.group={data.group}: {problem}\n"
            "what it looks at begins behind the letter's folder; change it, or leave it out"
        )
    return groups


def _refuse_too_few(count: int, shares: Mapping[str, float], data: DataSettings) -> None:
    if count < len(shares):
        what = "pictures" if data.group is None else f"groups of data.group={data.group}"
        raise UserError(
            f"data.root={data.folder}: {count:,} {what} cannot be shared out to "
            f"{', '.join(shares)}; add some"
        )


def _refuse_torn(groups: Sequence[str], splits: Sequence[str], data: DataSettings) -> None:
    homes: dict[str, str] = {}
    torn = [
        g for g, split in zip(groups, splits, strict=True) if homes.setdefault(g, split) != split
    ]
    if torn:
        named = [shown(group) for group in dict.fromkeys(torn)]
        problem = summarise(named, len(homes), f"groups of {data.group} are in two splits")
        raise UserError(
            f"data.root={data.folder}: {printable(problem)}\n"
            "move the pictures of each to one of them, or leave data.group out"
        )
