"""What a picture becomes before the first layer: training, test and prediction share it.

Nothing here is fitted on data: each picture is measured by itself, so a checkpoint needs the
name of the choice alone, and a picture from another camera is treated as its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from charrec.resampling import mapped, pixel_places

HALF_OF_WHITE = 127.5  # grey values are 0 .. 255
FLATTEST = 10.0  # grey values: noise of a picture flatter than this is not raised to full contrast
BORDER = 2  # pixels along the edge that are taken for background
FAINTEST = 0.5  # standard deviations: what differs less from the background is no ink
CONTRAST = 2.0  # of ink: how hard the change from background to letter is
CENTRAL = 0.5  # half pictures from the middle: what lies farther out counts less for the frame
REACH = 0.42  # of a framed letter: root mean square distance from its centre, in half pictures
LEAST_CHANGE = 0.01  # of ink between neighbours: what changes less has no direction
NEXT_TO_NOTHING = 1e-30  # lost in any sum of floats
USUAL_CHANGE = 0.15  # taken off, so that inputs lie on both sides of 0
STEPS = 2**20  # in half a picture, to which place and size of a frame are rounded
NEAREST, FARTHEST = 0.25, 1.0  # a frame is at least a quarter of the picture, at most all of it


def plain(grey: Tensor) -> Tensor:
    """0 .. 255 as -1 .. 1, the range of tanh."""
    return grey.div(HALF_OF_WHITE).sub_(1)


def standard(grey: Tensor) -> Tensor:
    """Mean 0 and a standard deviation of nearly 1: neither brightness nor contrast is left."""
    centred = grey - grey.mean((2, 3), keepdim=True)
    deviation = centred.square().mean((2, 3), keepdim=True).sqrt()
    return centred.div_(deviation + FLATTEST)


def ink(grey: Tensor) -> Tensor:
    """How much letter is at each pixel, -1 .. 1: near 1 on the letter and near -1 beside it.

    tanh is odd: to a network whose biases are 0 an inverted letter is the exact opposite of the
    letter, and much training goes into telling that they are the same. So the letter becomes the
    light part, whichever it was, and its own shades and its background's are pressed together.
    """
    pictures = standard(grey)
    letter = pictures.sub_(_background(pictures))
    letter.mul_(_towards_the_letter(letter))
    return letter.div_(_level(letter)).mul_(2).sub_(1).mul_(CONTRAST).tanh_()


def strokes(grey: Tensor) -> Tensor:
    """Where the ink changes across, down and along either diagonal: four pictures in one.

    Each has half the height and width, (B, 1, H, W) -> four times (B, 1, H/2, W/2), laid out as a
    square, so that the network is as large as for the ink itself. The edge of a stroke that is
    shifted or bent a little stays in the picture of its direction, where a pixel turns from letter
    to background: what reading machines were fed before there were convolutions (Kimura,
    Wakabayashi, Tsuruoka and Miyake, 1997; Liu, Nakashima, Sako and Fujisawa, 2003).
    """
    letter = ink(grey)
    across = functional.pad(letter[..., 2:] - letter[..., :-2], (1, 1))
    down = functional.pad(letter[..., 2:, :] - letter[..., :-2, :], (0, 0, 1, 1))
    down.add_(NEXT_TO_NOTHING)  # changes no value: but at 0, 0 hypot has no gradient
    weight = torch.hypot(across, down).add_(LEAST_CHANGE).reciprocal_()
    sloping = ((across + down) / math.sqrt(2), (across - down) / math.sqrt(2))
    # An edge's projection on a direction, squared, as a share of the edge: so it is found in one
    # picture, or in two where it lies between them, and hardly in the others.
    of_each = [functional.avg_pool2d(d.square() * weight, 2) for d in (across, down, *sloping)]
    rows = [torch.cat(of_each[i : i + 2], dim=3) for i in (0, 2)]
    return torch.cat(rows, dim=2).sub_(USUAL_CHANGE).mul_(2)


def framed(pictures: Tensor) -> Tensor:
    """The letter in the middle, at one size: (N, 1, H, W) in uint8, as it comes back.

    Place and size are the first two moments of what differs from the background, most of all
    near the middle: a letter that was cut out of a line has parts of its neighbours beside it.
    """
    if torch.compiler.is_exporting():  # how many parts there are would be a constant
        return _framed(pictures)
    return torch.cat([_framed(part) for part in pictures.split(FRAMED_AT_ONCE)])


FRAMED_AT_ONCE = 1024  # pictures, so that millions need no memory as floats


def as_it_is(pictures: Tensor) -> Tensor:
    return pictures


class Normalisation(NamedTuple):
    frame: Callable[[Tensor], Tensor]  # once for each picture: uint8 (N, 1, H, W), and back
    values: Callable[[Tensor], Tensor]  # for what the network sees: grey (B, 1, H, W), float


NORMALISATIONS = {
    "plain": Normalisation(as_it_is, plain),
    "standard": Normalisation(as_it_is, standard),
    "ink": Normalisation(as_it_is, ink),
    "framed": Normalisation(framed, ink),
    "strokes": Normalisation(framed, strokes),
}


def working_type(dtype: torch.dtype) -> torch.dtype:
    """Of at least 32 bits: grey values and places need more digits than half precision has."""
    return torch.promote_types(dtype, torch.float32)


def _exact_type(device: torch.device) -> torch.dtype:
    """Of frames that are the same wherever they are computed, and in whatever order.

    In 32 bits the last digit of a sum moves the frame a little, and a grey of one picture in 600
    is rounded to its other neighbour, which can change a probability by 0.001.
    """
    return torch.float32 if device.type == "mps" else torch.float64  # which Apple's has not


def _background(pictures: Tensor) -> Tensor:
    """Median of the border, (B, 1, 1, 1): a letter that touches it does not cover half of it."""
    edge = BORDER
    rows, columns = pictures[:, :, edge:-edge, :edge], pictures[:, :, edge:-edge, -edge:]
    border = [pictures[:, :, :edge], pictures[:, :, -edge:], rows, columns]
    values = torch.cat([part.flatten(1) for part in border], dim=1)
    # Of two in the middle `median` takes the lower one; their mean is the same for the inverse.
    lower, upper = values.median(dim=1).values, -values.neg().median(dim=1).values
    middle = (lower + upper) / 2
    if values.requires_grad:  # which training has no use for
        middle = middle.detach() + _slope_of_all(values, lower, upper)
    return middle[:, None, None, None]


def _slope_of_all(values: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """0, (B,), with the gradient of a median (B, n) -> (B,) shared by all that are as it is.

    Of the many equal greys of a background `median` lets one have all of it.
    """
    alike = (values == lower[:, None]) | (values == upper[:, None])
    shared = (values * alike).sum(1) / alike.sum(1)
    return shared - shared.detach()


def _towards_the_letter(difference: Tensor) -> Tensor:
    """1 where a letter is lighter than its background, else -1: (B, 1, 1, 1)."""
    # Cubed, so that a wide background that is a little off does not outweigh a thin letter.
    cubes = difference.clamp(-3, 3).pow(3).mean((2, 3), keepdim=True)
    return torch.where(cubes < 0, -1.0, 1.0).to(difference.dtype)


def _level(letter: Tensor) -> Tensor:
    """How light the letter is, (B, 1, 1, 1): the mean of what is lighter, weighted by itself."""
    lighter = letter.clamp(min=0)
    weight = lighter.sum((2, 3), keepdim=True)
    return (lighter.square_().sum((2, 3), keepdim=True) / weight.clamp_(min=1e-6)).clamp_(FAINTEST)


def _framed(pictures: Tensor) -> Tensor:
    grey = pictures.to(_exact_type(pictures.device))
    x, y, reach = _moments(_near_the_middle(_difference(standard(grey))))
    # As a tensor: ONNX would be given a number of 32 bits.
    zoom = (reach / reach.new_tensor(REACH)).clamp(NEAREST, FARTHEST)  # (N,)
    # With so few digits what follows is exact in 64 bits, halves of greys too.
    x, y, zoom = (value.mul(STEPS).round().div(STEPS) for value in (x, y, zoom))
    nought = torch.zeros_like(zoom)
    rows = [torch.stack(row, dim=1) for row in ((zoom, nought, x), (nought, zoom, y))]
    return mapped(grey, torch.stack(rows, dim=1)).round_().to(pictures.dtype)


def _difference(pictures: Tensor) -> Tensor:
    """How much of the letter is at each pixel, (N, 1, H, W)."""
    return (pictures - _background(pictures)).abs_().sub_(FAINTEST).clamp_(min=0)


def _near_the_middle(weights: Tensor) -> Tensor:
    """Less and less farther out, and adding up to 1 (to 0 for a picture without a letter)."""
    for axis in (2, 3):
        places = pixel_places(weights.shape[axis], weights.device, weights.dtype)
        near = places.div(CENTRAL).square_().div_(-2).exp_()  # a normal curve
        weights = weights * near.view(-1, *[1] * (3 - axis))
    return weights / weights.sum((2, 3), keepdim=True).clamp_(min=1e-6)


def _moments(weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centre x, y and root mean square distance from it, each (N,), the picture being -1 .. 1."""
    height, width = weights.shape[2:]
    across, down = (pixel_places(n, weights.device, weights.dtype) for n in (width, height))
    in_columns, in_rows = weights.sum((1, 2)), weights.sum((1, 3))  # (N, W), (N, H)
    # Sums, not products with a vector, whose last bit depends on how many pictures there are.
    x, y = (in_columns * across).sum(1), (in_rows * down).sum(1)
    squares = (in_columns * across.square()).sum(1) + (in_rows * down.square()).sum(1)
    spread = squares - x.square() - y.square()
    return x, y, spread.clamp_(min=0).sqrt_()
