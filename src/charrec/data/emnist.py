"""EMNIST, 800,000 handwritten letters and digits: which there are, and whether its files are whole.

torchvision keeps them unpacked in ``ROOT/EMNIST/raw/``: for each split and part (train, test)
``emnist-SPLIT-PART-images-idx3-ubyte``, which is four whole numbers of 4 bytes, the largest first
(2051, N, 28, 28), and the pixels, and ``...-labels-idx1-ubyte``, two numbers (2049, N) and the
labels. It asks whether they are there and not whether they are whole. That is asked here, before
torch is loaded.

Cohen, Afshar, Tapson and van Schaik, "EMNIST: extending MNIST to handwritten letters" (2017).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

from charrec.data.letters import letter_of
from charrec.data.settings import DataSettings
from charrec.errors import UserError
from charrec.ordinary import open_ordinary

SIDE = 28  # pixels
PARTS = ("train", "test")
MERGED = digits + ascii_uppercase + "abdefghnqrt"  # letters alike in both cases are capitals
CLASSES: dict[str, tuple[str, ...]] = {  # the character of each label from 0
    "letters": ("", *ascii_lowercase),  # both cases in one; no label is 0
    "balanced": tuple(MERGED),
    "byclass": tuple(digits + ascii_uppercase + ascii_lowercase),
    "bymerge": tuple(MERGED),
    "digits": tuple(digits),
    "mnist": tuple(digits),
}
FORMATS = {"images-idx3-ubyte": (2051, SIDE, SIDE), "labels-idx1-ubyte": (2049,)}
LARGEST = 2**30  # bytes; the largest file has 547 million


def check_emnist(data: DataSettings) -> None:
    """Whether it can be read, as far as that can be told at once.

    Raises:
        UserError: no letter of it is one of the alphabet, or it is not there, or not whole, and
            is not to be downloaded.
    """
    letters_by_label(data)
    problem = None if data.download else next(problems(data), None)
    if problem:
        command = data.command("train", "data.download=true")
        raise UserError(f"data=emnist: {problem}\n{command} downloads it (0.6 GB, unpacked 2.4)")


def letters_by_label(data: DataSettings) -> list[str | None]:
    """The letter of the alphabet that each label means, or None.

    Raises:
        UserError: none means any, or one means two.
    """
    both = [c for c in data.alphabet if c in ascii_letters and c.swapcase() in data.alphabet]
    if data.split == "letters" and both:
        raise UserError(
            f"data.split=letters has {both[0]} and {both[0].swapcase()} in one class, and "
            "data.alphabet has both; take data.split=byclass"
        )
    letters = [letter_of(name, data.alphabet) for name in CLASSES[data.split]]
    if not any(letters):
        there = "".join(CLASSES[data.split])
        raise UserError(
            f"data.split={data.split} has nothing of data.alphabet={data.alphabet}; it has {there}"
        )
    return letters


def problems(data: DataSettings, parts: tuple[str, ...] = PARTS) -> Iterator[str]:
    """What is wrong with the files of a split, found without reading them."""
    for part in parts:
        counts = set()
        for path, (magic, *sides) in files(data, part).items():
            try:
                count = _count(path, magic, sides)
            except FileNotFoundError:
                yield f"{path} is not there"
            except (OSError, ValueError, struct.error) as error:
                yield f"{path} cannot be read: {error}"
            else:
                counts.add(count)
        if len(counts) > 1:
            yield f"{path} is of other pictures than the file beside it"


def files(data: DataSettings, part: str) -> dict[Path, tuple[int, ...]]:
    """Each file of a part, and the numbers that it begins with, but for that of the pictures."""
    raw = data.folder / "EMNIST" / "raw"
    return {raw / f"emnist-{data.split}-{part}-{kind}": head for kind, head in FORMATS.items()}


def _count(path: Path, magic: int, sides: list[int]) -> int:
    """How many pictures or labels a file says that it holds, and does hold."""
    numbers = struct.Struct(f">{2 + len(sides)}I")
    with open_ordinary(path, LARGEST) as file:
        size = os.fstat(file.fileno()).st_size
        kind, count, *there = numbers.unpack(file.read(numbers.size))
    bytes_each = SIDE * SIDE if sides else 1
    if (kind, there) != (magic, sides) or not count:
        raise ValueError("it begins with other numbers than EMNIST's")
    if size != numbers.size + count * bytes_each:
        raise ValueError("it is cut off, or has too much")
    return int(count)
