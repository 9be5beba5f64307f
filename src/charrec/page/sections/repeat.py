"""The commands that train, test and use such a network again."""

from __future__ import annotations

import shlex
from html import escape

from charrec.page.content import Content

PACKAGE = "charrec"


def repeat(content: Content) -> str:
    run = f"run={shlex.quote(content.folder)}"
    commands = {"Train it again": content.train_command}
    if content.tested is not None:
        commands |= {
            "Test it": f"python -m charrec.test {run}",
            "Read pictures with it": f"python -m charrec.predict images=FOLDER {run}",
        }
    if content.status in ("interrupted", "cut off", "failed"):
        commands["Go on with it"] = f"python -m charrec.train resume={shlex.quote(content.folder)}"
    shown = "\n".join(
        f"<h3>{what}</h3>\n<pre>{escape(command)}</pre>" for what, command in commands.items()
    )
    return (
        '<section id="repeat"><h2>Repeat it</h2>\n<p>A click takes a whole command. On a CPU the '
        "same versions and letters give the same network, to the last bit.</p>\n"
        f"{shown}\n<p class='quiet'>{escape(_made_with(content))}</p></section>"
    )


def _made_with(content: Content) -> str:
    versions = content.summary.get("versions") or {}
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    commit = content.summary.get("git")
    letters = content.summary.get("letters")
    parts = [f"Made with {told}" if told else "", f"commit {str(commit)[:12]}" if commit else ""]
    parts.append(f"SHA-256 of the letters {str(letters)[:12]}…" if letters else "")
    return "; ".join(filter(None, parts))
