"""Accuracy against the number of parameters: what a larger network buys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from charrec.figures.comparison import BEST, Comparison, Spot, frontier, is_wide, sizes_to_name
from charrec.figures.png import save
from charrec.figures.style import DPI, colour_of, new_figure, percent, show_key, title


def draw_sizes(comparison: Comparison, out: Path) -> None:
    """Write a dot for each experiment as a PNG, and a line along the best of each size."""
    figure, axes = new_figure()
    key = comparison.spot_key
    for group in key.values if key else ("",):
        _draw_group(axes, [s for s in comparison.spots if s.group == group], colour_of(key, group))
    front = frontier(comparison.spots)
    _draw_front(axes, front)
    _scale(axes, [spot.parameters for spot in comparison.spots])
    axes.set(xlabel="parameters (weights and biases that are learned)")
    axes.set_ylabel("validation accuracy, mean over seeds")
    axes.yaxis.set_major_formatter(percent(*axes.get_ylim()))
    axes.grid(color="0.93")
    axes.set_axisbelow(True)
    best = front[-1]
    said = (
        f"best: {best.name or best.label}, {best.accuracy:.1%} with {best.parameters:,} parameters"
    )
    title(axes, "Validation accuracy against the size of the network", said)
    show_key(figure, key)
    save(figure, out, dpi=DPI)


def _draw_group(axes: Axes, spots: Sequence[Spot], colour: str) -> None:
    axes.errorbar(
        [spot.parameters for spot in spots],
        [spot.accuracy for spot in spots],
        yerr=[spot.deviation or 0 for spot in spots],
        fmt="o",
        markersize=8,
        markeredgecolor="white",
        elinewidth=1.2,
        color=colour,
        alpha=0.85,
    )


def _draw_front(axes: Axes, front: Sequence[Spot]) -> None:
    sizes = [spot.parameters for spot in front]
    heights = [spot.accuracy for spot in front]
    axes.plot(sizes, heights, color=BEST, linewidth=1.5, zorder=1, drawstyle="steps-post")
    for spot in front:
        axes.plot(
            spot.parameters, spot.accuracy, "o", markersize=12, markerfacecolor="none", color=BEST
        )
        axes.annotate(
            f"{spot.accuracy:.1%}",
            (spot.parameters, spot.accuracy),
            xytext=(-9, 7),
            textcoords="offset points",
            ha="right",
            path_effects=[withStroke(linewidth=3, foreground="white")],
            fontsize=10,
            fontweight="bold",
            color=BEST,
        )


def _scale(axes: Axes, sizes: Sequence[int]) -> None:
    if is_wide(sizes):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    if ticks := sizes_to_name(sizes):
        axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    axes.margins(x=0.1, y=0.12)
