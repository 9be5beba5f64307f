"""How far probabilities can be believed: the share of right answers, by their probability."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from charrec.calibration import Bin, expected_calibration_error
from charrec.figures.comparison import BEST, PLAIN
from charrec.figures.png import save
from charrec.figures.style import DPI, FAINT, QUIET, new_figure, percent, title

PLACE = (0.085, 0.1, 0.9, 0.78)  # of the axes: left, bottom, width, height
LARGEST = 260  # square points: a dot that stands for all answers


def draw_reliability(calibrated: Sequence[Bin], before: Sequence[Bin], out: Path) -> None:
    """Write a dot a bin as a PNG, calibrated and before, beside the diagonal of the ideal."""
    figure, axes = new_figure()
    figure.set_layout_engine(None)  # which takes twice the time, and what stands here is known
    axes.set_position(PLACE)
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=":", label="as it should be")
    for bins, colour, name in ((before, BEST, "before"), (calibrated, PLAIN, "calibrated")):
        _draw(axes, bins, colour, name)
    axes.set(xlabel="probability of the answer", ylabel="share of them that is right")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(percent(0, 1))
    axes.grid(color=FAINT)
    axes.set_axisbelow(True)
    axes.legend(loc="upper left", frameon=False)
    title(
        axes,
        "Can the probabilities be believed?",
        "15 bins of test letters, larger dots for more of them; below the line they are too sure",
    )
    save(figure, out, dpi=DPI)


def _draw(axes: Axes, bins: Sequence[Bin], colour: str, name: str) -> None:
    """The area of a dot is the share of the answers that it stands for."""
    filled = [b for b in bins if b.count]
    total = sum(b.count for b in filled)
    if not total:
        return
    across, up = [b.probability for b in filled], [b.accuracy for b in filled]
    error = expected_calibration_error(filled)
    axes.plot(across, up, color=colour, linewidth=1.5, label=f"{name}: {error:.1%} off")  # type: ignore[arg-type]
    sizes = [LARGEST * b.count / total for b in filled]
    axes.scatter(across, up, s=sizes, color=colour, zorder=3)  # type: ignore[arg-type]
