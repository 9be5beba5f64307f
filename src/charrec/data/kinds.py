"""The kinds of letters, by the name in data=KIND: how each is found, and checked at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from charrec.data.emnist import check_emnist
from charrec.data.folders import find_in_folders, tree
from charrec.data.letters import Picture, images_folder, read_splits
from charrec.data.settings import DataSettings
from charrec.errors import UserError


def find_listed(data: DataSettings) -> dict[str, list[Picture]]:
    return read_splits(data.folder, data.alphabet)


FINDERS: dict[str, Callable[[DataSettings], dict[str, list[Picture]]]] = {  # pictures in files
    "lists": find_listed,
    "folders": find_in_folders,
}
ROOTS: dict[str, Callable[[Path], Path]] = {"lists": images_folder, "folders": tree}
CHECKS: dict[str, Callable[[DataSettings], object]] = {**FINDERS, "emnist": check_emnist}


def folder_of_pictures(data: DataSettings) -> Path:
    """The folder from which the names of pictures are, with no links in its path.

    Raises:
        UserError: it is not there, or the pictures of this kind are in no files.
    """
    if data.kind not in ROOTS:
        kinds = " and ".join(f"data={kind}" for kind in ROOTS)
        raise UserError(
            f"data={data.kind} cannot be checked: the pictures are in no files of their own; "
            f"check is for {kinds}"
        )
    return ROOTS[data.kind](data.folder)
