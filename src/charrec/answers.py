"""What a network answered: the likeliest letters of each picture, and the tables made of them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrec.data.blank import BLANK
from charrec.files import whole_file
from charrec.statistics import wilson_interval

COLUMNS = (
    "file",
    "truth",
    "letter",
    "probability",
    "second",
    "second_probability",
    "third",
    "third_probability",
    "error",
)
FEW = 3  # that many of the likeliest letters are named
DIGITS = 6  # of a fraction in JSON, but for an accuracy, which is a quotient of counts


@dataclass(frozen=True)
class Answers:
    """Probabilities (N, C) for N pictures; `truth` and `errors` hold None where there is none.

    Where a picture is blank, "blank" is the answer, whatever its probabilities are.
    """

    alphabet: str
    files: Sequence[str]
    truth: Sequence[str | None]
    probabilities: NDArray[np.float32] | NDArray[np.float64]
    errors: Sequence[str | None]
    blank: Sequence[bool] | NDArray[np.bool_] | None = None  # None: no picture is

    def part(self, which: slice) -> Answers:
        """Those of some of the pictures."""
        return Answers(
            self.alphabet,
            self.files[which],
            self.truth[which],
            self.probabilities[which],
            self.errors[which],
            None if self.blank is None else self.blank[which],
        )

    @property
    def letters(self) -> list[str]:
        """The likeliest letter of each picture, "blank", or "" for one that could not be read."""
        likeliest = [self.alphabet[i] for i in self.probabilities.argmax(axis=1).tolist()]
        return [
            "" if error else BLANK if blank else letter
            for letter, error, blank in zip(likeliest, self.errors, self.blanks, strict=True)
        ]

    @property
    def blanks(self) -> list[bool]:
        return [False] * len(self.files) if self.blank is None else list(map(bool, self.blank))

    @property
    def judged(self) -> list[tuple[str, str]]:
        """(truth, answer) of every picture that has both."""
        pairs = zip(self.truth, self.letters, strict=True)
        return [(truth, letter) for truth, letter in pairs if truth and letter]

    @property
    def correct(self) -> int:
        return sum(truth == letter for truth, letter in self.judged)

    @property
    def named(self) -> NDArray[np.int64]:
        """The letters (N, 3) that are named, the likeliest first, by their places."""
        return (-self.probabilities).argsort(axis=1, kind="stable")[:, :FEW]

    def score(self) -> dict[str, Any]:
        """What is right, fractions but for the counts; None where no truth is known."""
        correct, total = self.correct, len(self.judged)
        recalls = list(self.recalls().values())
        return {
            "accuracy": correct / total if total else None,
            "correct": correct,
            "total": total,
            "interval": _rounded(wilson_interval(correct, total)) if total else None,
            "macro_accuracy": round(sum(recalls) / len(recalls), DIGITS) if recalls else None,
            "top_3_accuracy": self._among_the_named() / total if total else None,
        }

    def recalls(self) -> dict[str, float]:
        """Of each letter that there are pictures of, the share that was read rightly."""
        counts = Counter(truth for truth, _ in self.judged)
        right = Counter(truth for truth, letter in self.judged if truth == letter)
        return {a: right[a] / counts[a] for a in self.alphabet if counts[a]}

    def _among_the_named(self) -> int:
        known = zip(self.truth, self.letters, self.named.tolist(), strict=True)
        return sum(
            truth in [self.alphabet[i] for i in places]
            for truth, letter, places in known
            if truth and letter not in ("", BLANK)
        )

    def rows(self) -> Iterator[dict[str, str]]:
        """One mapping a picture with the keys `COLUMNS`, "" where there is nothing to say."""
        named = self.named
        # As numbers of Python's own: there may be a million.
        values = np.take_along_axis(self.probabilities, named, axis=1).tolist()
        about = (self.files, self.truth, self.letters, self.errors, named.tolist(), values)
        for file, truth, letter, error, places, probabilities in zip(*about, strict=True):
            cells = [file, truth or "", BLANK] if letter == BLANK else [file, truth or ""]
            if letter not in ("", BLANK):
                for place, probability in zip(places, probabilities, strict=True):
                    cells += [self.alphabet[place], f"{probability:.6f}"]
            cells += [""] * (len(COLUMNS) - 1 - len(cells)) + [error or ""]
            yield dict(zip(COLUMNS, cells, strict=True))

    def confusion(self) -> NDArray[np.int64]:
        """Counts (C, C): rows truth, columns answers, both in the order of the alphabet.

        Where a letter was answered "blank", there is a last column more for it.
        """
        answers = [*self.alphabet, BLANK]
        counts = np.zeros((len(self.alphabet), len(answers)), dtype=np.int64)
        for truth, letter in self.judged:
            counts[self.alphabet.index(truth), answers.index(letter)] += 1
        return counts if counts[:, -1].any() else counts[:, :-1]

    def per_letter(self) -> list[dict[str, str]]:
        """Letter, count, recall and the most frequent confusion; "" for what cannot be said."""
        table, recalls, answers = [], self.recalls(), [*self.alphabet, BLANK]
        for i, row in enumerate(self.confusion()):
            letter, count = self.alphabet[i], int(row.sum())
            wrong = row.copy()
            wrong[i] = 0
            confused = int(wrong.max())
            cells = {
                "letter": letter,
                "count": str(count),
                "recall": f"{recalls[letter]:.4f}" if count else "",
                "most_confused_with": answers[wrong.argmax()] if confused else "",
                "confused": str(confused) if confused else "",
            }
            table.append(cells)
        return table


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(value, DIGITS) for value in values]


def csv_text(rows: Iterable[dict[str, str]], header: bool = False) -> str:
    """Lines as `write_csv` writes them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(COLUMNS)
    writer.writerows(row.values() for row in rows)
    return text.getvalue().encode(errors="backslashreplace").decode()


def write_csv(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """UTF-8 even where a file's name is not: its odd bytes are written as escapes."""
    first, *others = rows
    with whole_file(path, newline="", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, list(first), lineterminator="\n")
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(others)


def write_confusion_csv(path: Path, answers: Answers) -> None:
    """Rows truth, columns answers, with the letters along both sides, and perhaps "blank"."""
    counts = answers.confusion()
    with whole_file(path, newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["truth", *[*answers.alphabet, BLANK][: counts.shape[1]]])
        for letter, row in zip(answers.alphabet, counts.tolist(), strict=True):
            writer.writerow([letter, *row])
