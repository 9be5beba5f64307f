"""Small statistics of answers."""

from __future__ import annotations

import math


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share, as fractions (Wilson, 1927).

    Unlike share ± 1.96 standard errors it stays within [0, 1] and holds near its ends.
    """
    z, share = 1.959964, correct / total
    centre = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def in_words(correct: int, total: int) -> str:
    """``"85.5% (171 of 200; 95% interval 80.0% to 89.7%)"``."""
    low, high = wilson_interval(correct, total)
    return f"{correct / total:.1%} ({correct} of {total}; 95% interval {low:.1%} to {high:.1%})"
