"""What a network answered: the likeliest letters of each picture, and the tables made of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrec.files import whole_file

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


@dataclass(frozen=True)
class Answers:
    """Probabilities (N, C) for N pictures; `truth` and `errors` hold None where there is none."""

    alphabet: str
    files: Sequence[str]
    truth: Sequence[str | None]
    probabilities: NDArray[np.float32]
    errors: Sequence[str | None]

    @property
    def letters(self) -> list[str]:
        """The likeliest letter of each picture, "" for one that could not be read."""
        best = self.probabilities.argmax(axis=1)
        return ["" if e else self.alphabet[i] for i, e in zip(best, self.errors, strict=True)]

    @property
    def judged(self) -> list[tuple[str, str]]:
        """(truth, answer) of every picture that has both."""
        pairs = zip(self.truth, self.letters, strict=True)
        return [(truth, letter) for truth, letter in pairs if truth and letter]

    @property
    def correct(self) -> int:
        return sum(truth == letter for truth, letter in self.judged)

    def score(self) -> dict[str, Any]:
        """``{accuracy, correct, total}``, accuracy as a fraction, None where no truth is known."""
        total = len(self.judged)
        accuracy = self.correct / total if total else None
        return {"accuracy": accuracy, "correct": self.correct, "total": total}

    def rows(self) -> Iterator[dict[str, str]]:
        """One mapping a picture with the keys `COLUMNS`, "" where there is nothing to say."""
        ranked = (-self.probabilities).argsort(axis=1, kind="stable")[:, :3]
        for i, (file, truth, error) in enumerate(
            zip(self.files, self.truth, self.errors, strict=True)
        ):
            cells = [file, truth or ""]
            for j in ranked[i] if not error else ():
                cells += [self.alphabet[j], f"{self.probabilities[i, j]:.6f}"]
            cells += [""] * (len(COLUMNS) - 1 - len(cells)) + [error or ""]
            yield dict(zip(COLUMNS, cells, strict=True))

    def confusion(self) -> NDArray[np.int64]:
        """Counts (C, C): rows truth, columns answers, both in the order of the alphabet."""
        counts = np.zeros((len(self.alphabet),) * 2, dtype=np.int64)
        for truth, letter in self.judged:
            counts[self.alphabet.index(truth), self.alphabet.index(letter)] += 1
        return counts

    def per_letter(self) -> list[dict[str, str]]:
        """Letter, count, recall and the most frequent confusion; "" for what cannot be said."""
        table = []
        for i, row in enumerate(self.confusion()):
            letter, count = self.alphabet[i], int(row.sum())
            wrong = row.copy()
            wrong[i] = 0
            confused = int(wrong.max())
            cells = {
                "letter": letter,
                "count": str(count),
                "recall": f"{row[i] / count:.4f}" if count else "",
                "most_confused_with": self.alphabet[wrong.argmax()] if confused else "",
                "confused": str(confused) if confused else "",
            }
            table.append(cells)
        return table


def write_csv(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """UTF-8 even where a file's name is not: its odd bytes are written as escapes."""
    first, *others = rows
    with whole_file(path, newline="", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, list(first), lineterminator="\n")
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(others)


def write_confusion_csv(path: Path, answers: Answers) -> None:
    """Rows truth, columns answers, with the letters along both sides."""
    with whole_file(path, newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["truth", *answers.alphabet])
        for letter, row in zip(answers.alphabet, answers.confusion().tolist(), strict=True):
            writer.writerow([letter, *row])
