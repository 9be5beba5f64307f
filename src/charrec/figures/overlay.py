"""The curves of all runs over each other, the best in front."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from charrec.figures.comparison import BEST, Comparison, Curve, spread
from charrec.figures.png import save
from charrec.figures.style import DPI, QUIET, colour_of, new_figure, percent, show_key, title

MOST_NAMED = 8  # at the ends of their curves; of more runs the best is
GAP = 0.05  # between the names, of the height


def draw_overlay(comparison: Comparison, out: Path) -> None:
    """Write the validation accuracies by epoch as a PNG; a cross ends what did not complete."""
    figure, axes = new_figure()
    curves = comparison.curves
    faded = 0.9 if len(curves) <= MOST_NAMED else 0.55
    for curve in reversed(curves):  # the best in front
        colour = BEST if curve.best else colour_of(comparison.key, curve.group)
        _draw(axes, curve, colour, 1 if curve.best else faded)
    axes.set(xlabel="epoch", ylabel="validation accuracy")
    axes.set_ylim(0, 1.08 * max(value for curve in curves for _, value in curve.points) or 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(percent(*axes.get_ylim()))
    axes.margins(x=0.02)
    axes.grid(axis="y", color="0.93")
    axes.set_axisbelow(True)
    _name(axes, curves if len(curves) <= MOST_NAMED else [c for c in curves if c.best])
    title(axes, f"Validation accuracy of {_counted(curves)} by epoch", _said_of(curves))
    show_key(figure, comparison.key)
    save(figure, out, dpi=DPI)


def _draw(axes: Axes, curve: Curve, colour: str, faded: float) -> None:
    unfinished = curve.status != "completed"
    axes.plot(
        *zip(*curve.points, strict=True),
        color=colour,
        alpha=faded,
        linewidth=3 if curve.best else 1.4,
        linestyle="--" if unfinished else "-",
        marker="o" if len(curve.points) == 1 and not unfinished else None,
        markersize=5,
    )
    if unfinished:
        axes.plot(*curve.points[-1], marker="x", color=colour, markersize=8, zorder=4)


def _name(axes: Axes, curves: Sequence[Curve]) -> None:
    """Each curve by its own words at its end, moved apart where they would meet."""
    _, top = axes.get_ylim()
    right = max((curve.points[-1][0] for curve in curves), default=0)
    ends = [curve.points[-1][1] for curve in curves]
    for curve, height in zip(curves, spread(ends, GAP * top, top), strict=True):
        state = "" if curve.status == "completed" else f", {curve.status}"
        highest = max(value for _, value in curve.points)
        axes.annotate(
            f"{curve.label}: {highest:.1%}{state}",
            (right, height),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=10,
            color=BEST if curve.best else QUIET,
            fontweight="bold" if curve.best else "normal",
            annotation_clip=False,
            parse_math=False,
        )


def _counted(curves: Sequence[Curve]) -> str:
    return "1 run" if len(curves) == 1 else f"{len(curves)} runs"


def _said_of(curves: Sequence[Curve]) -> str:
    best = next((curve for curve in curves if curve.best), None)
    if best is None:
        return "no run completed"
    epoch, accuracy = max(best.points, key=lambda point: point[1])
    return f"best: {best.name or best.label}, {accuracy:.1%} in epoch {epoch}"
