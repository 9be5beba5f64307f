"""Whether probabilities can be believed, and what becomes of pictures that show no letter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from charrec.calibration import doubts, how_fitted
from charrec.page.content import Answered, Content, Row
from charrec.page.plot import Plot, svg
from charrec.page.tables import Cell, number, share, sortable
from charrec.scores import no_letters_table

LARGEST = 15.0  # radius of a dot that stands for all answers
SERIES = {"before_": "before", "": "calibrated"}  # prefix in reliability.csv -> class


def calibration(content: Content) -> str:
    tested = content.tested
    if tested is None or not tested.reliability:
        return ""
    plot = Plot((0.0, 0.0), (1.0, 1.0))
    parts = [plot.axes("probability of the answer", _percent, _percent)]
    parts.append(plot.line([(0, 0), (1, 1)], "ideal"))
    series = {p: kind for p, kind in SERIES.items() if content.calibrated or kind == "before"}
    for prefix, kind in series.items():
        parts += _dots(plot, tested.reliability, prefix, kind)
    says = "share of right answers by their probability, calibrated and before"
    key = "".join(
        f'<span class="{kind}">{words}</span>' for kind, words in _errors(content, tested)
    )
    return (
        '<section id="calibration"><h2>Can the probabilities be believed?</h2>\n'
        "<p>Each dot is a bin of answers, the larger the more of them: across their probability, "
        f"up the share of them that is right. Below the line they are too sure.</p>\n"
        f'<p class="key">{key}<span class="ideal">as it should be</span></p>\n'
        f'<div class="plots"><figure>{svg("reliability", says, parts)}</figure>'
        f"{_no_letters(tested)}</div>\n<details><summary>The bins as a table</summary>\n"
        f"{_bins(tested.reliability)}</details></section>"
    )


def _errors(content: Content, tested: Answered) -> Iterator[tuple[str, str]]:
    score = tested.score
    if (after := score.get("expected_calibration_error")) is None:
        return
    before = score["before_temperature"]["expected_calibration_error"]
    if not content.calibrated:
        yield "before", f"{before:.1%} off; no temperature was fitted"
        return
    temperature = score.get("temperature", 1.0)
    told = f"{after:.1%} off, with a temperature of {temperature:.3g}"
    if doubt := doubts(temperature):
        told = f"with a temperature of {temperature:.3g} probabilities {doubt}"
    yield "calibrated", told + how_fitted(temperature, score.get("temperature_letters"))
    yield "before", f"{before:.1%} off without it"


def _filled(rows: Sequence[Row], prefix: str) -> Iterator[tuple[float, float, int]]:
    for row in rows:
        if count := int(row[f"{prefix}count"]):
            yield float(row[f"{prefix}probability"]), float(row[f"{prefix}accuracy"]), count


def _dots(plot: Plot, rows: Sequence[Row], prefix: str, kind: str) -> Iterator[str]:
    filled = list(_filled(rows, prefix))
    total = sum(count for _, _, count in filled)
    yield plot.line([(across, up) for across, up, _ in filled], kind) if filled else ""
    for across, up, count in filled:
        says = f"{count:,} answers of {across:.1%} on average: {up:.1%} are right"
        yield plot.dot(across, up, max(2.0, LARGEST * math.sqrt(count / total)), kind, says)


def _bins(rows: Sequence[Row]) -> str:
    columns = ("above", "to", "answers", "probability", "right", "answers before",
               "probability before", "right before")  # fmt: skip
    table = [
        [
            *(share(float(row[name])) for name in ("above", "to")),
            *(cell for prefix in ("", "before_") for cell in _of_bin(row, prefix)),
        ]
        for row in rows
    ]
    return sortable("bins", columns, table)


def _of_bin(row: Row, prefix: str) -> Iterator[Cell]:
    yield number(int(row[f"{prefix}count"]))
    for name in ("probability", "accuracy"):
        text = row[prefix + name]
        yield share(float(text) if text else None)


def _no_letters(tested: Answered) -> str:
    if not tested.score.get("no_letters"):
        return ""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(kind)}</th>'
        + "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
        + "</tr>"
        for kind, *cells in no_letters_table(tested.score)
    )
    heads = "".join(f'<th class="number">{h}</th>' for h in ("AUROC", "above 50%", "blank"))
    return (
        "<div><h3>Pictures that show no letter</h3>\n<p>How well the top probability tells them "
        "from letters (AUROC: 1 is always, 0.5 is chance), how many are read with more than 50%, "
        f'and how many are answered “blank”.</p>\n<div class="table"><table><thead><tr><th></th>'
        f"{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div></div>"
    )


def _percent(value: float) -> str:
    return f"{value:.0%}"
