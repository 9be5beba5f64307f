"""Which settings are the same experiment, and how settings are written in a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

DIGITS = 12  # hexadecimal; of a million experiments two agree once in five hundred sweeps
SPELT = {
    "optimizer_options": "optimizer.options",
    "augment_strengths": "augment",
}  # in a record -> on the command line


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that checked settings (`TrainSettings.record`) have in common."""
    hsize = settings.get("hsize")
    if isinstance(hsize, list) and len(hsize) == 1:
        settings = {**settings, "hsize": hsize[0]}
    text = json.dumps(_same_numbers(settings), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def experiment(settings: Mapping[str, Any]) -> str:
    """The same for all repeats of an experiment, which have another seed each."""
    return fingerprint({name: value for name, value in settings.items() if name != "seed"})


def _same_numbers(value: Any) -> Any:
    """1 and 1.0 are the same number, in JSON they are not."""
    if isinstance(value, Mapping):
        return {name: _same_numbers(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_same_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


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
