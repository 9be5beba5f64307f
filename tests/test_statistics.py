"""Wilson's interval against values from elsewhere."""

from __future__ import annotations

import math

import pytest

from charrec.statistics import in_words, wilson_interval


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
