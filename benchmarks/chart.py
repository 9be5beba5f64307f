"""The epochs of all peers as bars, charrec's as the unit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.compare import Row
from benchmarks.table import seconds_text
from benchmarks.workloads import OURS, PEERS, WORKLOADS
from charrec.figures.png import save

OURS_COLOUR, OTHER_COLOUR, TEXT = "#d55e00", "#5b8fb9", "#787878"  # on white and on black alike


def draw(rows: Sequence[Row], out: Path) -> None:
    """Write a PNG, a panel a workload; readable on a white page and on a black one."""
    workloads = list(dict.fromkeys(row.workload for row in rows))
    peers = len(rows) // len(workloads)
    size = (4.2 + 2.6 * len(workloads), 1.1 + 0.36 * peers)
    figure = Figure(figsize=size, layout="constrained", facecolor="none")
    panels = figure.subplots(1, len(workloads), sharey=True, squeeze=False)[0]
    for axes, workload in zip(panels, workloads, strict=True):
        _panel(axes, [row for row in reversed(rows) if row.workload == workload])
    said = "seconds of a training epoch, in brackets as a multiple of charrec's; shorter is better"
    figure.supxlabel(said, color=TEXT, fontsize=9)
    save(figure, out, dpi=150)


def _panel(axes: Axes, rows: Sequence[Row]) -> None:
    names = [PEERS[row.peer].title.replace("`", "") for row in rows]
    ours = [PEERS[row.peer].module == PEERS[OURS].module for row in rows]
    colours = [OURS_COLOUR if own else OTHER_COLOUR for own in ours]
    bars = axes.barh(names, [row.epoch for row in rows], color=colours, height=0.7)
    labels = [f"{seconds_text(row.epoch)}  ({1 / row.ratio:.3g} ×)" for row in rows]
    axes.bar_label(bars, labels, padding=3, color=TEXT, fontsize=8)
    axes.set_title(WORKLOADS[rows[0].workload].title, color=TEXT, fontsize=9, loc="left")
    axes.set_facecolor("none")
    axes.margins(x=0.4)  # room for the labels
    axes.tick_params(colors=TEXT, length=0, labelsize=9)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
