"""Pictures in files, whoever found them: names, letters and pixels of all three splits."""

from __future__ import annotations

from typing import NamedTuple

from charrec.data import folders
from charrec.data.cache import cached_pictures
from charrec.data.kinds import FINDERS
from charrec.data.letters import CURE, SPLITS
from charrec.data.pictures import Grey
from charrec.data.settings import DataSettings

CURES = {"lists": CURE, "folders": folders.CURE}  # of pictures that cannot be read


class Letters(NamedTuple):
    names: dict[str, list[str]]  # split -> of each of its pictures, in the order of SPLITS
    letters: dict[str, str]  # split -> one character for each
    images: Grey  # (N, 1, image_size, image_size), split behind split


def read_files(data: DataSettings) -> Letters:
    """Every picture is decoded, or has been before.

    Raises:
        UserError: from where they are found, or some cannot be decoded.
    """
    splits = FINDERS[data.kind](data)
    names = {split: [picture.name for picture in splits[split]] for split in SPLITS}
    letters = {split: "".join(picture.letter for picture in splits[split]) for split in SPLITS}
    paths = [picture.path for split in SPLITS for picture in splits[split]]
    del splits  # in memory at the same time as the pixels only what is needed
    images = cached_pictures(paths, data.image_size, str(data.folder), CURES[data.kind])
    return Letters(names, letters, images)
