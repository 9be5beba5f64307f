"""Small statistics of answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share, as fractions (Wilson, 1927).

    Unlike share ± 1.96 standard errors it stays within [0, 1] and holds near its ends.
    """
    z, share = 1.959964, correct / total
    centre = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def between(interval: Sequence[float]) -> str:
    """``"80.0% to 89.7%"``."""
    low, high = interval
    return f"{low:.1%} to {high:.1%}"


def in_words(correct: int, total: int) -> str:
    """``"85.5% (171 of 200; 95% interval 80.0% to 89.7%)"``."""
    interval = between(wilson_interval(correct, total))
    return f"{correct / total:.1%} ({correct:,} of {total:,}; 95% interval {interval})"


def area_under_roc(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """How likely one of `higher` is above one of `lower`, equal ones counted half.

    That is the area under the ROC curve, by ranks (Mann and Whitney, 1947): 1 where the two are
    apart, 0.5 where nothing tells them apart.
    """
    in_order = np.sort(lower)
    below = np.searchsorted(in_order, higher, "left").sum()
    not_above = np.searchsorted(in_order, higher, "right").sum()
    return float(below + not_above) / (2 * len(higher) * len(lower))
