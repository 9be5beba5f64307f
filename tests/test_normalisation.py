"""What a picture becomes before the network sees it: nothing of light, polarity, place and size."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from charrec.classifier import CharacterClassifier
from charrec.normalisation import framed, ink, plain, standard


def letter_l(low: float = 200.0, high: float = 40.0) -> Tensor:
    """(1, 1, 16, 16): an L of `high` on a ground of `low`."""
    picture = torch.full((1, 1, 16, 16), float(low))
    picture[..., 3:13, 4:7] = high
    picture[..., 11:13, 4:12] = high
    return picture


def test_plain_is_the_range_of_tanh() -> None:
    assert plain(torch.tensor([0.0, 127.5, 255.0])).tolist() == [-1, 0, 1]


def test_standard_by_hand() -> None:
    """Greys 100 and 140, half each: mean 120, deviation 20, and 20 / (20 + 10)."""
    picture = torch.tensor([100.0, 140.0]).repeat(8).reshape(1, 1, 4, 4)
    expected = torch.tensor([-2 / 3, 2 / 3]).repeat(8).reshape(1, 1, 4, 4)
    torch.testing.assert_close(standard(picture), expected)


def test_brightness_and_contrast_change_little() -> None:
    """With g the contrast, the picture is gd / (gd + 10): no more than that."""
    whole, faint = standard(letter_l(200, 40)), standard(letter_l(120, 40))
    assert torch.equal(standard(letter_l(200, 40)), standard(letter_l(220, 60)))
    share = (faint / whole).flatten()
    deviation = letter_l(200, 40).std(correction=0).item()
    expected = (deviation / 2) / (deviation / 2 + 10) * (deviation + 10) / deviation
    torch.testing.assert_close(share, torch.full_like(share, expected))


def test_an_inverted_picture_is_the_same_picture() -> None:
    dark, light = letter_l(200, 40), 255 - letter_l(200, 40)
    torch.testing.assert_close(ink(dark), ink(light))
    assert ink(dark)[0, 0, 5, 5] > 0 > ink(dark)[0, 0, 0, 0]


def test_a_letter_that_touches_the_border_is_still_the_letter() -> None:
    picture = torch.full((1, 1, 16, 16), 200.0)
    picture[..., :, 6:10] = 40.0  # an I as high as the picture
    assert ink(picture)[0, 0, 8, 8] > 0


def test_a_constant_picture_is_nothing() -> None:
    flat = torch.full((2, 1, 8, 8), 77.0)
    assert standard(flat).abs().max() == 0
    torch.testing.assert_close(ink(flat), torch.full_like(flat, math.tanh(-2)))  # background alone
    assert torch.equal(framed(flat.byte()), flat.byte())


def centre_and_reach(picture: Tensor) -> tuple[float, float, float]:
    """Of the ink, in half pictures, worked out pixel by pixel."""
    ink = (picture - picture[0, 0, 0, 0]).abs()[0, 0].double()
    ink /= ink.sum()
    size = len(ink)
    places = [(i + 0.5) * 2 / size - 1 for i in range(size)]
    x = sum(float(ink[i, j]) * places[j] for i in range(size) for j in range(size))
    y = sum(float(ink[i, j]) * places[i] for i in range(size) for j in range(size))
    squares = sum(
        float(ink[i, j]) * ((places[j] - x) ** 2 + (places[i] - y) ** 2)
        for i in range(size)
        for j in range(size)
    )
    return x, y, squares**0.5


@pytest.mark.parametrize("shift", [(0, 0), (-4, 3), (5, -5)])
def test_a_framed_letter_is_in_the_middle_at_one_size(shift: tuple[int, int]) -> None:
    small = torch.full((1, 1, 32, 32), 255, dtype=torch.uint8)
    small[..., 12:20, 13:15] = 0
    small[..., 18:20, 13:19] = 0
    x, y, reach = centre_and_reach(framed(small.roll(shift, (2, 3))).float())
    assert (x, y) == pytest.approx((0, 0), abs=0.03)
    assert reach == pytest.approx(0.6, abs=0.04)


def test_framing_is_the_same_for_a_picture_alone_and_among_others() -> None:
    torch.manual_seed(1)
    pictures = torch.randint(256, (1030, 1, 8, 8), dtype=torch.uint8)
    together = framed(pictures)
    assert together.dtype == torch.uint8
    assert together.shape == pictures.shape
    for place in (0, 5, 1023, 1024, 1029):
        assert torch.equal(framed(pictures[place : place + 1])[0], together[place])
    assert framed(pictures[:0]).shape == (0, 1, 8, 8)


def test_what_a_checkpoint_says_is_what_is_done(tmp_path: Path) -> None:
    """An L and its inverse are one picture to a network that turns all letters light."""
    torch.manual_seed(1)
    pictures = torch.cat([letter_l(), 255 - letter_l()]).byte()
    turned = CharacterClassifier("AB", 16, 5, normalisation="ink")(pictures)
    torch.testing.assert_close(turned[0], turned[1])
    as_they_are = CharacterClassifier("AB", 16, 5)(pictures)
    assert (as_they_are[0] - as_they_are[1]).abs().max() > 0.1
