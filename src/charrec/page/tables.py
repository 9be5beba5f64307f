"""Tables that a click on a column's head sorts (``sort.js``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

SORTED = ' aria-sort="descending"'


class Cell(NamedTuple):
    text: str
    worth: float | None = None  # what sorts it; None for text


def number(value: float | None, form: str = ",") -> Cell:
    return Cell("") if value is None else Cell(f"{value:{form}}", value)


def share(value: float | None) -> Cell:
    return number(value, ".1%")


def sortable(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], falling: str = ""
) -> str:
    """`falling` is the column by which it comes sorted, the highest first."""
    rows = list(rows)
    of_numbers = [
        any(cell.worth is not None for cell in cells) for cells in zip(*rows, strict=True)
    ]
    kinds = [' class="number"' if numbers else "" for numbers in of_numbers]
    heads = "".join(
        f"<th{kind}{SORTED if column == falling else ''}><button>{escape(column)}</button></th>"
        for column, kind in zip(columns, kinds, strict=True)
    )
    body = "\n".join(f"<tr>{''.join(map(_cell, row, kinds))}</tr>" for row in rows)
    return (
        f'<div class="table"><table class="sortable" id="{name}">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _cell(cell: Cell, kind: str) -> str:
    worth = "" if cell.worth is None else f' data-value="{cell.worth!r}"'
    return f"<td{kind}{worth}>{escape(cell.text)}</td>"


def plain(rows: Iterable[tuple[str, str]], heads: tuple[str, str]) -> str:
    """Two columns, the first naming the second."""
    body = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in rows
    )
    first, second = map(escape, heads)
    return (
        f'<div class="table"><table><thead><tr><th scope="col">{first}</th>'
        f'<th scope="col">{second}</th></tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'
    )
