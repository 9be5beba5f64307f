"""What a score, as ``test.json`` has it, says in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from charrec.calibration import doubts, how_fitted
from charrec.statistics import in_words

UNKNOWN = "-"


def told(score: Mapping[str, Any], several: bool = False) -> Iterator[str]:
    """A score in a few lines; one of an earlier version of charrec has fewer entries.

    Args:
        several: it is of the mean of several networks.
    """
    yield in_words(score["correct"], score["total"])
    if (macro := score.get("macro_accuracy")) is not None:
        among = score["top_3_accuracy"]
        yield f"Mean over letters: {macro:.1%}; the letter is among the first three: {among:.1%}"
    error, more = calibration_told(score, several)
    if error == UNKNOWN:
        yield more.capitalize()
    elif error:
        yield f"Probabilities: {error} off, {more} (expected calibration error)"


def calibration_told(score: Mapping[str, Any], several: bool = False) -> tuple[str, str]:
    """The calibration error, and what it was before; `UNKNOWN` and why where it says nothing.

    Both are empty where there is none: no answer had a probability, or an earlier version tested.
    """
    if (error := score.get("expected_calibration_error")) is None:
        return "", ""
    if doubt := doubts(score["temperature"]):
        return UNKNOWN, f"probabilities {doubt}"
    return f"{error:.1%}", _uncalibrated_in_words(score, several)


def _uncalibrated_in_words(score: Mapping[str, Any], several: bool) -> str:
    """A mean may have no temperature, but the mean of what the networks themselves say is another.

    Its networks have theirs, which are undone in that.
    """
    before, temperature = score["before_temperature"], score["temperature"]
    how = how_fitted(temperature, score.get("temperature_letters"))
    if several:
        return f"{before['expected_calibration_error']:.1%} with no network calibrated{how}"
    if temperature == 1:
        return "not calibrated"
    return f"{before['expected_calibration_error']:.1%} before calibration{how}"


def no_letters_table(score: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Kind, AUROC, share above one half, share answered "blank"."""
    return [
        (
            kind.replace("_", " "),
            "" if of["area_under_roc"] is None else f"{of['area_under_roc']:.2f}",
            f"{of['above_half']:.1%}",
            f"{of['answered_blank']:.1%}",
        )
        for kind, of in score["no_letters"].items()
    ]
