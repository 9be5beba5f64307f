"""Which answers of a test are worst: those that are wrong and most sure of it."""

from __future__ import annotations

from charrec.answers import Answers
from charrec.data.blank import BLANK
from charrec.figures.mistakes import Mistake


def worst_mistakes(answers: Answers) -> list[Mistake]:
    """All of them, the surest first; a letter that was answered "blank" comes last."""
    best = answers.probabilities.max(axis=1).tolist()
    found = [
        Mistake(place, truth, letter, None if letter == BLANK else probability)
        for place, (truth, letter, probability) in enumerate(
            zip(answers.truth, answers.letters, best, strict=True)
        )
        if truth and letter and truth != letter
    ]
    return sorted(found, key=lambda mistake: -(mistake.probability or 0))
