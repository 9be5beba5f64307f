"""What can be found in a folder of letters, and how grave it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from charrec.data.letters import SPLITS, shown

REFUSED, WARNED, NOTE = "refused", "warned", "note"  # training refuses the first
KINDS = {  # level and words of each kind of finding, the gravest first
    "list": (REFUSED, "lists that cannot be read"),
    "twins": (REFUSED, "names that stand in a list more than once"),
    "label": (REFUSED, "labels that are no letter of the alphabet"),
    "file": (REFUSED, "files that are missing, empty, too large, odd or outside the folder"),
    "broken": (REFUSED, "pictures that cannot be decoded"),
    "unseen": (WARNED, "letters that training never shows"),
    "contradiction": (WARNED, "the same picture with different letters"),
    "leak": (WARNED, "the same picture in two splits"),
    "repeat": (NOTE, "the same picture again in a split"),
    "absent": (NOTE, "letters without a picture in a split"),
    "unlisted": (NOTE, "files in images/ that no list names"),
    "sizes": (NOTE, "pictures of different sizes"),
}


class Place(NamedTuple):
    """Where a picture stands; a file that no list names has neither split nor letter."""

    split: str | None
    name: str  # as in the list
    letter: str | None


class Case(NamedTuple):
    """One instance of a finding: the pictures that it is about, and what is the matter."""

    places: tuple[Place, ...]
    problem: str

    def __str__(self) -> str:
        names = " = ".join(
            " ".join(filter(None, (place.split, shown(place.name)))) for place in self.places[:4]
        )
        more = f" and {len(self.places) - 4:,} more" if len(self.places) > 4 else ""
        return ": ".join(filter(None, (names + more, self.problem)))


class About(NamedTuple):
    """What a picture's file says of itself."""

    format: str
    mode: str
    width: int
    height: int


@dataclass(frozen=True)
class Examination:
    """Everything that was found in a folder of letters."""

    root: str
    alphabet: str
    image_size: int
    listed: Mapping[str, Counter[str | None]]  # split -> letter -> pictures
    about: tuple[About, ...]  # of every picture that can be decoded
    cases: Mapping[str, list[Case]]  # by kind, each of KINDS

    @property
    def verdict(self) -> str:
        """The gravest level, "refused" or "warned"; "good" for neither."""
        levels = [KINDS[kind][0] for kind in KINDS if self.cases[kind]]
        return next((level for level in levels if level != NOTE), "good")

    def findings(self) -> Iterator[tuple[str, str, list[Case]]]:
        """(level, what, cases) of every kind of which there are any."""
        for kind, (level, what) in KINDS.items():
            if self.cases[kind]:
                yield level, what, self.cases[kind]

    def record(self) -> dict[str, Any]:
        """What ``check.json`` holds.

        ``verdict`` (refused, warned or good), ``root``, ``alphabet``, ``image_size``; ``letters``,
        how many pictures of each in each split; ``width`` and ``height``, each with min, median
        and max, null where no picture could be decoded; ``modes`` and ``formats``, Pillow's names
        and how many; and ``findings``: by kind, each with ``level``, ``what``, ``count`` and all
        its ``cases``. A case has ``pictures`` (split, name, letter) and a ``problem`` in words.
        """
        return {
            "verdict": self.verdict,
            "root": self.root,
            "alphabet": self.alphabet,
            "image_size": self.image_size,
            "letters": {split: self._counts(split) for split in SPLITS},
            "width": _spread([about.width for about in self.about]),
            "height": _spread([about.height for about in self.about]),
            "modes": dict(Counter(about.mode for about in self.about).most_common()),
            "formats": dict(Counter(about.format for about in self.about).most_common()),
            "findings": {kind: _finding(kind, self.cases[kind]) for kind in KINDS},
        }

    def _counts(self, split: str) -> dict[str, int]:
        return {letter: self.listed[split][letter] for letter in self.alphabet}


def _spread(values: list[int]) -> dict[str, float] | None:
    if not values:
        return None
    return {"min": min(values), "median": median(values), "max": max(values)}


def _finding(kind: str, cases: list[Case]) -> dict[str, Any]:
    level, what = KINDS[kind]
    told = [
        {"pictures": [place._asdict() for place in case.places], "problem": case.problem}
        for case in cases
    ]
    return {"level": level, "what": what, "count": len(cases), "cases": told}
