"""A deformed letter is still that letter: known again by laying undeformed ones over it.

All 26, each turned, shifted, scaled, slanted and stretched in 729 ways, are compared with what
became of a letter. That is no good reader, but a blind one: it was trained on nothing.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from string import ascii_uppercase

import numpy as np
import pytest
import torch
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from charrec.augment import AugmentSettings
from charrec.deformations import Chance, Deformations
from charrec.normalisation import ink
from charrec.resampling import mapped
from charrec.settings import augment_defaults

TIMES = 6  # that each letter is deformed
HAVE_NO_MIRROR_IMAGE = "CDEFGKLPS"  # among the 26, themselves included


@cache
def alphabet() -> Tensor:
    """(26, 1, 32, 32), dark on light."""
    font = ImageFont.truetype(findfont("DejaVu Sans:bold"), 26)
    pictures = []
    for letter in ascii_uppercase:
        picture = Image.new("L", (32, 32), 230)
        ImageDraw.Draw(picture).text((16, 16), letter, fill=30, font=font, anchor="mm")
        pictures.append(np.asarray(picture, dtype=np.float32))
    return torch.from_numpy(np.stack(pictures))[:, None]


def placements() -> Tensor:
    """(729, 2, 3): where a template's pixels come from."""
    found = []
    shifts, turns, sizes, slants, stretches = (
        (0.12 * n for n in (-1, 0, 1)),
        (15, 0, -15),
        (0.8, 1.0, 1.25),
        (-0.3, 0.0, 0.3),
        (-0.2, 0.0, 0.2),
    )
    places = tuple(shifts)
    for x, y, turn, size, slant, stretch in product(
        places, places, turns, sizes, slants, stretches
    ):
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        turned = size * np.array([[cos, -sin], [sin, cos]])
        shape = np.array([[1, slant], [0, 1]]) @ np.diag([math.exp(stretch), math.exp(-stretch)])
        found.append(np.column_stack([turned @ shape, [x, y]]))
    return torch.from_numpy(np.stack(found)).float()


def outlines(grey: Tensor) -> Tensor:
    """(N, 1, H, W) -> (N, H·W), so that a product of two is their correlation."""
    flat = ink(grey.clone()).flatten(1)
    flat = flat - flat.mean(dim=1, keepdim=True)
    return torch.nn.functional.normalize(flat)


@cache
def templates() -> Tensor:
    """(26, 729, H·W)."""
    ways = placements()
    return torch.stack(
        [outlines(mapped(letter.expand(len(ways), 1, 32, 32), ways)) for letter in alphabet()]
    )


def known_again(strengths: AugmentSettings, letters: Tensor) -> Tensor:
    """The share of its deformed pictures that are most like the letter itself, (26,)."""
    deform = Deformations(strengths, 32, torch.device("cpu"))
    right = []
    for time in range(TIMES):
        seen = outlines(deform(letters.clone(), Chance((1, time, 0, 0), 26, letters.device)))
        likeness = torch.einsum("nf,ltf->nlt", seen, templates()).amax(2)
        right.append(likeness.argmax(1) == torch.arange(26))
    return torch.stack(right).double().mean(0)


@pytest.mark.parametrize(("choice", "share"), [("none", 1.0), ("light", 0.92), ("strong", 0.82)])
def test_a_deformed_letter_is_known_again(choice: str, share: float) -> None:
    assert float(known_again(augment_defaults(choice), alphabet()).mean()) >= share


def test_a_letter_s_mirror_image_would_not_be() -> None:
    found = known_again(augment_defaults("strong"), alphabet().flip(3))
    for letter in HAVE_NO_MIRROR_IMAGE:
        assert found[ascii_uppercase.index(letter)] <= 0.2, letter


def test_what_deforms_too_much_is_found_out() -> None:
    too_much = AugmentSettings.recorded({"rotation": 30, "shear": 1, "scale": 0.8, "elastic": 0.5})
    assert float(known_again(too_much, alphabet()).mean()) < 0.6
