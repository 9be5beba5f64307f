"""Probabilities that mean what they say: a temperature for the logits, and how far off they are.

Guo, Pleiss, Sun and Weinberger, 2017, "On calibration of modern neural networks": of the pictures
that are read with a probability of 80 % four in five should be read rightly. One number T,
fitted on the validation letters, is what all logits are divided by; it changes no answer. Where
several views or networks are averaged, the logarithms of the mean probabilities stand for logits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]
Exact = NDArray[np.float64]
COLDEST, HOTTEST = 0.1, 100.0  # between these T is looked for
FEW = 50  # letters, below which a fit is so uncertain that their number is told
HALVINGS = 40  # of the range of log T: to eleven digits
BINS = 15  # as many as in the paper, of equal width


def fit_temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """The T for which softmax(logits / T) (N, C) makes the `labels` (N,) likeliest; 1 for none.

    The negative log-likelihood is convex in 1 / T, so its slope, the mean of what softmax expects
    of a logit minus that of the true letters' logits, changes its sign once. It is fitted as if
    there were one picture more that might be any letter (Platt, 1999, smooths likewise): where
    every validation letter is read rightly, T would go to 0 and every probability to 1.
    """
    count = len(labels)
    if not count:
        return 1.0
    logits = logits.astype(np.float64)
    true = logits[np.arange(count), labels]  # (N,)
    wanted = (true.sum() + logits.mean()) / (count + 1)
    low, high = math.log(COLDEST), math.log(HOTTEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        expected = (at_temperature(math.exp(middle), logits) * logits).sum(axis=1).mean()
        low, high = (middle, high) if expected > wanted else (low, middle)
    return round(math.exp((low + high) / 2), 6)


def doubts(temperature: float) -> str | None:
    """That probabilities say nothing, and why: the hottest T still makes them too sure."""
    if not math.isclose(temperature, HOTTEST, rel_tol=1e-4):
        return None
    return (
        "say nothing: on validation the true letter's logit is hardly higher than the others', if "
        f"at all, so the temperature ended at {HOTTEST:g}"
    )


def how_fitted(temperature: float, letters: int | None) -> str:
    """To how many letters, where they are so few that it matters, and whether T could not go on."""
    few = f" by {letters} letters alone" if letters is not None and letters < FEW else ""
    if math.isclose(temperature, COLDEST, rel_tol=1e-4):
        return f"{few}, the temperature at the end of its range, {COLDEST:g}"
    return few


def at_temperature(temperature: float, logits: Floats) -> Exact:
    """softmax(logits / temperature), (N, C)."""
    powers = logits.astype(np.float64)
    powers -= powers.max(axis=1, keepdims=True)
    powers /= temperature
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def logarithms_of(probabilities: Floats) -> Exact:
    least = np.finfo(np.float64).tiny  # below it a float64 is 0, and its logarithm no number
    logarithms: Exact = np.log(np.maximum(probabilities.astype(np.float64), least))
    return logarithms


def negative_log_likelihood(probabilities: Floats) -> float:
    """The mean of -log p over the probabilities (N,) that the true letters were given."""
    return float(-logarithms_of(probabilities).mean())


@dataclass(frozen=True)
class Bin:
    """The answers whose probability lies above `low` and is at most `high`."""

    low: float
    high: float
    count: int
    probability: float | None  # their mean; None where there are none
    accuracy: float | None  # the share that is right

    @property
    def gap(self) -> float:
        """How far the two are apart."""
        if self.probability is None or self.accuracy is None:
            return 0.0
        return abs(self.accuracy - self.probability)


def bins_of(probabilities: Floats, right: NDArray[np.bool_]) -> list[Bin]:
    """The answers' probabilities (N,), and whether each was right, in `BINS` of equal width."""
    place = np.clip(np.ceil(probabilities * BINS).astype(int) - 1, 0, BINS - 1)
    return [_bin(n, probabilities[place == n], right[place == n]) for n in range(BINS)]


def _bin(number: int, probabilities: Floats, right: NDArray[np.bool_]) -> Bin:
    count = len(probabilities)
    means = (float(probabilities.mean()), float(right.mean())) if count else (None, None)
    return Bin(number / BINS, (number + 1) / BINS, count, *means)


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """How far probability and accuracy of a bin are apart, on average over the answers."""
    return sum(b.count * b.gap for b in bins) / sum(b.count for b in bins)
