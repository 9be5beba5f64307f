"""Looking several times: each view is what it says, and the answers are averaged."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch
from torch import Tensor

from charrec.classifier import CharacterClassifier
from charrec.normalisation import NORMALISATIONS
from charrec.settings import MOST_VIEWS
from charrec.views import VIEWS, View, views_of


def spot(row: int, column: int) -> Tensor:
    """(1, 1, 32, 32): a light square of 4 x 4 pixels on black."""
    picture = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    picture[..., row : row + 4, column : column + 4] = 255
    return picture


def place(view: Tensor) -> tuple[float, float]:
    """x and y of the light, in half pictures; greys are -1 .. 1."""
    light = view[0, 0] + 1
    places = (torch.arange(32) + 0.5) / 16 - 1
    light = light / light.sum()
    return float(light.sum(0) @ places), float(light.sum(1) @ places)


def test_there_are_as_many_as_the_settings_allow() -> None:
    assert len(VIEWS) == MOST_VIEWS
    assert len(list(views_of(spot(4, 4), 9, "plain", torch.float32))) == 9


def test_where_the_light_is_in_each_view() -> None:
    """From (3/8, 0), worked out by hand: what is seen at p was at size * turn(p) + shift.

    So p = turn(-t)((3/8, 0) - shift) / size; the cosine of 8 degrees is 0.99027, the sine 0.13917.
    """
    looks = [place(v) for v in views_of(spot(14, 20), 9, "plain", torch.float32)]
    expected = [
        (0.3750, 0.0000),  # as it is: no shift, no turn, size 1
        (0.4146, -0.1754),  # down by 0.1, turned by 8 degrees, size 1 / 1.16
        (0.3081, 0.1304),  # up, turned back, size 1.16
        (0.2348, -0.0330),  # to the right, turned, size 1.16
        (0.2862, -0.0608),  # right and down, turned back
        (0.3190, 0.1160),  # right and up, size 1 / 1.16
        (0.5456, 0.0767),  # to the left, turned back, size 1 / 1.16
        (0.4095, -0.0862),  # left and down, size 1.16
        (0.4843, 0.0329),  # left and up, turned
    ]
    for found, place_by_hand in zip(looks, expected, strict=True):
        assert found == pytest.approx(place_by_hand, abs=0.012)


def test_any_two_changes_meet_in_each_of_their_combinations_once() -> None:
    for one, other in combinations(range(4), 2):
        assert len({(view[one], view[other]) for view in VIEWS}) == 9
    assert VIEWS[0] == View()


@pytest.mark.parametrize("count", [1, 2, 9])
def test_the_answer_is_the_mean_of_the_answers(count: int) -> None:
    torch.manual_seed(1)
    classifier = CharacterClassifier("ABCD", 32, 5, normalisation="standard", views=count)
    pictures = torch.cat([spot(4, 9), spot(20, 11), spot(14, 14)])
    looks = list(views_of(pictures, count, "standard", torch.float32))
    expected = torch.stack([classifier.network(v).softmax(1) for v in looks]).mean(0)
    answered = classifier.predict_step((pictures,), 0)
    torch.testing.assert_close(answered.exp(), expected)
    torch.testing.assert_close(classifier(pictures), classifier.network(looks[0]))


def test_one_view_is_the_network_itself_to_the_last_bit() -> None:
    classifier = CharacterClassifier("ABCD", 32, 5)
    expected = classifier(spot(3, 3)).log_softmax(1)
    assert torch.equal(classifier.predict_step((spot(3, 3),), 0), expected)


def test_no_pictures_have_no_answers() -> None:
    classifier = CharacterClassifier("ABCD", 32, 5, normalisation="framed", views=9)
    assert classifier.predict_step((spot(3, 3)[:0],), 0).shape == (0, 4)


@pytest.mark.parametrize("normalisation", sorted(NORMALISATIONS))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_network_is_given_its_own_kind_of_number(normalisation: str, dtype: torch.dtype) -> None:
    seen = torch.cat(list(views_of(spot(5, 9), 9, normalisation, dtype)))
    assert seen.dtype == dtype
    exact = torch.cat(list(views_of(spot(5, 9), 9, normalisation, torch.float64)))
    torch.testing.assert_close(seen.double(), exact, atol=0.02, rtol=0.02)
    with torch.autocast("cpu", torch.bfloat16):
        again = torch.cat(list(views_of(spot(5, 9), 9, normalisation, dtype)))
    assert torch.equal(again, seen)
