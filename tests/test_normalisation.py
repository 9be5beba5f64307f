"""What a picture becomes before the network sees it: nothing of light, polarity, place and size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from charrec.classifier import CharacterClassifier
from charrec.data.datamodule import CharacterDataModule
from charrec.data.settings import DataSettings
from charrec.deformations import Chance, Deformations
from charrec.errors import UserError
from charrec.normalisation import NORMALISATIONS, framed, ink, plain, standard, strokes
from charrec.settings import LETTER_IS_LIGHT, TrainSettings, usual_strengths


def letter_l(low: float = 200.0, high: float = 40.0) -> Tensor:
    """(1, 1, 16, 16): an L of `high` on a ground of `low`."""
    picture = torch.full((1, 1, 16, 16), float(low))
    picture[..., 3:13, 4:7] = high
    picture[..., 11:13, 4:12] = high
    return picture


@pytest.fixture(scope="module")
def letters_32() -> Tensor:
    """1,300 embedded letters, (1300, 1, 32, 32)."""
    letters = CharacterDataModule()
    letters.setup()
    return letters.images["validation"]


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


def near_the_middle(x: float, y: float) -> float:
    return math.exp(-((x / 0.5) ** 2 + (y / 0.5) ** 2) / 2)


def centre_and_reach(picture: Tensor) -> tuple[float, float, float]:
    """Of the ink, in half pictures, what is near the middle most of all; pixel by pixel."""
    ink = (picture - picture[0, 0, 0, 0]).abs()[0, 0].double()
    size = len(ink)
    places = [(i + 0.5) * 2 / size - 1 for i in range(size)]
    everywhere = [(i, j) for i in range(size) for j in range(size)]
    weights = {
        (i, j): float(ink[i, j]) * near_the_middle(places[j], places[i]) for i, j in everywhere
    }
    total = sum(weights.values())
    x = sum(weight * places[j] for (_, j), weight in weights.items()) / total
    y = sum(weight * places[i] for (i, _), weight in weights.items()) / total
    squares = sum(
        weight * ((places[j] - x) ** 2 + (places[i] - y) ** 2) / total
        for (i, j), weight in weights.items()
    )
    return x, y, squares**0.5


@pytest.mark.parametrize("shift", [(0, 0), (-2, 2), (3, -2)])
def test_a_framed_letter_is_near_the_middle_at_one_size(shift: tuple[int, int]) -> None:
    small = torch.full((1, 1, 32, 32), 255, dtype=torch.uint8)
    small[..., 11:21, 14:17] = 0
    small[..., 19:21, 14:20] = 0
    given = small.roll(shift, (2, 3))
    before, (x, y, reach) = centre_and_reach(given.float()), centre_and_reach(framed(given).float())
    assert math.hypot(x, y) < 0.1 + 0.2 * math.hypot(*before[:2])
    assert reach == pytest.approx(0.4, abs=0.04)


def test_a_frame_is_what_the_moments_say() -> None:
    """Each pixel of it is fetched from the place that moments, worked out by hand, give it."""
    small = torch.full((1, 1, 32, 32), 255, dtype=torch.uint8)
    small[..., 11:21, 14:17] = 0
    x, y, reach = centre_and_reach(small.float())
    zoom = reach / 0.42
    seen = framed(small)
    for row, column in ((16, 16), (4, 9), (27, 16), (16, 3), (16, 12), (30, 22)):
        across, down = ((place + 0.5) / 16 - 1 for place in (column, row))
        wanted = (16 * (y + zoom * down + 1) - 0.5, 16 * (x + zoom * across + 1) - 0.5)
        top, left = (math.floor(place) for place in wanted)
        rest = [place - math.floor(place) for place in wanted]
        near = small[0, 0, top : top + 2, left : left + 2].double()
        mixed = near[0] * (1 - rest[0]) + near[1] * rest[0]
        grey = float(mixed[0] * (1 - rest[1]) + mixed[1] * rest[1])
        assert int(seen[0, 0, row, column]) == pytest.approx(grey, abs=1)


def test_neighbours_at_the_edge_hardly_move_the_frame() -> None:
    """They have 48 of 112 pixels of ink: their plain centre is 0.35 half pictures aside."""
    alone = torch.full((1, 1, 32, 32), 255, dtype=torch.uint8)
    alone[..., 8:24, 13:17] = 0
    beside = alone.clone()
    beside[..., 8:24, 29:] = 0  # the beginning of the next letter
    columns = {}
    for name, picture in (("alone", alone), ("beside", beside)):
        seen = framed(picture)[0, 0, 16, :20].float()  # of the letter itself
        weights = (255 - seen) / (255 - seen).sum()
        columns[name] = float((weights * torch.arange(20)).sum())
    assert 0 < columns["alone"] - columns["beside"] < 3


def quarter(seen: Tensor, row: int, column: int) -> Tensor:
    half = seen.shape[-1] // 2
    return seen[0, 0, row * half : (row + 1) * half, column * half : (column + 1) * half]


@pytest.mark.parametrize(
    ("row", "column", "line"),
    [
        (0, 0, lambda i, j: j == 7 or j == 8),  # an upright stroke changes across
        (0, 1, lambda i, j: i == 7 or i == 8),
        (1, 0, lambda i, j: 14 <= i + j <= 16),  # falls to the left: changes along across + down
        (1, 1, lambda i, j: -1 <= i - j <= 1),
    ],
)
def test_a_stroke_is_found_in_the_picture_of_its_direction(
    row: int, column: int, line: Callable[[int, int], bool]
) -> None:
    picture = torch.full((1, 1, 16, 16), 220.0)
    for i in range(16):
        for j in range(16):
            if line(i, j):
                picture[..., i, j] = 20.0
    seen = strokes(picture)
    assert seen.shape == picture.shape
    inside = {(r, c): quarter(seen, r, c)[1:-1, 1:-1].sum() for r in (0, 1) for c in (0, 1)}
    assert max(inside, key=lambda key: float(inside[key])) == (row, column)


def test_strokes_by_hand() -> None:
    """Two halves: ink jumps from -0.96 to m between two columns, and nowhere else."""
    picture = torch.full((1, 1, 8, 8), 200.0)
    picture[..., 6:] = 20.0
    seen, jump = strokes(picture), float(ink(picture).max() - ink(picture).min())
    # The jump is seen from the columns on both of its sides, 5 and 6; each is half of a pair.
    across = 2 * (jump**2 / (jump + 0.01) / 2 - 0.15)
    sloping = 2 * (jump**2 / 2 / (jump + 0.01) / 2 - 0.15)
    none = torch.full((4,), -0.3)
    torch.testing.assert_close(
        quarter(seen, 0, 0), torch.stack([none, none, none + across + 0.3, none + across + 0.3], 1)
    )
    torch.testing.assert_close(quarter(seen, 0, 1), torch.full((4, 4), -0.3))
    for place in (0, 1):
        torch.testing.assert_close(
            quarter(seen, 1, place),
            torch.stack([none, none, none + sloping + 0.3, none + sloping + 0.3], 1),
        )


def test_strokes_of_a_picture_of_odd_size_are_refused() -> None:
    with pytest.raises(UserError, match=r"image_size=27 .*normalisation=strokes.* take 26 or 28"):
        TrainSettings(normalisation="strokes", data=DataSettings(image_size=27))


def test_framing_is_the_same_for_a_picture_alone_and_among_others(letters_32: Tensor) -> None:
    together = framed(letters_32)
    assert together.dtype == torch.uint8
    assert together.shape == letters_32.shape
    for count in (1, 2, 3, 5, 17):
        assert torch.equal(torch.cat([framed(p) for p in letters_32.split(count)]), together)
    assert framed(letters_32[:0]).shape == (0, 1, 32, 32)


@pytest.mark.parametrize("values", [standard, ink, strokes])
def test_values_are_the_same_for_a_picture_alone_and_among_others(
    values: Callable[[Tensor], Tensor], letters_32: Tensor
) -> None:
    together = values(letters_32.float())
    for count in (1, 3, 5):
        alone = torch.cat([values(p.float()) for p in letters_32.split(count)])
        assert torch.equal(alone, together)


@pytest.mark.parametrize("normalisation", ["ink", "framed", "strokes"])
def test_inverted_letters_are_the_same_letters(normalisation: str, letters_32: Tensor) -> None:
    """Of all those embedded, whose border holds many greys."""
    frame, values = NORMALISATIONS[normalisation]
    seen, inverted = (values(frame(p).float()) for p in (letters_32, 255 - letters_32))
    # A frame is rounded to whole greys, 0.5 up in the one and down in the other; and which of two
    # is the letter cannot be told where both cover as much.
    changed = (seen - inverted).abs().amax((1, 2, 3)) > 0.2
    assert int(changed.sum()) <= 3


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_who_sees_that_training_inverts(name: str, letters_32: Tensor) -> None:
    """As training deforms them; what is noted of `augment.inversion` hangs on it."""
    pictures, as_they_are = letters_32[:200], usual_strengths("strong")

    def seen(inversion: float) -> Tensor:
        strengths = replace(as_they_are, inversion=inversion)
        grey = NORMALISATIONS[name].frame(pictures).float()
        deform = Deformations(strengths, 32, grey.device)
        return NORMALISATIONS[name].values(deform(grey, Chance([1, 2, 3], 200, grey.device)))

    change = (seen(1) - seen(0)).abs().amax().item()
    assert change < 1e-5 if name in LETTER_IS_LIGHT else change > 1


def test_what_a_checkpoint_says_is_what_is_done(tmp_path: Path) -> None:
    """An L and its inverse are one picture to a network that turns all letters light."""
    torch.manual_seed(1)
    pictures = torch.cat([letter_l(), 255 - letter_l()]).byte()
    turned = CharacterClassifier("AB", 16, 5, normalisation="ink")(pictures)
    torch.testing.assert_close(turned[0], turned[1])
    as_they_are = CharacterClassifier("AB", 16, 5)(pictures)
    assert (as_they_are[0] - as_they_are[1]).abs().max() > 0.1
