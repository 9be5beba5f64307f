"""Training pictures deformed anew each time they are seen, a whole batch at once.

What a plain network knows of shifted, slanted or badly lit letters it has to have seen; so each
picture is drawn anew for each step (Cireşan, Meier, Gambardella and Schmidhuber, 2010; elastic
fields after Simard, Steinkraus and Platt, 2003). A letter stays the letter that it is: the picture
as a whole is never mirrored, and rotations are small. An elastic field may fold a picture over, and
what lies in the fold is mirrored: of 10,000 pictures none at ``elastic=0.1`` and 8 % at 0.2, the
most that is allowed, in 1 % of their area on average; with ``augment=light`` none, with
``augment=strong`` 2 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charrec.augment import AugmentSettings
from charrec.resampling import fetched, pixel_places

ELASTIC_POINTS = 5  # along a side: as many displacements are drawn, and the field between is smooth
WHITE = 255.0


class Chance:
    """Random numbers for one batch of `count` pictures, the same wherever the run is gone on with.

    They follow from whole numbers alone: the run's seed, the epoch, the step.
    """

    def __init__(self, numbers: Sequence[int], count: int, device: torch.device) -> None:
        # NumPy mixes them; a torch.Generator for the CPU keeps only the lower 32 bits.
        mixed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint32)[0])
        generator = torch.Generator(device).manual_seed(mixed)
        self.count = count
        # Of 32 bits whatever Lightning has made the default.
        self._alike: dict[str, Any] = {
            "generator": generator,
            "device": device,
            "dtype": torch.float32,
        }

    def uniform(self, *shape: int) -> Tensor:
        """(count, *shape) in 0 .. 1."""
        return torch.rand(self.count, *shape, **self._alike)

    def normal(self, *shape: int) -> Tensor:
        """(count, *shape), N(0, 1)."""
        return torch.randn(self.count, *shape, **self._alike)

    def within(self, reach: float, *shape: int) -> Tensor:
        """(count, *shape) in -reach .. reach."""
        return self.uniform(*shape).sub_(0.5).mul_(2 * reach)


class Deformations:
    """Deforms grey pictures (B, 1, H, W), 0 .. 255, as far as `strengths` allow.

    It works in the memory that it is given. A kind whose strength is 0 costs nothing.
    """

    def __init__(self, strengths: AugmentSettings, image_size: int, device: torch.device) -> None:
        self.strengths, self.device = strengths, device
        self.along = pixel_places(image_size, device, torch.float32)
        self.fields = self._fields()
        kinds: list[tuple[Sequence[str], Callable[[Tensor, Chance], Tensor]]] = [
            (MOVING, self._move),
            (("contrast",), self._bend_greys),
            (("blur",), self._blur),
            (("shading",), self._shade),
            (("noise",), self._add_noise),
            (("erasing",), self._erase),
            (("inversion",), self._invert),
        ]
        self.kinds = [
            kind for names, kind in kinds if any(getattr(strengths, name) for name in names)
        ]

    def __call__(self, grey: Tensor, chance: Chance) -> Tensor:
        for kind in self.kinds:
            grey = kind(grey, chance)
        return grey

    # Where each pixel is fetched from: a sum of fields over the picture, x, y and 1 for affine
    # maps, smooth hills for elastic ones, so that all grids of a batch are one matrix product.

    def _fields(self) -> Tensor:
        """(3 + points², H·W): x, y and 1, then a hill around each elastic point, adding up to 1."""
        y, x = torch.meshgrid(self.along, self.along, indexing="ij")  # (H, W) each
        points = torch.linspace(-1, 1, ELASTIC_POINTS).to(self.along)
        distance = (self.along[:, None] - points) * (ELASTIC_POINTS - 1)  # (H, points)
        hill = torch.softmax(-distance.square() / 2, dim=1)
        hills = torch.einsum("yi,xj->ijyx", hill, hill)
        return torch.stack([x, y, torch.ones_like(x), *hills.flatten(0, 1)]).flatten(1)

    def _move(self, grey: Tensor, chance: Chance) -> Tensor:
        """Rotation, scale, stretch, shear, shift, perspective and elastic field in one go."""
        count, _, height, width = grey.shape
        places = torch.matmul(self._coefficients(chance), self.fields)  # (B, 3, H·W): x, y, depth
        grid = (places[:, :2] / places[:, 2:]).transpose(1, 2)  # (B, H·W, 2)
        return fetched(grey, grid.reshape(count, height, width, 2))

    def _coefficients(self, chance: Chance) -> Tensor:
        """(B, 3, 3 + points²): how much of each field is in x, in y and in the depth."""
        most, count = self.strengths, chance.count
        angle = chance.within(math.radians(most.rotation))
        size = chance.within(most.scale).exp()
        stretch = chance.within(most.stretch).exp()
        across, down, slant = size * stretch, size / stretch, chance.within(most.shear)
        cos, sin = angle.cos(), angle.sin()
        found = self.fields.new_zeros(count, 3, len(self.fields))
        found[:, 0, 0], found[:, 0, 1] = cos * across, cos * slant - sin * down
        found[:, 1, 0], found[:, 1, 1] = sin * across, sin * slant + cos * down
        found[:, :2, 2] = chance.within(most.translation, 2)
        found[:, 2, :2] = chance.within(most.perspective, 2)
        found[:, 2, 2] = 1
        if most.elastic:
            hills = chance.normal(2, ELASTIC_POINTS**2)
            found[:, :2, 3:] = hills * (most.elastic * chance.uniform(1, 1))
        return found

    def _bend_greys(self, grey: Tensor, chance: Chance) -> Tensor:
        """Gamma between a picture's darkest and lightest grey: 0.7 lightens, 1.4 darkens."""
        darkest, lightest = grey.amin((2, 3), keepdim=True), grey.amax((2, 3), keepdim=True)
        span = lightest - darkest + 1e-3
        gamma = chance.within(self.strengths.contrast, 1, 1, 1).exp()
        return grey.sub_(darkest).div_(span).clamp_(min=1e-6).pow_(gamma).mul_(span).add_(darkest)

    def _blur(self, grey: Tensor, chance: Chance) -> Tensor:
        """Half of the pictures, each as a product with a band of its own on either side."""
        sigma = chance.uniform(1, 1) * (chance.uniform(1, 1) < 0.5) * self.strengths.blur
        sigma = sigma.clamp_(min=0.05) * 2 / len(self.along)  # pixels -> -1 .. 1
        distance = self.along[:, None] - self.along
        band = torch.softmax(distance.square() / (-2 * sigma.square()), dim=2)[:, None]
        return band @ grey @ band.transpose(2, 3)  # (B, 1, H, W)

    def _shade(self, grey: Tensor, chance: Chance) -> Tensor:
        """Light that falls from one side."""
        slope = chance.within(self.strengths.shading, 2, 1, 1) * _spread(grey)
        return grey.add_(slope[:, :1] * self.along).add_(slope[:, 1:] * self.along[:, None])

    def _add_noise(self, grey: Tensor, chance: Chance) -> Tensor:
        much = chance.uniform(1, 1, 1) * self.strengths.noise * _spread(grey)
        return grey.addcmul_(chance.normal(*grey.shape[1:]), much)

    def _erase(self, grey: Tensor, chance: Chance) -> Tensor:
        """A rectangle, up to half as wide and high as the picture, in one grey."""
        reach, centre = chance.uniform(2, 1) / 2, chance.within(1, 2, 1)
        inside = (self.along - centre).abs() < reach  # (B, 2, H)
        inside &= chance.uniform(1, 1) < self.strengths.erasing
        rectangle = inside[:, 1:, :, None] & inside[:, :1, None, :]  # (B, 1, H, W)
        paint = grey.mean((2, 3), keepdim=True) + chance.within(1.5, 1, 1, 1) * _spread(grey)
        return torch.where(rectangle, paint, grey, out=grey)

    def _invert(self, grey: Tensor, chance: Chance) -> Tensor:
        turned = (chance.uniform(1, 1, 1) < self.strengths.inversion).to(grey.dtype)
        return grey.mul_(1 - 2 * turned).add_(turned * WHITE)


MOVING = ("rotation", "scale", "stretch", "shear", "translation", "perspective", "elastic")


def _spread(grey: Tensor) -> Tensor:
    """Standard deviation of each picture, (B, 1, 1, 1); `Tensor.std` takes five times as long."""
    mean, length = grey.mean((2, 3), keepdim=True), grey.shape[2:].numel()
    squares: Tensor = torch.linalg.vector_norm(grey, dim=(2, 3), keepdim=True).square_() / length
    return squares.sub_(mean.square_()).clamp_(min=0).sqrt_()
