"""What the value of a setting may be, as a predicate and in words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charrec.errors import UserError, nearest


@dataclass(frozen=True)
class Rule:
    """What a value may be: a predicate, and the same in words for the error message."""

    holds: Callable[[Any], bool]
    words: str
    choices: tuple[str, ...] = ()

    def check(self, name: str, value: Any) -> None:
        """Raise UserError, naming setting, value and cure, unless the rule holds."""
        if not self.holds(value):
            shown = "null" if value is None else value
            hint = nearest(str(value), self.choices)
            raise UserError(f"{name}={shown} is refused: {name} is {self.words}{hint}")


def whole(low: int, high: int) -> Rule:
    def holds(value: Any) -> bool:
        return type(value) is int and low <= value <= high

    return Rule(holds, f"a whole number from {low} to {high}")


def number(holds: Callable[[float], bool], words: str) -> Rule:
    def finite_and_holds(value: Any) -> bool:
        if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
            return False  # not finite, or a whole number that is too large for a float
        return holds(value)

    return Rule(finite_and_holds, words)


def one_of(choices: tuple[str, ...]) -> Rule:
    return Rule(lambda value: value in choices, "one of " + ", ".join(choices), choices)


def one_or_more(rule: Rule) -> Rule:
    def holds(value: Any) -> bool:
        values = value if isinstance(value, (list, tuple)) else [value]
        return bool(values) and all(map(rule.holds, values))

    return Rule(holds, f"{rule.words}, or a list of such numbers: [128,64]")


def or_null(rule: Rule) -> Rule:
    return Rule(lambda value: value is None or rule.holds(value), f"{rule.words}, or null")


def or_auto(rule: Rule) -> Rule:
    return Rule(lambda value: value == "auto" or rule.holds(value), f"auto, or {rule.words}")


def is_alphabet(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= 2 and len(set(value)) == len(value)


def check_names(names: Any, known: tuple[str, ...], prefix: str = "") -> None:
    """Raise UserError unless `names` is a mapping of which every key is known."""
    if not isinstance(names, Mapping):
        raise UserError(f"{prefix[:-1]}={names} is refused: write {prefix}NAME=VALUE")
    for name in names:
        if name not in known:
            raise UserError(
                f"{prefix}{name} is no setting{nearest(str(name), known, prefix)}\n"
                f"settings here: {', '.join(sorted(known))}"
            )
