"""Which settings are the same experiment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGITS = 12  # hexadecimal; of a million experiments two agree once in five hundred sweeps


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
