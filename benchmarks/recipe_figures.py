"""Accuracy against hidden units, epochs and pictures: one PNG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.recipe_studies import STUDIES
from charrec.figures.png import save

TEXT = "#787878"  # on white and on black alike
COLOURS = ("#d55e00", "#5b8fb9", "#009e73")
PANELS: dict[str, tuple[str, Callable[[dict[str, Any], int], float | str]]] = {
    "hidden_units": ("hidden units", lambda row, place: row["variant"]),
    "epochs": ("epochs", lambda row, place: row["epochs"]),
    "training_pictures": (
        "share of the training pictures",
        lambda row, place: STUDIES["training_pictures"][place].share,
    ),
}


def draw(rows: Sequence[dict[str, Any]], out: Path) -> None:
    """Write ``recipe.png``, a panel a study and a line a set of letters."""
    shown = [study for study in PANELS if any(row["study"] == study for row in rows)]
    if not shown:
        return
    size = (4.2 * len(shown), 3.2)
    figure = Figure(figsize=size, layout="constrained", facecolor="none")
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, study in zip(panels, shown, strict=True):
        _panel(axes, study, [row for row in rows if row["study"] == study])
    panels[0].set_ylabel("validation accuracy, %", color=TEXT)
    panels[0].legend(frameon=False, labelcolor=TEXT)
    save(figure, out / "recipe.png", dpi=150)


def _panel(axes: Axes, study: str, rows: Sequence[dict[str, Any]]) -> None:
    title, place_of = PANELS[study]
    for name, colour in zip(dict.fromkeys(row["set"] for row in rows), COLOURS, strict=False):
        own = [row for row in rows if row["set"] == name]
        places = [place_of(row, number) for number, row in enumerate(own)]
        means = [100 * mean(row["accuracies"]) for row in own]
        spread = [100 * stdev(row["accuracies"]) for row in own]
        axes.errorbar(places, means, spread, color=colour, label=name, marker="o", capsize=3)
    if not isinstance(place_of(rows[0], 0), str):
        axes.set_xscale("log")
    axes.set_xlabel(title, color=TEXT)
    axes.set_facecolor("none")
    axes.tick_params(colors=TEXT, labelsize=8)
    axes.grid(color=TEXT, alpha=0.2)
    axes.spines[:].set_visible(False)
