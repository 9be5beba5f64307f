"""Letters, names and times in words that any alphabet and any file may be put into."""

from __future__ import annotations

from html import escape

from charrec.errors import printable


def seen(letter: str) -> str:
    """A letter that can be seen: a space, say, is called by its number."""
    if all(c.isprintable() and not c.isspace() for c in letter):
        return letter
    return " ".join(f"U+{ord(c):04X}" for c in letter)


def marked(text: str) -> str:
    """HTML in which right-to-left letters turn nothing beside them."""
    return f"<bdi>{escape(printable(text))}</bdi>"


def lasting(seconds: float) -> str:
    """``6 min 5 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    parts = ((whole // 3600, "h"), (whole // 60 % 60, "min"), (whole % 60, "s"))
    told = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(told[:2])


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
