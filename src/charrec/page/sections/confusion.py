"""Which letter was read as which, and behind each count the pictures that it counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from charrec.errors import printable
from charrec.page.content import Answered, Content
from charrec.page.document import data_block
from charrec.page.images import IN_A_ROW, sheet
from charrec.page.words import counted, marked, seen

MOST_LETTERS = 100  # in a matrix; with more there is the list of confusions alone
MOST_PICTURES = 3000  # that the page carries; 200 bytes each
MOST_CONFUSIONS = 12
Cells = Mapping[tuple[str, str], Sequence[int]]


def confusion(content: Content) -> str:
    tested = content.tested
    if tested is None or not tested.rows:
        return ""
    small = len(tested.alphabet) <= MOST_LETTERS
    listed = _most_frequent(tested)
    cells = tested.cells if small else {cell: tested.cells[cell] for cell in listed}
    kept = within(cells, MOST_PICTURES)
    matrix = (
        _matrix(tested)
        if small
        else (
            f"<p>{len(tested.alphabet)} letters are too many for a matrix on a page; "
            "confusion_matrix.csv has it.</p>"
        )
    )
    return (
        '<section id="confusion"><h2>What was read as what</h2>\n<p>Rows are the true letters, '
        "columns what was read; the stronger the colour, the larger the share of the row. Press a "
        f"count to see its pictures{_cut(cells, kept)}.</p>\n{_chips(tested, listed)}\n"
        f'<div class="beside"><div class="matrix">{matrix}</div>\n'
        '<div id="cell" aria-live="polite" tabindex="-1"><p class="quiet">Press a count or a '
        f"confusion.</p></div></div>\n{_pictures(tested, cells, kept)}</section>"
    )


def within(cells: Cells, most: int) -> dict[tuple[str, str], Sequence[int]]:
    """As many of each cell as there is room for, the same of each that has so many."""
    room, each = most, 0
    for done, size in enumerate(sizes := sorted(len(places) for places in cells.values())):
        each = room // (len(sizes) - done)
        if size > each:
            break
        room -= size
        each = size
    return {cell: places[: max(each, 1)] for cell, places in cells.items()}


def _cut(cells: Cells, kept: Cells) -> str:
    there, shown = (sum(map(len, some.values())) for some in (cells, kept))
    if there == shown:
        return ""
    return f" ({shown:,} of {there:,} stand in this page, of each count the first)"


def _most_frequent(tested: Answered) -> list[tuple[str, str]]:
    wrong = [cell for cell in tested.cells if cell[0] != cell[1]]
    wrong.sort(key=lambda cell: len(tested.cells[cell]), reverse=True)
    return wrong[:MOST_CONFUSIONS]


def _key(tested: Answered, cell: tuple[str, str]) -> str:
    """``3,17``: places, for letters may be anything."""
    return f"{tested.alphabet.index(cell[0])},{tested.answers.index(cell[1])}"


def _chips(tested: Answered, listed: Sequence[tuple[str, str]]) -> str:
    if not listed:
        return "<p>No test letter was read wrongly.</p>"
    chips = "".join(
        f'<button data-cell="{_key(tested, cell)}">{marked(seen(cell[0]))} as '
        f"{marked(seen(cell[1]))} <b>{len(tested.cells[cell]):,}</b></button>"
        for cell in listed
    )
    return f'<p class="chips"><span class="quiet">Most frequent:</span> {chips}</p>'


def _matrix(tested: Answered) -> str:
    heads = "".join(f'<th scope="col">{marked(seen(answer))}</th>' for answer in tested.answers)
    rows = "\n".join(_row(tested, letter) for letter in tested.alphabet)
    return (
        '<table role="grid" aria-label="Confusion matrix"><thead><tr><td></td>'
        f"{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
    )


def _row(tested: Answered, letter: str) -> str:
    counts = {answer: len(tested.cells.get((letter, answer), ())) for answer in tested.answers}
    total = sum(counts.values())
    cells = "".join(
        _cell(tested, (letter, answer), count, total) if count else "<td></td>"
        for answer, count in counts.items()
    )
    return f'<tr><th scope="row">{marked(seen(letter))}</th>{cells}</tr>'


def _cell(tested: Answered, cell: tuple[str, str], count: int, total: int) -> str:
    right, share = cell[0] == cell[1], count / total
    level = math.ceil(10 * (share if right else math.sqrt(share)))  # few mistakes are seen, too
    says = escape(
        f"{seen(cell[0])} read as {seen(cell[1])}: {count:,} of {counted(total, 'picture')}"
    )
    return (
        f'<td class="{"right" if right else "wrong"} s{level}"><button tabindex="-1" '
        f'data-cell="{_key(tested, cell)}" aria-label="{says}">{count}</button></td>'
    )


def _pictures(tested: Answered, cells: Cells, kept: Cells) -> str:
    """The sheet of pictures, and for each cell its whole count and where its pictures are."""
    order = {place: number for number, place in enumerate(p for ps in kept.values() for p in ps)}
    block = {
        _key(tested, cell): {
            "truth": seen(cell[0]),
            "answer": seen(cell[1]),
            "count": len(cells[cell]),
            "pictures": [[order[place], *_said(tested, place)] for place in places],
        }
        for cell, places in kept.items()
    }
    drawn, side = "", 0
    if tested.pictures is not None and len(order):
        source, side = sheet(tested.pictures[np.array(list(order))])
        drawn = f'<img id="sheet" hidden alt="" src="{source}">\n'
    return drawn + data_block("cells", {"side": side, "across": IN_A_ROW, "cells": block})


def _said(tested: Answered, place: int) -> tuple[str, str]:
    row = tested.rows[place]
    probability = f"{float(row['probability']):.1%}" if row["probability"] else ""
    return printable(row["file"]), probability
