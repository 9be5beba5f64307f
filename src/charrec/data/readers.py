"""The kinds of letters, by the name in data=KIND: how each is read."""

from __future__ import annotations

from collections.abc import Callable

from charrec.data.emnist_reading import read_emnist
from charrec.data.reading import Letters, read_files
from charrec.data.settings import DataSettings

READERS: dict[str, Callable[[DataSettings], Letters]] = {
    "lists": read_files,
    "folders": read_files,
    "emnist": read_emnist,
}


def read_letters(data: DataSettings) -> Letters:
    """Names, letters and pixels of all three splits.

    Raises:
        UserError: the letters are not there, or something is wrong with them.
    """
    return READERS[data.kind](data)
