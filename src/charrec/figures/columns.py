"""How wide the columns of a table are on a terminal, and where a long cell is folded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, chop_cells

WHOLE = 32  # characters of a name that are kept together
NUMBER = re.compile(r"[-+]?\d[\d.,]*(e[-+]?\d+)?%?( ± [\d.]+%)?( of \d+)?( \(\d+\))?")
PIECE = re.compile(r"[^/\s]*[/\s]*")  # a path may be folded after a slash, a text after a space


def is_number(cell: str) -> bool:
    """``84.2%``, ``55.0% ± 15.0%``, ``2 of 6``, ``53.0% (1)``."""
    return NUMBER.fullmatch(cell) is not None


def widths_of(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """As wide as the longest cell, or less, the widest first, to come to `room` in all.

    Returns:
        None where names would be broken into unreadable pieces.
    """
    widths = [max(map(cell_len, cells)) for cells in columns]
    least = [max(map(_longest_piece, cells)) for cells in columns]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        places = [place for place, low in enumerate(least) if widths[place] > low]
        widths[max(places, key=widths.__getitem__)] -= 1
    return widths


def _longest_piece(cell: str) -> int:
    if is_number(cell):
        return cell_len(cell)
    return min(WHOLE, max(cell_len(piece.rstrip()) for piece in PIECE.findall(cell)))


def folded(cell: str, width: int) -> str:
    """In lines of at most `width`, broken after slashes and spaces where that can be."""
    return "\n".join(line.rstrip() for line in _lines(cell, width))


def _lines(cell: str, width: int) -> Iterator[str]:
    line = ""
    for piece in PIECE.findall(cell):
        if line and cell_len(line + piece.rstrip()) > width:
            yield line
            line = ""
        *full, line = chop_cells(line + piece.rstrip(), width) or [""]
        yield from full
        line += piece[len(piece.rstrip()) :]
    yield line
