"""Loss and accuracy over the epochs, drawn from metrics.csv."""

from __future__ import annotations

import csv
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from charrec.figures.png import save

TRAIN, VALIDATION = "#0072b2", "#d55e00"  # told apart by colour-blind readers too


def read_metrics(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Column -> (epoch, value) pairs; an empty cell (no validation that epoch) has no pair."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [name for name in (rows[0] if rows else {}) if name != "epoch"]
    return {
        name: [(int(row["epoch"]), float(row[name])) for row in rows if row[name]]
        for name in columns
    }


def draw_curves(metrics: Path, out: Path, best_epoch: int | None) -> None:
    """Write the two curves of ``metrics.csv`` as a PNG, the best epoch marked."""
    columns = read_metrics(metrics)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for split, colour in (("train", TRAIN), ("validation", VALIDATION)):
            points = columns.get(f"{split}_{name}", [])
            marker = "o" if len(points) == 1 else None
            axes.plot(*zip(*points, strict=True), color=colour, label=split, marker=marker)
        if best_epoch is not None:
            best = f"best epoch: {best_epoch}"
            axes.axvline(best_epoch, color="grey", linewidth=1, linestyle=":", label=best)
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(y=0.05)
        axes.set_ylim(0, 1 if name == "accuracy" else None)
    lines, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside upper center", ncols=3, frameon=False)
    save(figure, out, dpi=120)
