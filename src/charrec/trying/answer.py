"""What runs make of a picture, as HTML."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from PIL import Image
from torch import Tensor

from charrec.data.blank import BLANK
from charrec.figures.units import png_of
from charrec.trying.trial import Answer, Look

NAMED = 5  # letters, with a bar for each
NOTHING = '<p class="nothing">What is read appears here while you draw.</p>'
WHAT_IS_BLANK = "One grey all over: there is nothing to read."


def told(looks: Sequence[Look]) -> str:
    return f'<div class="looks">{"".join(map(_look, looks))}</div>'


def refused(reason: str) -> str:
    return f'<p class="refused" role="alert">{escape(reason)}</p>'


def _look(look: Look) -> str:
    kind = "look" if look.seen else "look together"
    parts = [f"<h2>{escape(look.name)}</h2>"]
    if look.accuracy is not None:
        parts.append(f'<p class="quiet">reads {look.accuracy:.1%} of its test letters</p>')
    parts.append(_answer(look.answer))
    if look.seen:
        parts += [_heading("What the network sees"), _row("seen", look.seen)]
    if look.near:
        parts += [_heading("Training letters nearest to it in the last hidden layer")]
        parts += [_row("near", ((near.letter, near.picture) for near in look.near))]
    if look.no_near:
        parts.append(f'<p class="quiet">{escape(look.no_near)}</p>')
    return f'<article class="{kind}">{"".join(parts)}</article>'


def _heading(text: str) -> str:
    return f"<h3>{escape(text)}</h3>"


def _answer(answer: Answer) -> str:
    if answer.letter == BLANK:
        return f'<div class="read"><p class="letter blank">blank</p><p>{WHAT_IS_BLANK}</p></div>'
    bars = "".join(_bar(letter, share) for letter, share in answer.ranked[:NAMED])
    letter = f'<p class="letter">{escape(answer.letter)}</p>'
    return f'<div class="read">{letter}<dl class="bars">{bars}</dl></div>'


def _bar(letter: str, share: float) -> str:
    bar = f'<dd class="bar" aria-hidden="true"><i style="width: {share:.1%}"></i></dd>'
    return f"<dt>{escape(letter)}</dt>{bar}<dd>{share:.1%}</dd>"


def _row(kind: str, pictures: Iterable[tuple[str, Tensor]]) -> str:
    figures = (
        f'<figure><img alt="{escape(name)}" src="{png_url(picture)}">'
        f"<figcaption>{escape(name)}</figcaption></figure>"
        for name, picture in pictures
    )
    return f'<div class="row {kind}">{"".join(figures)}</div>'


def png_url(picture: Tensor) -> str:
    """A picture uint8 (H, W) inside the page itself: no file of it is written anywhere."""
    file = png_of(Image.fromarray(picture.cpu().numpy()))
    return f"data:image/png;base64,{base64.b64encode(file).decode()}"
