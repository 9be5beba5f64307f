"""Loss and accuracy by epoch, the best one marked; a pointer above reads off the values."""

from __future__ import annotations

import math
from collections.abc import Sequence

from charrec.page.content import Columns, Content
from charrec.page.document import data_block
from charrec.page.plot import LEFT, RIGHT, WIDTH, Plot, svg

MOST = 400  # epochs that are drawn: more than a screen has places for
SPLITS = {"train": "training", "validation": "validation"}
Points = Sequence[tuple[int, float]]


def curves(content: Content) -> str:
    recorded = content.summary.get("best_epoch")
    best = recorded if isinstance(recorded, int) else None
    metrics = {name: _finite(points) for name, points in content.metrics.items()}
    epochs = sorted({epoch for points in metrics.values() for epoch, _ in points})
    if not epochs:
        return ""
    shown = set(_thinned(epochs, best))
    metrics = {name: [p for p in points if p[0] in shown] for name, points in metrics.items()}
    plots = "\n".join(_plot(name, metrics, epochs, best) for name in ("loss", "accuracy"))
    key = "".join(f'<span class="{split}">{called}</span>' for split, called in SPLITS.items())
    marked = '<span class="best">best epoch on validation</span>' if best else ""
    return (
        '<section id="curves"><h2>Curves</h2>\n<p>Point at an epoch, or go through them with the '
        f'arrow keys, to read off its values.</p>\n<p class="key">{key}{marked}</p>\n'
        f'<div class="plots">{plots}</div>\n<p id="readout" aria-live="polite"></p>\n'
        f"{data_block('epochs', _data(metrics, sorted(shown), best))}</section>"
    )


def _finite(points: Points) -> Points:
    return [(epoch, value) for epoch, value in points if math.isfinite(value)]


def _thinned(epochs: Sequence[int], best: int | None) -> Sequence[int]:
    """Every second, third ... of many, the last and the best among them."""
    step = math.ceil(len(epochs) / MOST)
    return [*epochs[::step], epochs[-1], *(epoch for epoch in epochs if epoch == best)]


def _plot(name: str, metrics: Columns, epochs: Sequence[int], best: int | None) -> str:
    series = {split: metrics.get(f"{split}_{name}", ()) for split in SPLITS}
    highest = max((value for points in series.values() for _, value in points), default=1.0)
    top = 1.0 if name == "accuracy" else highest * 1.03
    plot = Plot((epochs[0], 0.0), (epochs[-1], top))
    parts = [plot.axes("epoch", _whole, _percent if name == "accuracy" else _short)]
    if best is not None:
        parts.append(plot.upright(best, "best"))
    parts += [plot.line(points, split) for split, points in series.items() if points]
    parts.append(plot.upright(epochs[0], "pointer"))
    says = f"{name} by epoch, training and validation"
    drawn = svg(name, says, parts, ' tabindex="0"')
    return f"<figure><figcaption>{name}</figcaption>{drawn}</figure>"


def _whole(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else ""


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _short(value: float) -> str:
    return f"{value:.3g}"


def _data(metrics: Columns, epochs: Sequence[int], best: int | None) -> dict[str, object]:
    """What `run.js` reads off: places are those of the plot, left and right."""
    columns = [f"{split}_{name}" for name in ("loss", "accuracy") for split in SPLITS]
    values = [dict(metrics.get(column, ())) for column in columns]
    rows = [[epoch, *(column.get(epoch) for column in values)] for epoch in epochs]
    return {"left": LEFT, "right": WIDTH - RIGHT, "best": best, "rows": rows}
