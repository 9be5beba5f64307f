"""What the run was trained with: first what is not as by default."""

from __future__ import annotations

from charrec.page.content import Content
from charrec.page.tables import plain


def settings(content: Content) -> str:
    usual = {name for name, value in content.settings.items() if content.usual.get(name) == value}
    own = [(name, value) for name, value in content.settings.items() if name not in usual]
    rest = [(name, value) for name, value in content.settings.items() if name in usual]
    heads = ("setting", "value")
    first = plain(own, heads) if own else "<p>All of them are the defaults.</p>"
    return (
        '<section id="settings"><h2>Settings</h2>\n<p>These are not as by default.</p>\n'
        f"{first}\n<details><summary>{len(rest)} settings as by default</summary>\n"
        f"{plain(rest, heads)}</details></section>"
    )
