"""Deformed letters: each kind does what it says, from the seed, and no letter becomes another."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from charrec.augment import AUGMENT_NAMES, AugmentSettings
from charrec.deformations import Chance, Deformations
from charrec.errors import UserError
from charrec.inputs import Inputs
from charrec.settings import TrainSettings, augment_defaults

CPU = torch.device("cpu")


def chance(count: int, *numbers: int) -> Chance:
    return Chance(numbers or (1,), count, CPU)


def deformed(picture: Tensor, /, *numbers: int, **strengths: float) -> Tensor:
    """Deformed copies of one picture (1, 1, H, W): how many, and the seed."""
    count, seed = (*numbers, *(64, 1)[len(numbers) :])
    deform = Deformations(AugmentSettings(**strengths), picture.shape[-1], CPU)
    return deform(picture.repeat(count, 1, 1, 1), chance(count, seed))


def square(low: float = 200, high: float = 40) -> Tensor:
    picture = torch.full((1, 1, 32, 32), float(low))
    picture[..., 10:22, 12:20] = high
    return picture


def centres(pictures: Tensor) -> Tensor:
    """(B, 2): x and y of the ink, in half pictures."""
    ink = (pictures - 200).abs()
    ink = ink / ink.sum((2, 3), keepdim=True)
    places = (torch.arange(32) + 0.5) / 16 - 1
    return torch.stack([ink.sum((1, 2)) @ places, ink.sum((1, 3)) @ places], dim=1)


def test_nothing_is_done_where_all_is_0() -> None:
    assert torch.equal(deformed(square(), 3), square().repeat(3, 1, 1, 1))
    assert not AugmentSettings().deforms
    assert AugmentSettings(erasing=0.1).deforms


@pytest.mark.parametrize("name", AUGMENT_NAMES)
def test_each_kind_does_something_else_to_each_picture(name: str) -> None:
    several = deformed(square(), 16, **{name: 0.2})
    assert len(torch.unique(several.flatten(1), dim=0)) > 1
    assert several.isfinite().all()


def test_translation_is_within_its_reach_and_uses_it() -> None:
    moved = centres(deformed(square(), 512, translation=0.25)) - centres(square())
    assert moved.abs().max() <= 0.25 + 1e-3
    assert moved.abs().max(dim=0).values.min() > 0.24
    assert moved.mean(dim=0).abs().max() < 0.02  # to each side alike


def test_scale_by_hand() -> None:
    """The area of the square is e^2s times as large or small, s within the strength."""
    areas = (deformed(square(), 512, scale=0.3) - 200).abs().sum((1, 2, 3))
    ratio = (areas / (square() - 200).abs().sum()).log()
    assert ratio.abs().max() < 0.6 + 0.01
    assert ratio.max() > 0.58
    assert ratio.min() < -0.58


def test_stretch_keeps_the_area() -> None:
    areas = (deformed(square(), 128, stretch=0.3) - 200).abs().sum((1, 2, 3))
    torch.testing.assert_close(areas, (square() - 200).abs().sum().expand(128), rtol=0.05, atol=0)


def test_rotation_by_hand() -> None:
    """A bar to the right of the middle is found at (r cos a, r sin a), a within 30 degrees."""
    bar = torch.full((1, 1, 32, 32), 200.0)
    bar[..., 14:18, 24:28] = 40
    x, y = centres(deformed(bar, 512, rotation=30)).unbind(1)
    away, _ = centres(bar)[0]
    torch.testing.assert_close((x**2 + y**2).sqrt(), away.expand(512), rtol=0.02, atol=0.01)
    angles = torch.rad2deg(torch.atan2(y, x))
    assert angles.abs().max() <= 30.5
    assert angles.min() < -28
    assert angles.max() > 28


MOST = {  # that is allowed
    "rotation": 30,
    "scale": 0.5,
    "stretch": 0.4,
    "shear": 0.5,
    "translation": 0.3,
    "perspective": 0.4,
    "elastic": 0.2,
}


@pytest.mark.parametrize("strength", [{name: MOST[name]} for name in MOST])
def test_no_picture_is_mirrored(strength: dict[str, float]) -> None:
    """Left of the square stays left of it, in every row that is seen."""
    picture = torch.arange(32.0).expand(1, 1, 32, 32).contiguous()
    several = deformed(picture, 256, **strength)
    rises = several[..., 1:] - several[..., :-1]
    assert (rises >= -1e-3).float().mean() > 0.99
    assert (several[..., -1] - several[..., 0]).min() > 5


def folded(strengths: AugmentSettings, size: int = 32) -> Tensor:
    """The share of each of 2,000 pictures in which the map turns left and right round."""
    deform = Deformations(strengths, size, CPU)
    places = torch.matmul(deform._coefficients(chance(2000)), deform.fields)
    x, y = (places[:, :2] / places[:, 2:]).reshape(-1, 2, size, size).unbind(1)
    across = [of.diff(dim=2)[:, :-1] for of in (x, y)]
    down = [of.diff(dim=1)[..., :-1] for of in (x, y)]
    determinant = across[0] * down[1] - across[1] * down[0]
    return (determinant <= 0).float().mean((1, 2))


@pytest.mark.parametrize("name", MOST)
def test_each_kind_has_a_bound_and_folds_next_to_nothing(name: str) -> None:
    area = folded(AugmentSettings(**{name: MOST[name]}))
    assert (area > 0).float().mean() < (0.1 if name == "elastic" else 1e-9)
    assert area.max() < 0.1
    with pytest.raises(UserError, match=f"augment.{name}=.* is 0 to {MOST[name]:g} "):
        AugmentSettings(**{name: MOST[name] * 1.01})


@pytest.mark.parametrize(("choice", "share"), [("light", 1e-9), ("strong", 0.03)])
def test_the_choices_keep_well_inside(choice: str, share: float) -> None:
    strengths = augment_defaults(choice)
    assert (folded(strengths) > 0).float().mean() < share
    assert all(getattr(strengths, name) < 0.85 * most for name, most in MOST.items())


def test_a_run_of_larger_strengths_can_still_be_read() -> None:
    old = {"elastic": 0.3, "translation": 1, "rotation": 10}
    strengths = AugmentSettings.recorded(old)
    assert (strengths.elastic, strengths.translation, strengths.blur) == (0.3, 1.0, 0.0)
    record = TrainSettings().record() | {"augment_strengths": asdict(strengths)}
    assert TrainSettings.from_record(record).strengths == strengths
    assert (folded(strengths) > 0).float().mean() > 0.3
    for wrong in ({"elastic": 1.1}, {"rotation": 31}):
        with pytest.raises(UserError, match=r" is refused: augment\."):
            AugmentSettings.recorded(wrong)


def test_contrast_keeps_black_and_white_and_the_order() -> None:
    ramp = torch.linspace(0, 255, 1024).reshape(1, 1, 32, 32)
    several = deformed(ramp, 64, contrast=0.5).flatten(1)
    torch.testing.assert_close(several[:, 0], torch.zeros(64), atol=0.3, rtol=0)
    torch.testing.assert_close(several[:, -1], torch.full((64,), 255.0), atol=0.3, rtol=0)
    assert (several.diff(dim=1) >= 0).all()
    middle = several[:, 512] / 255  # 0.5 ** gamma, gamma within e^-0.5 .. e^0.5
    assert 0.5 ** np.exp(0.5) - 0.01 < middle.min() < 0.36
    assert 0.62 < middle.max() < 0.5 ** np.exp(-0.5) + 0.01


def test_blur_keeps_the_mean_of_what_is_far_from_the_edge() -> None:
    several = deformed(square(), 64, blur=1.5)
    torch.testing.assert_close(
        several.mean((1, 2, 3)), square().mean().expand(64), rtol=1e-3, atol=0
    )
    steepest = several.diff(dim=3).abs().amax((1, 2, 3))
    sharp = (steepest > 159).float().mean()
    assert 0.3 < sharp < 0.7  # half of the pictures
    assert steepest.min() < 60


def test_shading_and_noise_are_measured_in_the_pictures_own_greys() -> None:
    for name in ("shading", "noise"):
        much = (deformed(square(), 256, **{name: 0.5}) - square()).std((1, 2, 3))
        faint = (deformed(square(120, 104), 256, **{name: 0.5}) - square(120, 104)).std((1, 2, 3))
        torch.testing.assert_close(much / 10, faint, rtol=0.02, atol=1e-3)
        assert 0.2 < much.max() / square().std() < 0.6


def test_erasing_paints_one_rectangle_on_its_share_of_the_pictures() -> None:
    several = deformed(square(), 512, erasing=0.4)
    changed = several != square()
    painted = changed.flatten(1).any(dim=1).float().mean()
    assert 0.3 < painted < 0.45  # a narrow one may lie between the pixels
    assert changed.float().mean((1, 2, 3)).max() <= 0.27  # half by half, and a pixel's rounding


def test_inversion_turns_its_share() -> None:
    several = deformed(square(), 512, inversion=0.25)
    turned = (several == 255 - square()).flatten(1).all(dim=1)
    assert (turned | (several == square()).flatten(1).all(dim=1)).all()
    assert 0.19 < turned.float().mean() < 0.31


def test_the_same_numbers_make_the_same_pictures() -> None:
    strong: dict[str, Any] = dict.fromkeys(AUGMENT_NAMES, 0.2)
    assert torch.equal(deformed(square(), 8, 3, **strong), deformed(square(), 8, 3, **strong))
    assert not torch.equal(deformed(square(), 8, 3, **strong), deformed(square(), 8, 4, **strong))


def test_a_step_has_random_numbers_of_its_own_and_always_the_same() -> None:
    images = square().byte().repeat(4, 1, 1, 1)
    inputs = Inputs("standard", AugmentSettings(rotation=10), 7, torch.float32)
    first = inputs(images, 0, 3)
    assert first.shape == (4, 1024)
    again = Inputs("standard", AugmentSettings(rotation=10), 7, torch.float32)
    assert torch.equal(again(images, 0, 3), first)
    for epoch, step, seed, rank in ((1, 3, 7, 0), (0, 4, 7, 0), (0, 3, 8, 0), (0, 3, 7, 1)):
        other = Inputs("standard", AugmentSettings(rotation=10), seed, torch.float32, rank)
        assert not torch.equal(other(images, epoch, step), first)
    assert torch.equal(images, square().byte().repeat(4, 1, 1, 1))  # left as they were


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rotation", 31, "0 to 30 degrees"),
        ("rotation", -1, "0 to 30 degrees"),
        ("erasing", 1.5, "a share of the pictures"),
        ("scale", 2, "0 to 0.5 as an exponent"),
        ("blur", "much", "0 to 5 pixels"),
        ("noise", float("nan"), "at least 0"),
        ("shear", None, "0 to 0.5 of the height"),
    ],
)
def test_strengths_out_of_their_range_are_refused(name: str, value: object, words: str) -> None:
    with pytest.raises(UserError, match=f"augment.{name}=.*{words}"):
        AugmentSettings(**{name: value})  # type: ignore[arg-type]


def test_whole_numbers_are_recorded_as_they_will_be_read() -> None:
    assert asdict(AugmentSettings(rotation=10))["rotation"] == 10.0
    assert all(type(v) is float for v in asdict(AugmentSettings(rotation=10)).values())
