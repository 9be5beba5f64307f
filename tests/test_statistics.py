"""Wilson's interval against values from elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charrec.statistics import area_under_roc, in_words, wilson_interval


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe, 1998, table I, score method
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 10, 0.0, 0.27753),  # by hand: z² / (n + z²) = 3.8415 / 13.8415
        (10, 10, 0.72247, 1.0),
        (5, 10, 0.23659, 0.76341),
        (171, 200, 0.79951, 0.89711),
    ],
)
def test_known_intervals(correct: int, total: int, low: float, high: float) -> None:
    digits = 5e-5 if total in (263, 148, 20, 29) else 5e-6
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=digits)


@pytest.mark.parametrize("correct", range(13))
def test_the_ends_solve_the_equation_that_defines_them(correct: int) -> None:
    """|share - p| = z sqrt(p (1 - p) / n) at both ends p."""
    share = correct / 12
    for p in wilson_interval(correct, 12):
        assert abs(share - p) == pytest.approx(1.959964 * math.sqrt(p * (1 - p) / 12), abs=1e-9)


def test_right_and_wrong_mirror_each_other() -> None:
    low, high = wilson_interval(3, 17)
    assert wilson_interval(14, 17) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_in_words() -> None:
    assert in_words(171, 200) == "85.5% (171 of 200; 95% interval 80.0% to 89.7%)"
    assert in_words(10, 10) == "100.0% (10 of 10; 95% interval 72.2% to 100.0%)"
    assert in_words(0, 10) == "0.0% (0 of 10; 95% interval 0.0% to 27.8%)"


def test_area_under_roc_by_hand() -> None:
    """Of 3 x 4 pairs 7 are in order and 2 are ties: (7 + 2 / 2) / 12."""
    higher = np.array([0.9, 0.5, 0.3])  # above 4, 2 and 1 of the lower ones; 0.5 and 0.3 tie once
    lower = np.array([0.5, 0.3, 0.1, 0.8])
    assert area_under_roc(higher, lower) == 8 / 12
    assert area_under_roc(lower, higher) == 4 / 12


@pytest.mark.parametrize(
    ("higher", "lower", "area"),
    [([1, 2], [-1, 0], 1.0), ([0], [1, 2, 3], 0.0), ([0.5], [0.5], 0.5), ([1, 1], [1, 0], 0.75)],
)
def test_area_under_roc_at_its_ends(higher: list[float], lower: list[float], area: float) -> None:
    assert area_under_roc(np.array(higher, float), np.array(lower, float)) == area


def test_area_under_roc_counts_pairs() -> None:
    chance = np.random.default_rng(0)
    higher, lower = chance.integers(0, 9, 40) / 9, chance.integers(0, 6, 30) / 9
    pairs = [(h > k) + 0.5 * (h == k) for h in higher for k in lower]
    assert area_under_roc(higher, lower) == pytest.approx(np.mean(pairs), abs=1e-12)
