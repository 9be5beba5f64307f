"""A page as one file: what it is filled with, and a policy that allows nothing else.

The policy stands in the page itself. It forbids every request, and every script but those that the
page carries, which are known by their digests: a folder that is called like a script stays a name.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@cache
def shared(name: str) -> str:
    """A file beside this one: ``base.css``, ``sort.js``, ..."""
    return (HERE / name).read_text("utf-8")


def policy(scripts: Iterable[str], *allowed: str, styles: Iterable[str] = ()) -> str:
    """No request at all; with `styles` none but these, else any that stands in the page.

    Args:
        allowed: what scripts may do beside: ``'unsafe-eval'``.
    """
    those = " ".join([*map(_source, scripts), *allowed])
    looks = " ".join(map(_source, styles)) or "'unsafe-inline'"
    return (
        f"default-src 'none'; script-src {those}; style-src {looks}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def data_block(name: str, value: Any) -> str:
    """JSON that a script finds by its name; no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'
