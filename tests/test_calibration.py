"""The temperature against what made the labels, the errors against examples worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from charrec.calibration import (
    COLDEST,
    HOTTEST,
    at_temperature,
    bins_of,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)


def drawn(temperature: float, count: int, letters: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from softmax(logits / temperature)."""
    chance = np.random.default_rng(7)
    logits = chance.normal(0, 3, (count, letters))
    shares = at_temperature(temperature, logits).cumsum(axis=1)
    return logits, (chance.random((count, 1)) > shares).sum(axis=1).clip(0, letters - 1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7, 4.0])
def test_the_temperature_that_made_the_labels_is_found(temperature: float) -> None:
    assert fit_temperature(*drawn(temperature, 20_000)) == pytest.approx(temperature, rel=0.03)


def test_it_is_the_least_of_the_likelihood() -> None:
    """Beside torch's loss on a grid, with the one picture more that might be any letter."""
    logits, labels = drawn(2.0, 60)
    grid = np.exp(np.linspace(math.log(0.2), math.log(20), 4001))
    z, y = torch.from_numpy(logits), torch.from_numpy(labels)

    def loss(t: float) -> float:
        every = functional.cross_entropy(z / t, y, reduction="sum")
        any_letter = -functional.log_softmax(z / t, dim=1).mean()
        return float(every + any_letter)

    best = min(grid, key=loss)
    assert fit_temperature(logits, labels) == pytest.approx(best, rel=2e-3)


def test_a_shift_of_logits_changes_nothing() -> None:
    """So logarithms of probabilities, which lie below 0, will do."""
    logits, labels = drawn(2.0, 200)
    shifted = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    assert fit_temperature(shifted, labels) == pytest.approx(fit_temperature(logits, labels))


def test_where_all_is_right_nothing_becomes_certain() -> None:
    """24 of 24 right: what is left for other letters is about one picture in 25."""
    logits = np.eye(4).repeat(6, axis=0) * 3.0
    labels = np.arange(4).repeat(6)
    temperature = fit_temperature(logits, labels)
    assert COLDEST < temperature < 1
    sure = at_temperature(temperature, logits).max(axis=1)
    # One picture in 25 is any of four letters: right in 24 1/4 of 25.
    assert sure == pytest.approx(np.full(24, 24.25 / 25), abs=1e-5)


@pytest.mark.parametrize(("sign", "least", "most"), [(1, COLDEST, 1), (-1, 1, HOTTEST)])
def test_it_stays_in_its_range(sign: int, least: float, most: float) -> None:
    logits = sign * np.eye(3).repeat(4000, axis=0) * 1e-3
    found = fit_temperature(logits, np.arange(3).repeat(4000))
    assert least * 0.99999 <= found <= most * 1.00001


def test_logits_in_the_hundreds() -> None:
    """As those of N(0, 1) weights are, which the course began with."""
    logits, labels = drawn(1.0, 5000)
    found = fit_temperature((logits * 60).astype(np.float32), labels)
    assert found == pytest.approx(60, rel=0.05)


def test_without_letters_it_is_one() -> None:
    assert fit_temperature(np.zeros((0, 4)), np.zeros(0, dtype=np.int64)) == 1.0


def test_at_temperature_is_softmax_and_leaves_its_argument_alone() -> None:
    logits = np.array([[1.0, 2.0, 4.0], [-9000.0, 0.0, 9000.0]])
    before = logits.copy()
    expected = functional.softmax(torch.from_numpy(logits) / 2, dim=1).numpy()
    np.testing.assert_allclose(at_temperature(2.0, logits), expected, atol=1e-12)
    np.testing.assert_array_equal(logits, before)


def test_calibration_error_by_hand() -> None:
    """Guo et al.: bins of 1/15; the gap of each, weighted by how many answers it holds."""
    probabilities = np.array([0.30, 0.32, 0.32, 0.95, 1.0, 2 / 3, 2 / 3 + 1e-9])
    right = np.array([True, False, False, True, True, False, True])
    bins = bins_of(probabilities, right)
    assert [b.count for b in bins] == [0, 0, 0, 0, 3, 0, 0, 0, 0, 1, 1, 0, 0, 0, 2]
    assert (bins[4].low, bins[4].high) == (4 / 15, 5 / 15)
    assert bins[4].probability == pytest.approx(0.94 / 3)
    assert bins[4].accuracy == pytest.approx(1 / 3)
    assert (bins[0].probability, bins[0].accuracy) == (None, None)
    gaps = 3 * abs(1 / 3 - 0.94 / 3) + 2 / 3 + 1 / 3 + 2 * abs(1 - 0.975)
    assert expected_calibration_error(bins) == pytest.approx(gaps / 7)


def test_a_probability_of_zero_is_in_the_first_bin() -> None:
    assert bins_of(np.array([0.0]), np.array([False]))[0].count == 1


def test_a_temperature_repairs_the_calibration_error() -> None:
    logits, labels = drawn(3.0, 5000)

    def error(temperature: float) -> float:
        p = at_temperature(temperature, logits)
        return expected_calibration_error(bins_of(p.max(axis=1), p.argmax(axis=1) == labels))

    assert error(1.0) > 0.2
    assert error(fit_temperature(logits, labels)) < 0.03


def test_negative_log_likelihood() -> None:
    assert negative_log_likelihood(np.array([0.5, 0.25])) == pytest.approx(1.5 * math.log(2))
    assert negative_log_likelihood(np.array([1.0, 0.0])) == pytest.approx(708.396 / 2, abs=1e-3)
