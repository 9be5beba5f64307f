"""The mistakes that the network was surest of, and what in the pictures led to them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from charrec.errors import printable
from charrec.page.content import Answered, Content, Mistake, Row
from charrec.page.images import image, map_image, stretched
from charrec.page.words import marked, seen

UNFOLDED = 12  # mistakes
STROKES = (
    " What is fed are four pictures of edges, a direction each: across, down and along both "
    "diagonals."
)


def mistakes(content: Content) -> str:
    tested = content.tested
    if tested is None or not content.mistakes:
        return ""
    of, shown = len(tested.mistakes()), len(content.mistakes)
    which = f"The {shown} surest of {of:,}" if shown < of else f"All {of:,}"
    strokes = STROKES if content.settings.get("normalisation") == "strokes" else ""
    cards = [_card(tested, mistake) for mistake in content.mistakes]
    return (
        '<section id="mistakes"><h2>Worst mistakes</h2>\n'
        f"<p>{which}: each as it is, what the network is fed, and why. In the last, the gradient "
        "of log p(read) − log p(true) with respect to the greys, a lighter pixel speaks for what "
        'was read where it is <b class="for">orange</b>, and for the true letter where it is '
        f'<b class="against">blue</b>; a darker one the other way round.{strokes}</p>\n'
        f"{_in_columns(cards[:UNFOLDED])}\n{_folded(cards[UNFOLDED:])}</section>"
    )


def _in_columns(cards: Sequence[str]) -> str:
    return f'<div class="cards">{"".join(cards)}</div>'


def _folded(cards: Sequence[str]) -> str:
    if not cards:
        return ""
    return f"<details><summary>{len(cards)} more</summary>\n{_in_columns(cards)}</details>"


def _card(tested: Answered, mistake: Mistake) -> str:
    row = tested.rows[mistake.place]
    truth, letter = seen(row["truth"]), seen(row["letter"])
    pictures = (
        image(mistake.picture, f"a picture of {truth}"),
        image(stretched(mistake.fed), "what the network is fed"),
        map_image(mistake.why, mistake.framed, f"what speaks for {letter}, and what for {truth}"),
    )
    return (
        f"<figure><div>{''.join(pictures)}</div><figcaption><b>{marked(truth)}</b> read as "
        f"<b>{marked(letter)}</b>, {float(row['probability']):.1%}{_of_truth(row)}"
        f'<span class="file" title="{escape(printable(row["file"]))}">{marked(row["file"])}</span>'
        "</figcaption></figure>"
    )


def _of_truth(row: Row) -> str:
    for place in ("second", "third"):
        if row[place] == row["truth"]:
            return f"; {marked(seen(row['truth']))} {float(row[f'{place}_probability']):.1%}"
    return ""
