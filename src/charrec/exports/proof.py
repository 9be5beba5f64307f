"""Whether an exported network answers as charrec does, on real pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charrec.data.finding import find_pictures
from charrec.data.pictures import read_pictures
from charrec.ensembles import letters_at_any_size
from charrec.errors import UserError
from charrec.reading import Ensemble, read
from charrec.resources import embedded_letters
from charrec.run import Run

TOLERANCE = 1e-5  # of a probability
MOST = 500  # pictures: some seconds
FEW, MANY = (1, 7), 64  # pictures at a time
ON_THE_CPU = {"accelerator": "cpu", "devices": 1}
# uint8 (B, 1, H, W) -> probabilities (B, C), blank (B,)
Answer = Callable[[NDArray[np.uint8]], tuple[NDArray[Any], NDArray[np.bool_]]]


class Proof(NamedTuple):
    """On how many pictures it was tried, and how far probabilities are apart at most."""

    pictures: int
    difference: float


def pictures_of(run: Run, image_size: int) -> Tensor:
    """Validation and test letters of the run, the new pictures of the embedded set without them."""
    try:
        letters = letters_at_any_size(run.letters, quietly=True)(image_size)
    except UserError:  # they are elsewhere now
        paths = find_pictures(embedded_letters() / "new_images")
        return torch.from_numpy(read_pictures(paths, image_size)[0])
    images = torch.cat([letters.images[split].cpu() for split in ("validation", "test")])
    return images[:: max(1, len(images) // MOST)][:MOST]


def prove(answer: Answer, ensemble: Ensemble, images: Tensor) -> Proof:
    """Compare with what prediction says, for one picture at a time and for several.

    Raises:
        UserError: they are not the same.
    """
    images = torch.cat([images, torch.full_like(images[:1], 128)])  # the last one is blank
    expected = read(ensemble, lambda _: images, ON_THE_CPU)
    answers = [answer(part.numpy()) for part in _batches(images)]
    probabilities, blank = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    difference = float(np.abs(probabilities - expected.together).max())
    if not difference < TOLERANCE or (blank != expected.blank).any():  # nan is refused too
        raise UserError(
            f"the exported network answers otherwise than charrec (probabilities differ by up to "
            f"{difference:.1e}, {TOLERANCE:.0e} is allowed), so nothing was written; "
            "format=safetensors writes the weights alone"
        )
    return Proof(len(images), difference)


def _batches(images: Tensor) -> Iterator[Tensor]:
    start = 0
    for count in FEW:
        yield images[start : start + count]
        start += count
    yield from images[start:].split(MANY)
