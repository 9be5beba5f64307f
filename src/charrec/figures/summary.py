"""What came of a training, for the terminal: a few figures in a frame."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from charrec.statistics import between, wilson_interval
from charrec.terminal import drawn

Line = tuple[str, str, str]  # what, the figure, and more of it


def drawn_summary(summary: Mapping[str, Any], folder: str) -> str:
    """As stdout shows it."""
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for what, figure, more in _lines(summary):
        table.add_row(what, figure, more)
    frame = Panel(table, title=Text(folder, overflow="fold"), title_align="left", expand=False)
    return drawn(frame, sys.stdout)


def _lines(summary: Mapping[str, Any]) -> Iterator[Line]:
    """A summary of an earlier version of charrec has fewer entries."""
    test = summary["test"]
    interval = between(wilson_interval(test["correct"], test["total"]))
    among = f"{test['correct']} of {test['total']}, 95% interval {interval}"
    yield "Test accuracy", f"{test['accuracy']:.1%}", among
    if (macro := test.get("macro_accuracy")) is not None:
        yield "Mean over letters", f"{macro:.1%}", "each letter counts alike"
        yield "Among the first three", f"{test['top_3_accuracy']:.1%}", ""
    if (error := test.get("expected_calibration_error")) is not None:
        before = test["before_temperature"]["expected_calibration_error"]
        yield "Calibration error", f"{error:.1%}", f"{before:.1%} before calibration"
    validation = f"validation accuracy {summary['validation']['accuracy']:.1%}"
    yield "Best epoch", str(summary["best_epoch"]), f"of {summary['epochs']}, {validation}"
