"""What the first layer is given of training pictures: deformed for the step, then normalised."""

from __future__ import annotations

import torch
from torch import Tensor

from charrec.augment import AugmentSettings
from charrec.deformations import Chance, Deformations
from charrec.normalisation import NORMALISATIONS, working_type


class Inputs:
    """For the pictures of a step, with random numbers that follow from seed, epoch and step.

    So a step that is taken once more, after a resume, say, sees the same pictures. Of several
    processes each deforms its own, with random numbers of its own.
    """

    def __init__(
        self,
        normalisation: str,
        strengths: AugmentSettings,
        seed: int,
        dtype: torch.dtype,
        rank: int = 0,
    ) -> None:
        self.normalisation = NORMALISATIONS[normalisation]
        self.plain = normalisation == "plain" and not strengths.deforms
        self.strengths, self.seed, self.dtype, self.rank = strengths, seed, dtype, rank
        self._deform: Deformations | None = None

    def frame(self, images: Tensor) -> Tensor:
        return self.normalisation.frame(images)

    def __call__(self, framed: Tensor, epoch: int, step: int) -> Tensor:
        """uint8 (B, 1, H, W) -> (B, H·W)."""
        with torch.autocast(framed.device.type, enabled=False):  # grids need all their digits
            grey = self.deformed(framed, epoch, step)
            return self.normalisation.values(grey).to(self.dtype).flatten(1)

    def deformed(self, framed: Tensor, epoch: int, step: int) -> Tensor:
        """Greys, in a copy that may be worked in: (B, 1, H, W).

        Of 0 .. 255, and where shading or noise is added or a rectangle painted also beyond.
        """
        grey = framed.to(working_type(self.dtype))
        if not self.strengths.deforms:
            return grey
        if self._deform is None:
            self._deform = Deformations(self.strengths, grey.shape[-1], grey.device)
        numbers = (self.seed, epoch, step, self.rank)
        pictures = grey.float()  # the digits of 32 bits are enough for where a pixel is fetched
        return self._deform(pictures, Chance(numbers, len(grey), grey.device)).to(grey.dtype)
