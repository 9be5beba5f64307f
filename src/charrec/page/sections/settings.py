"""What the run was trained with: first what is not as by default."""

from __future__ import annotations

from charrec.page.content import Content
from charrec.page.tables import plain

TYPED = {"data.kind": "data"}  # a config group is chosen by its name alone


def settings(content: Content) -> str:
    settings, given = content.settings.items(), content.given
    own = [(TYPED.get(name, name), value) for name, value in settings if name in given]
    rest = [(TYPED.get(name, name), value) for name, value in settings if name not in given]
    heads = ("setting", "value")
    told = f"<p>These are not as by default.</p>\n{plain(own, heads)}"
    first = told if own else "<p>All of them are the defaults.</p>"
    return (
        '<section id="settings"><h2>Settings</h2>\n'
        f"{first}\n<details><summary>{len(rest)} settings as by default</summary>\n"
        f"{plain(rest, heads)}</details></section>"
    )
