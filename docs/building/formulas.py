"""Formulas of the pages as MathML: browsers draw it by themselves, without script or font.

The pages keep LaTeX, which GitHub draws: ``$...$``, and fences of ``math``.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert

FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\s*\\[(\[](?P<latex>.*?)\\[)\]]\s*</(?P=tag)>',
    re.DOTALL,
)
# What the converter does not know, and what it would tear apart.
LATEX = {"{aligned}": "{align*}", ":=": "≔"}
MATHML = (
    # A bracket in the middle of a row does not stretch unless it is told to.
    (r"<mo>(&#x00028;)</mo>(?=<mtable)", r'<mo stretchy="true" form="prefix">\1</mo>'),
    (r"(?<=</mtable>)<mo>(&#x00029;)</mo>", r'<mo stretchy="true" form="postfix">\1</mo>'),
    (r'columnalign="(\w+)"', r'style="text-align: \1; padding: 0.4em 0"'),  # else it is not heeded
    # A prime is high and small by itself: raised and made smaller once more it can hardly be seen.
    (r"<msup>(<m[io]>[^<]*</m[io]>)<mi>(&#x0203[23];)</mi></msup>", r"<mrow>\1<mo>\2</mo></mrow>"),
    (r"(<mi>ln</mi>)(?!<mo)", r'\1<mspace width="0.17em" />'),
)


def on_page_content(html: str, **_: Any) -> str:
    """Called by MkDocs with every page, which Markdown has made HTML of."""
    return FORMULA.sub(lambda found: mathml(unescape(found["latex"]), found["tag"] == "div"), html)


def mathml(latex: str, block: bool) -> str:
    for known, instead in LATEX.items():
        latex = latex.replace(known, instead)
    text = str(convert(latex.strip(), display="block" if block else "inline"))
    for pattern, instead in MATHML:
        text = re.sub(pattern, instead, text)
    return f'<div class="formula">{text}</div>' if block else text
