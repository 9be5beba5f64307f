"""Small files in EMNIST's own format."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from conftest import draw_letter
from numpy.typing import NDArray

from charrec.data.emnist import CLASSES


def pixels(character: str, seed: int) -> NDArray[np.uint8]:
    return np.asarray(draw_letter(character, seed))


def idx(values: NDArray[np.uint8]) -> bytes:
    """As the files of MNIST hold it: kind and number of axes, the axes, the bytes."""
    return struct.pack(f">{1 + values.ndim}I", 2048 + values.ndim, *values.shape) + values.tobytes()


def write(root: Path, split: str = "letters", train: int = 20, test: int = 5) -> Path:
    """So many pictures of each class, one class after the other, rows and columns exchanged."""
    raw = root / "EMNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    labels = [label for label, name in enumerate(CLASSES[split]) if name]
    for part, count in (("train", train), ("test", test)):
        first = 0 if part == "train" else 1000
        pictures = [
            pixels(CLASSES[split][label], first + i).T for i in range(count) for label in labels
        ]
        stem = f"emnist-{split}-{part}"
        (raw / f"{stem}-images-idx3-ubyte").write_bytes(idx(np.stack(pictures)))
        named = np.array(labels * count, dtype=np.uint8)
        (raw / f"{stem}-labels-idx1-ubyte").write_bytes(idx(named))
    return root
