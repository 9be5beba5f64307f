"""Tables for the terminal: drawn by rich on a terminal, plain aligned lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from charrec.errors import printable
from charrec.terminal import console, drawn, is_drawn

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

Rows = Sequence[Sequence[str]]
STYLES = {  # of cells that say how something stands
    **dict.fromkeys(("refused", "diverged", "failed"), "red"),
    **dict.fromkeys(("warned", "interrupted", "cut off", "running"), "yellow"),
    **dict.fromkeys(("note", "pruned"), "dim"),
}
ASCII = {"±": "+-"}  # where the encoding has no more
GAP = 2  # characters between two columns


def print_table(columns: Sequence[str], rows: Rows) -> None:
    rows = [[printable(cell) for cell in row] for row in rows]
    if is_drawn(sys.stdout) and columns:
        _print_drawn(columns, rows)
    else:
        _print_plain([columns, *rows])


def _print_drawn(columns: Sequence[str], rows: Rows) -> None:
    from charrec.figures.columns import widths_of

    here = console(sys.stdout)
    if here.options.ascii_only:
        rows = [[_in_ascii(cell) for cell in row] for row in rows]
    room = here.width - GAP * (len(columns) - 1)
    widths = widths_of([list(cells) for cells in zip(columns, *rows, strict=True)], room)
    if widths is None:
        table = _below_each_other(columns, rows, here.width)
    else:
        table = _side_by_side(columns, rows, widths)
    print(drawn(table, sys.stdout))


def _in_ascii(cell: str) -> str:
    return "".join(ASCII.get(character, character) for character in cell)


def _side_by_side(columns: Sequence[str], rows: Rows, widths: Sequence[int]) -> Table:
    from rich import box
    from rich.table import Table

    from charrec.figures.columns import folded, is_number

    gap = (0, GAP - 1, 0, 0)  # and a character between the columns, which a box may draw in
    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=gap, header_style="bold"
    )
    for place, (name, width) in enumerate(zip(columns, widths, strict=True)):
        cells = [row[place] for row in rows if row[place]]
        numbers = any(map(is_number, cells)) and all(is_number(c) or c in STYLES for c in cells)
        table.add_column(name, width=width, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*(_text(c, folded(c, w)) for c, w in zip(row, widths, strict=True)))
    return table


def _below_each_other(columns: Sequence[str], rows: Rows, room: int) -> Table:
    """For a narrow terminal: each row a block of lines, a line each cell."""
    from rich.table import Table

    from charrec.figures.columns import folded

    names = max(map(len, columns))
    table = Table.grid(padding=(0, GAP, 0, 0))
    table.add_column(style="bold", width=names)
    for place, row in enumerate(rows):
        if place:
            table.add_row()
        for name, cell in zip(columns, row, strict=True):
            table.add_row(name, _text(cell, folded(cell, max(1, room - names - GAP))))
    return table


def _text(cell: str, shown: str) -> Text:
    """Text: a file name may look like markup."""
    from rich.text import Text

    return Text(shown, style=STYLES.get(cell, ""))


def _print_plain(rows: Rows) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
