"""What a network is shown to be fed is what it is fed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from charrec.classifier import CharacterClassifier
from charrec.normalisation import framed
from charrec.trying.seen import DIRECTIONS, what_is_seen

SIZE = 32


def stroke(direction: str) -> Tensor:
    """Black on white, five pixels thick, (1, 1, 32, 32)."""
    down, across = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    from_middle = {
        "upright strokes": across - 15.5,
        "level strokes": down - 15.5,
        "rising strokes": (down + across - 31) / 2**0.5,
        "falling strokes": (down - across) / 2**0.5,
    }[direction]
    return torch.where(from_middle.abs() < 3, 0, 255).to(torch.uint8)[None, None]


def seen(normalisation: str, picture: Tensor) -> dict[str, Tensor]:
    classifier = CharacterClassifier("AB", image_size=SIZE, normalisation=normalisation)
    return dict(what_is_seen(classifier, picture))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_strokes_show_in_the_picture_of_their_direction(direction: str) -> None:
    found = seen("strokes", stroke(direction))
    assert list(found) == ["32 × 32, grey", "in the middle, at one size", *DIRECTIONS]
    brightness = {name: float(found[name][4:-4, 4:-4].float().mean()) for name in DIRECTIONS}
    assert max(brightness, key=lambda name: brightness[name]) == direction
    assert {tuple(found[name].shape) for name in DIRECTIONS} == {(16, 16)}
    assert max(int(found[name].max()) for name in DIRECTIONS) == 255  # stretched together
    assert min(int(found[name].max()) for name in DIRECTIONS) < 255


@pytest.mark.parametrize(
    ("normalisation", "names"),
    [
        ("plain", ["32 × 32, grey"]),
        ("ink", ["32 × 32, grey", "as it is fed"]),
        ("framed", ["32 × 32, grey", "in the middle, at one size", "as it is fed"]),
    ],
)
def test_each_step_is_shown(normalisation: str, names: list[str]) -> None:
    picture = stroke("upright strokes").roll(6, dims=3)
    found = seen(normalisation, picture)
    assert list(found) == names
    assert torch.equal(found["32 × 32, grey"], picture[0, 0])
    if "in the middle, at one size" in found:
        assert torch.equal(found["in the middle, at one size"], framed(picture)[0, 0])
    if "as it is fed" in found:  # where the letter is the light part
        assert (int(found["as it is fed"].min()), int(found["as it is fed"].max())) == (0, 255)
        assert found["as it is fed"].float().mean() < 127 < picture.float().mean()


def test_one_grey_is_shown_as_well() -> None:
    grey = torch.full((1, 1, SIZE, SIZE), 90, dtype=torch.uint8)
    assert [int(step.max()) for step in seen("framed", grey).values()] == [90, 90, 0]
