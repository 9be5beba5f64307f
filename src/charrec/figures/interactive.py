"""The figures of a comparison for plotly.js, which draws them in a browser.

Words that a user may have chosen (folders, settings) are escaped: plotly.js reads a kind of HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.io.json import to_json_plotly

from charrec.figures.comparison import (
    BEST,
    LIGHTEST,
    PLAIN,
    Comparison,
    Curve,
    Heat,
    Key,
    Parallel,
    Spot,
    frontier,
    is_wide,
    sizes_to_name,
    words_in,
)

VIRIDIS = "Viridis"
LAYOUT = {
    "template": "plotly_white",
    "font": {"family": "system-ui, sans-serif", "size": 14, "color": "#222"},
    "margin": {"l": 70, "r": 20, "t": 20, "b": 60},
    "height": 460,
    "hoverlabel": {"align": "left"},
}


def figures_of(comparison: Comparison) -> dict[str, str]:
    """JSON that plotly.js draws, by the name of the figure, for those with something to show."""
    figures = {}
    if comparison.curves:
        figures["curves"] = _curves(comparison.curves, comparison.key)
    if comparison.heat:
        figures["heat_map"] = _heat_map(comparison.heat)
    if comparison.parallel:
        figures["parallel_coordinates"] = _parallel(comparison.parallel)
    if comparison.spots:
        figures["accuracy_by_parameters"] = _sizes(comparison)
    return {name: to_json_plotly(figure.to_plotly_json()) for name, figure in figures.items()}


def _colour(key: Key | None, group: str) -> str:
    return PLAIN if key is None else str(sample_colorscale(VIRIDIS, key.place(group))[0])


def _once(seen: set[str], group: str) -> dict[str, Any]:
    """One entry in the key for all that is drawn alike; a click on it hides them all."""
    shown = group not in seen
    seen.add(group)
    name = escape(group) or "not set"
    return {"legendgroup": name, "showlegend": shown, "name": name}


def _key_layout(key: Key | None) -> dict[str, Any]:
    if key is None:
        return {"showlegend": False}
    title = {"text": f"{escape(key.setting)} "}
    return {"showlegend": True, "legend": {"title": title, "orientation": "h", "y": 1.12}}


def _curves(curves: Sequence[Curve], key: Key | None) -> go.Figure:
    figure, seen = go.Figure(), set[str]()
    for group in key.values if key else ():  # entries in the order of the values
        line = {"color": _colour(key, group), "width": 4}
        figure.add_scatter(x=[None], y=[None], mode="lines", line=line, **_once(seen, group))
    for curve in reversed(curves):  # the best in front
        grouped = _once(seen, curve.group) if key else {}
        figure.add_scatter(**_curve(curve, _colour(key, curve.group)), **grouped)
    figure.update_layout(**LAYOUT, **_key_layout(key), hovermode="closest")
    last = max(epoch for curve in curves for epoch, _ in curve.points)
    figure.update_xaxes(title="epoch", tickformat="d", dtick=1 if last <= 20 else None)
    figure.update_yaxes(title="validation accuracy", tickformat=".0%", rangemode="tozero")
    return figure


def _curve(curve: Curve, colour: str) -> dict[str, Any]:
    epochs, accuracies = zip(*curve.points, strict=True)
    unfinished = curve.status != "completed"
    state = f"<br>{escape(curve.status)}" if unfinished else ""
    return {
        "x": epochs,
        "y": accuracies,
        "mode": "lines+markers" if len(epochs) == 1 else "lines",
        "line": {
            "color": BEST if curve.best else colour,
            "width": 4 if curve.best else 1.5,
            "dash": "dash" if unfinished else "solid",
        },
        "opacity": 1 if curve.best else 0.7,
        "text": f"{escape(curve.name or curve.label)}{state}",
        "hovertemplate": "%{text}<br>epoch %{x}: %{y:.1%}<extra></extra>",
    }


def _heat_map(heat: Heat) -> go.Figure:
    down, across = (escape(name) for name in heat.settings)
    figure = go.Figure()
    figure.add_heatmap(
        z=heat.means,
        colorscale=VIRIDIS,
        text=[
            [words_in(*cell).replace("\n", "<br>") for cell in zip(*row, strict=True)]
            for row in zip(heat.means, heat.completed, heat.tried, strict=True)
        ],
        texttemplate="%{text}",
        hovertemplate="%{text}<extra></extra>",
        hoverongaps=False,
        colorbar={"tickformat": ".0%"},
        xgap=2,
        ygap=2,
    )
    _write_in_empty_cells(figure, heat)
    for axis, names in ((figure.layout.xaxis, heat.across), (figure.layout.yaxis, heat.down)):
        axis.update(tickvals=list(range(len(names))), ticktext=[escape(name) for name in names])
        axis.update(showgrid=False, zeroline=False)
    figure.update_layout(**LAYOUT)
    figure.update_xaxes(title=across)
    figure.update_yaxes(title=down, autorange="reversed")
    return figure


def _write_in_empty_cells(figure: go.Figure, heat: Heat) -> None:
    """plotly writes nothing where there is no number."""
    for y, row in enumerate(heat.means):
        for x, mean in enumerate(row):
            if mean is None:
                words = words_in(None, 0, heat.tried[y][x]).replace("\n", "<br>")
                figure.add_annotation(x=x, y=y, text=words, showarrow=False)


def _parallel(parallel: Parallel) -> go.Figure:
    dimensions = [
        {
            "label": escape(axis.title),
            "values": [line[number] for line in parallel.lines],
            "range": [0, 1],
            "tickvals": [place for place, _ in axis.ticks],
            "ticktext": [escape(words) for _, words in axis.ticks],
        }
        for number, axis in enumerate(parallel.axes)
    ]
    low, high = min(parallel.accuracies), max(parallel.accuracies)
    top = low + (high - low) / LIGHTEST
    colours = {"color": parallel.accuracies, "colorscale": VIRIDIS, "cmin": low, "cmax": top}
    figure = go.Figure()
    figure.add_parcoords(dimensions=dimensions, line=colours)
    figure.update_layout(**{**LAYOUT, "margin": {"l": 90, "r": 120, "t": 60, "b": 20}})
    return figure


def _sizes(comparison: Comparison) -> go.Figure:
    figure, seen, key = go.Figure(), set[str](), comparison.spot_key
    front = frontier(comparison.spots)
    figure.add_scatter(
        x=[spot.parameters for spot in front],
        y=[spot.accuracy for spot in front],
        mode="lines",
        line={"shape": "hv", "color": BEST, "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )
    for group in key.values if key else ("",):
        spots = [spot for spot in comparison.spots if spot.group == group]
        grouped = _once(seen, group) if key else {"showlegend": False}
        figure.add_scatter(**_dots(spots, _colour(key, group)), **grouped)
    figure.update_layout(**LAYOUT, **_key_layout(key))
    sizes = [spot.parameters for spot in comparison.spots]
    figure.update_xaxes(title="parameters", type="log" if is_wide(sizes) else "linear")
    if ticks := sizes_to_name(sizes):
        figure.update_xaxes(tickvals=ticks, ticktext=[f"{size:,}" for size in ticks])
    figure.update_yaxes(title="validation accuracy, mean over seeds", tickformat=".0%")
    return figure


def _dots(spots: Sequence[Spot], colour: str) -> dict[str, Any]:
    return {
        "x": [spot.parameters for spot in spots],
        "y": [spot.accuracy for spot in spots],
        "error_y": {"array": [spot.deviation or 0 for spot in spots], "width": 3},
        "mode": "markers",
        "marker": {"size": 11, "color": colour, "line": {"color": "white", "width": 1}},
        "text": [escape(spot.name or spot.label) for spot in spots],
        "hovertemplate": "%{text}<br>%{x:,} parameters: %{y:.1%}<extra></extra>",
    }
