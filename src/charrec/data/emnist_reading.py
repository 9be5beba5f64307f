"""EMNIST's pictures, upright, in the size of all others, with letters of our alphabet."""

from __future__ import annotations

import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from PIL import Image

from charrec.data.emnist import (
    CLASSES,
    PARTS,
    check_emnist,
    files,
    letters_by_label,
    problems,
)
from charrec.data.letters import SPLITS
from charrec.data.pictures import Grey, in_chunks, square
from charrec.data.reading import Letters
from charrec.data.settings import DataSettings
from charrec.data.splitting import share_out
from charrec.errors import UserError


class _Some(NamedTuple):
    """Pictures of a part: those at `places`."""

    stored: Grey  # (n, 28, 28), rows and columns exchanged
    places: NDArray[np.int64]
    letters: str
    names: list[str]

    def at(self, which: list[int]) -> _Some:
        letters = "".join(self.letters[i] for i in which)
        return _Some(self.stored, self.places[which], letters, [self.names[i] for i in which])


def read_emnist(data: DataSettings) -> Letters:
    """The pictures of the alphabet's letters; how many others there are is a warning.

    Validation is drawn from the training part: of each letter the same share.

    Raises:
        UserError: it is not there, not whole, not of the alphabet, or cannot be downloaded.
    """
    check_emnist(data)
    if next(problems(data), None):
        _download(data)
    left_out: Counter[str] = Counter()
    train, test = (_part(data, part, left_out) for part in PARTS)
    shares = {"train": 1 - data.validation_share, "validation": data.validation_share}
    drawn = share_out(train.letters, train.names, shares, data.split_seed)
    some = {name: train.at([i for i, s in enumerate(drawn) if s == name]) for name in shares}
    some["test"] = test
    for split in SPLITS:
        if not some[split].names:
            raise UserError(
                f"data=emnist: nothing of data.alphabet={data.alphabet} is left for {split}; "
                "download it again, or take more letters"
            )
    if left_out:
        named = "".join(sorted(left_out))
        warnings.warn(
            f"data=emnist: {left_out.total():,} of its pictures are of {named}, which is not in "
            "data.alphabet: left out",
            stacklevel=4,
        )
    return Letters(
        {split: some[split].names for split in SPLITS},
        {split: some[split].letters for split in SPLITS},
        _upright([some[split] for split in SPLITS], data.image_size),
    )


def _download(data: DataSettings) -> None:
    """One process at a time; what is damaged is unpacked again."""
    from torchvision.datasets import EMNIST

    folder = data.folder
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        for part in PARTS:
            if next(problems(data, (part,)), None):
                try:
                    with _set_aside(files(data, part)):
                        EMNIST(folder, data.split, train=part == "train", download=True)
                except (OSError, RuntimeError, zipfile.BadZipFile) as error:
                    raise UserError(
                        f"data=emnist could not be downloaded to {folder}: "
                        f"{' '.join(str(error).split())}\ntry again, or put the files of its "
                        "gzip.zip, unpacked, into EMNIST/raw/ there"
                    ) from error


@contextmanager
def _set_aside(paths: Iterable[Path]) -> Iterator[None]:
    """torchvision takes any file for a whole one; where it fails, the files are put back."""
    kept = {path: path.with_name(f"{path.name}.before") for path in paths if path.exists()}
    for path, aside in kept.items():
        path.replace(aside)
    try:
        yield
    except BaseException:
        for path, aside in kept.items():
            aside.replace(path)
        raise
    for aside in kept.values():
        aside.unlink()


def _part(data: DataSettings, part: str, left_out: Counter[str]) -> _Some:
    from torchvision.datasets import EMNIST

    dataset = EMNIST(data.folder, data.split, train=part == "train")
    labels: NDArray[np.int64] = dataset.targets.numpy()
    classes = CLASSES[data.split]
    if labels.max() >= len(classes) or "" in {classes[label] for label in np.unique(labels)}:
        raise UserError(f"data=emnist: {part} has a label that is of no class; download it again")
    meant = np.array([letter or "" for letter in letters_by_label(data)])[labels]
    left_out.update(classes[label] for label in labels[meant == ""])
    places = np.flatnonzero(meant != "")
    names = [f"{part}/{place}" for place in places.tolist()]
    return _Some(dataset.data.numpy(), places, "".join(meant[places]), names)


def _upright(some: list[_Some], image_size: int) -> Grey:
    """All of them, (N, 1, image_size, image_size), made as any other picture is."""
    images = np.empty((sum(len(one.names) for one in some), 1, image_size, image_size), np.uint8)
    start = 0
    for one in some:
        out = images[start : start + len(one.names)]
        start += len(one.names)

        def turn(chunk: slice, one: _Some = one, out: Grey = out) -> None:
            for image, place in zip(out[chunk], one.places[chunk], strict=True):
                image[0] = square(Image.fromarray(one.stored[place].T), image_size)

        in_chunks(turn, len(one.names))
    return images
