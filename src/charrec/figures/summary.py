"""What came of a training, for the terminal: a few figures in a frame."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from charrec.scores import calibration_told
from charrec.statistics import between, wilson_interval
from charrec.terminal import console, drawn

if TYPE_CHECKING:
    from rich.table import Table

Line = tuple[str, str, str]  # what, the figure, and more of it
FRAME, TITLE = 4, 6  # characters beside a line, and beside the folder in the upper edge
ROOMY = 56  # characters, below which there is no place for more beside the figures


def drawn_summary(summary: Mapping[str, Any], folder: str) -> str:
    """As stdout shows it: what is too long for the terminal goes on in another line."""
    from rich.cells import cell_len
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    from charrec.figures.columns import folded

    width = console(sys.stdout).width
    table = (_side_by_side if width - FRAME >= ROOMY else _below_each_other)(_lines(summary))
    if cell_len(folder) <= width - TITLE:
        frame = Panel(table, title=Text(folder), title_align="left", expand=False)
    else:  # rich would cut the title off
        frame = Panel(Group(Text(folded(folder, width - FRAME)), table), expand=False)
    return drawn(frame, sys.stdout)


def _side_by_side(lines: Iterable[Line]) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for line in lines:
        table.add_row(*line)
    return table


def _below_each_other(lines: Iterable[Line]) -> Table:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table.grid()
    table.add_column(overflow="fold")
    for what, figure, more in lines:
        table.add_row(Text.assemble((what, "bold"), " ", figure))
        if more:
            table.add_row(Padding(more, (0, 0, 0, 2)))
    return table


def _lines(summary: Mapping[str, Any]) -> Iterator[Line]:
    """A summary of an earlier version of charrec has fewer entries."""
    test = summary["test"]
    interval = between(wilson_interval(test["correct"], test["total"]))
    among = f"{test['correct']:,} of {test['total']:,}, 95% interval {interval}"
    yield "Test accuracy", f"{test['accuracy']:.1%}", among
    if (macro := test.get("macro_accuracy")) is not None:
        yield "Mean over letters", f"{macro:.1%}", "each letter counts alike"
        yield "Among the first three", f"{test['top_3_accuracy']:.1%}", ""
    error, before = calibration_told(test)
    if error:
        yield "Calibration error", error, before
    validation = f"validation accuracy {summary['validation']['accuracy']:.1%}"
    yield "Best epoch", str(summary["best_epoch"]), f"of {summary['epochs']}, {validation}"
