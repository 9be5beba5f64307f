"""What a test says of a network: how often it is right, and how well it knows when it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrec.answers import DIGITS, Answers
from charrec.calibration import (
    Bin,
    Exact,
    Floats,
    bins_of,
    expected_calibration_error,
    negative_log_likelihood,
)
from charrec.statistics import area_under_roc


class Stranger(NamedTuple):
    """What pictures of one kind that are no letters were given."""

    probabilities: Exact  # of the likeliest letter, (N,)
    blank: NDArray[np.bool_]  # (N,)


@dataclass(frozen=True, kw_only=True)
class Assessment(Answers):
    """Answers to test letters, what they were before calibration, and those to no letters."""

    uncalibrated: Floats  # (N, C)
    temperature: float  # of the network, or of the mean of several
    temperature_letters: int | None = None  # that it was fitted to
    strangers: Mapping[str, Stranger]
    alone: Sequence[Answers] = ()  # of each network where they are several

    def score(self) -> dict[str, Any]:
        """As of any answers, and all that ``test.json`` says beyond; fractions."""
        return (
            super().score()
            | self._calibration(self.probabilities)
            | {"temperature": self.temperature, "temperature_letters": self.temperature_letters}
            | {"before_temperature": self._calibration(self.uncalibrated)}
            | {"no_letters": {kind: self._told_apart(kind) for kind in self.strangers}}
        )

    @property
    def _answered(self) -> NDArray[np.int64]:
        """The places of pictures with a truth that were answered with a letter."""
        known = zip(self.truth, self.errors, self.blanks, strict=True)
        return np.flatnonzero([bool(t) and not (e or blank) for t, e, blank in known])

    def _calibration(self, probabilities: Floats) -> dict[str, Any]:
        """Of the answers with a letter: "blank" has no probability."""
        of = self._answered
        if not len(of):
            return {"negative_log_likelihood": None, "expected_calibration_error": None}
        true = [self.alphabet.index(str(self.truth[i])) for i in of]
        error = expected_calibration_error(self.bins(probabilities))
        return {
            "negative_log_likelihood": round(
                negative_log_likelihood(probabilities[of, true]), DIGITS
            ),
            "expected_calibration_error": round(error, DIGITS),
        }

    def bins(self, probabilities: Floats) -> list[Bin]:
        of = self._answered
        letters = [self.alphabet[i] for i in probabilities[of].argmax(axis=1).tolist()]
        truth = [self.truth[i] for i in of.tolist()]
        right = np.array([a == b for a, b in zip(letters, truth, strict=True)], dtype=bool)
        return bins_of(probabilities[of].max(axis=1), right)

    def reliability(self) -> list[dict[str, str]]:
        """A row a bin of probabilities, calibrated and before."""
        pairs = zip(self.bins(self.probabilities), self.bins(self.uncalibrated), strict=True)
        return [
            {"above": f"{bin.low:.4f}", "to": f"{bin.high:.4f}"}
            | _cells("", bin)
            | _cells("before_", before)
            for bin, before in pairs
        ]

    def _told_apart(self, kind: str) -> dict[str, Any]:
        probabilities, blank = self.strangers[kind]
        letters = self.probabilities[self._answered].max(axis=1).astype(np.float64)
        area = area_under_roc(letters, probabilities) if len(letters) else None
        return {
            "count": len(probabilities),
            "area_under_roc": None if area is None else round(area, DIGITS),
            "above_half": round(float((probabilities > 0.5).mean()), DIGITS),
            "answered_blank": round(float(blank.mean()), DIGITS),
        }


def _cells(prefix: str, bin: Bin) -> dict[str, str]:
    shares = {"probability": bin.probability, "accuracy": bin.accuracy}
    return {f"{prefix}count": str(bin.count)} | {
        prefix + name: "" if value is None else f"{value:.6f}" for name, value in shares.items()
    }
