"""Settings by their dotted names, with their values in text, as they are typed and tabled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

SPELT = {
    "optimizer_options": "optimizer.options",
    "augment_strengths": "augment",
}  # in a record -> on the command line


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every setting by its dotted name, ``data.root``, with its value in text."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{SPELT.get(name, name)}.")
        else:
            yield prefix + name, in_text(value)


def in_text(value: Any) -> str:
    """As it is written on the command line: ``null``, ``true``, ``[128,64]``, ``0.001``."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
