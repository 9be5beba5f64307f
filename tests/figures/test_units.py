"""Weights as pictures: red adds, blue takes off, white is nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from charrec.figures.units import BLUE, MIDDLE, RED, picture_of_units, png_of

WHITE = (255, 255, 255)


def colours(weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(picture_of_units(weights).convert("RGB"))


def test_each_unit_is_coloured_by_its_own_largest_weight() -> None:
    weights = np.array([[[2, -2], [0, 1]], [[0, 0], [0, -9]]], dtype=np.float32)
    picture = colours(weights)
    assert picture.shape == (3, 6, 3)
    assert picture[0, 0].tolist() == list(RED)
    assert picture[0, 1].tolist() == list(BLUE)
    assert picture[1, 0].tolist() == list(MIDDLE)
    half = (np.array(RED) + np.array(MIDDLE)) / 2
    assert abs(picture[1, 1] - half).max() <= 1
    assert picture[1, 4].tolist() == list(BLUE)
    assert (picture[2] == 255).all()
    assert (picture[:, [2, 5]] == 255).all()


def test_nine_units_stand_in_two_rows() -> None:
    weights = np.zeros((9, 2, 2), dtype=np.float32)
    weights[8] = 1
    picture = colours(weights)
    assert picture.shape == (6, 24, 3)
    red = np.argwhere((picture == RED).all(axis=2))
    assert red.tolist() == [[3, 0], [3, 1], [4, 0], [4, 1]]
    assert (picture[3:, 3:] == 255).all(), "where there is no unit"


def test_of_many_and_of_large_ones_the_first_are_shown() -> None:
    assert colours(np.zeros((100, 2, 2), dtype=np.float32)).shape == (24, 24, 3)
    assert colours(np.zeros((9, 512, 512), dtype=np.float32)).shape == (513, 513, 3)


def test_a_hidden_layer_of_32_takes_little_room() -> None:
    weights = np.random.default_rng(0).normal(size=(32, 32, 32)).astype(np.float32)
    assert len(png_of(picture_of_units(weights))) < 40_000
