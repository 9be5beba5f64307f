"""What there is to be told of a run, whoever tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrec.data.blank import BLANK

Row = Mapping[str, str]  # of test_predictions.csv
Columns = Mapping[str, Sequence[tuple[int, float]]]  # of metrics.csv, by epoch


@dataclass(frozen=True)
class Answered:
    """The test letters and what was answered, in the words of the run's files."""

    alphabet: str
    score: Mapping[str, Any]  # as in test.json
    rows: Sequence[Row]
    reliability: Sequence[Row]  # as in reliability.csv
    pictures: NDArray[np.uint8] | None  # (N, H, W), one a row; None where they are gone

    @cached_property
    def cells(self) -> dict[tuple[str, str], list[int]]:
        """(truth, answer) -> its rows: mistakes the surest first, right answers the least sure."""
        cells: dict[tuple[str, str], list[int]] = {}
        for place, row in enumerate(self.rows):
            if row["letter"]:
                cells.setdefault((row["truth"], row["letter"]), []).append(place)
        for (truth, letter), places in cells.items():
            places.sort(key=self.sureness, reverse=truth != letter)
        return cells

    @property
    def answers(self) -> list[str]:
        """What there are columns for."""
        blank = any(letter == BLANK for _, letter in self.cells)
        return [*self.alphabet, BLANK] if blank else list(self.alphabet)

    def sureness(self, place: int) -> float:
        return float(self.rows[place]["probability"] or 0)

    def mistakes(self) -> list[int]:
        """The surest first; what was answered "blank" has no probability, and comes last."""
        wrong = (places for (truth, letter), places in self.cells.items() if truth != letter)
        return sorted((p for places in wrong for p in places), key=self.sureness, reverse=True)

    def per_letter(self) -> Iterator[LetterScore]:
        counts = Counter({cell: len(places) for cell, places in self.cells.items()})
        for letter in self.alphabet:
            in_row = {answer: counts[letter, answer] for answer in self.answers}
            wrong = {answer: count for answer, count in in_row.items() if answer != letter}
            yield LetterScore(
                letter,
                right=in_row[letter],
                there=sum(in_row.values()),
                answered=sum(counts[truth, letter] for truth in self.alphabet),
                taken_for=max(wrong, key=wrong.__getitem__) if any(wrong.values()) else "",
                so_often=max(wrong.values()),
            )


@dataclass(frozen=True)
class LetterScore:
    """How well one letter is read, from counts of pictures."""

    letter: str
    right: int
    there: int
    answered: int
    taken_for: str
    so_often: int

    @property
    def recall(self) -> float | None:
        return self.right / self.there if self.there else None

    @property
    def precision(self) -> float | None:
        return self.right / self.answered if self.answered else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of the two, which is 0 where the letter is never read rightly."""
        either = self.there + self.answered
        return 2 * self.right / either if either else None


@dataclass(frozen=True)
class Mistake:
    """A picture that was read wrongly, and why."""

    place: int  # among the rows
    picture: NDArray[np.uint8]  # (H, W), as it is
    framed: NDArray[np.uint8]  # (H, W), as normalisation is given it
    fed: NDArray[np.float32]  # (H, W), as the first layer is given it
    why: NDArray[np.float32]  # (H, W), the input gradient


@dataclass(frozen=True)
class Content:
    """Of a run: None or empty where there is none."""

    name: str
    folder: str  # as it is typed in commands
    status: str
    summary: Mapping[str, Any]
    checkpoint: str
    settings: Mapping[str, str]  # by their dotted names
    given: Container[str]  # those that are not as by default
    train_command: str
    metrics: Columns
    notes: Sequence[str]  # what is missing, and how to get it
    calibrated: bool  # at the end of training, which may not have come
    tested: Answered | None
    mistakes: Sequence[Mistake]
    weights: NDArray[np.float32] | None  # (units, H, W) of the first layer
