"""How well each letter is read."""

from __future__ import annotations

from charrec.page.content import Content
from charrec.page.tables import Cell, number, share, sortable
from charrec.page.words import seen

COLUMNS = ("letter", "pictures", "recall", "precision", "F1", "most taken for", "times")


def letters(content: Content) -> str:
    if content.tested is None or not content.tested.rows:
        return ""
    rows = [
        [
            Cell(seen(one.letter)),
            number(one.there),
            share(one.recall),
            share(one.precision),
            share(one.f1),
            Cell(seen(one.taken_for)),
            number(one.so_often or None),
        ]
        for one in content.tested.per_letter()
    ]
    return (
        '<section id="letters"><h2>Letter by letter</h2>\n<p>Recall is the share of a letter’s '
        "pictures that were read as it, precision the share of the pictures read as it that are "
        "it, F1 their harmonic mean. A click on a column’s head sorts.</p>\n"
        f"{sortable('per-letter', COLUMNS, rows)}</section>"
    )
