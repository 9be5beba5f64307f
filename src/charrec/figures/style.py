"""What the figures of many runs have in common; colours that colour-blind readers tell apart."""

from __future__ import annotations

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from charrec.figures.comparison import PLAIN, Key

FAINT, QUIET = "0.9", "0.35"  # greys: of lines behind, of words beside
DPI = 150
LONGEST_LINE = 100  # letters below the title


def new_figure(height: float = 5.0) -> tuple[Figure, Axes]:
    """1350 dots wide, so that words can still be read at half of that."""
    figure = Figure(figsize=(9, height), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def colour_of(key: Key | None, group: str) -> str:
    return PLAIN if key is None else to_hex(colormaps["viridis"](key.place(group)))


def title(axes: Axes, heading: str, below: str) -> None:
    """What is shown, and how to read it."""
    axes.set_title(f"{heading}\n", loc="left", fontsize=13, fontweight="bold", parse_math=False)
    axes.annotate(
        below if len(below) <= LONGEST_LINE else below[: LONGEST_LINE - 1] + "…",
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 7),
        textcoords="offset points",
        fontsize=10,
        color=QUIET,
        parse_math=False,
    ).set_in_layout(False)


def percent(low: float, high: float) -> PercentFormatter:
    """For an axis of fractions between `low` and `high`."""
    return PercentFormatter(1, decimals=0 if high - low > 0.06 else 1)


def show_key(figure: Figure, key: Key | None) -> None:
    """The colours of a setting's values, below everything."""
    if key is None:
        return
    lines = [Line2D([], [], color=colour_of(key, value), linewidth=4) for value in key.values]
    legend = figure.legend(
        lines,
        [value or "not set" for value in key.values],
        title=key.setting,
        loc="outside lower center",
        ncols=len(lines),
        frameon=False,
        fontsize=10,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
