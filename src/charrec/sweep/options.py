"""The settings of a sweep as a whole: the block ``sweep:`` of ``conf/train.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from charrec.errors import UserError
from charrec.rules import Rule, check_names, or_auto, whole
from charrec.spelling import in_text

AUTO = "auto"
YES_OR_NO = Rule(lambda value: isinstance(value, bool), "true or false")
RULES = {
    "resume": Rule(
        lambda value: value is None or isinstance(value, str), "a sweep's folder, latest or null"
    ),
    "retry_failed": YES_OR_NO,
    "fail_fast": YES_OR_NO,
    "threads": or_auto(whole(1, 1024)),
}


@dataclass(frozen=True)
class SweepOptions:
    """Raises UserError for a value that is none."""

    resume: str | None = None  # the folder of the sweep to go on with, or "latest"
    retry_failed: bool = False  # those that failed or diverged once more
    fail_fast: bool = False  # after a failure none is started
    threads: int | str = AUTO  # of the CPU for a job; see `threads_of_a_job`

    def __post_init__(self) -> None:
        for name, rule in RULES.items():
            rule.check(f"sweep.{name}", getattr(self, name))
        if self.retry_failed and self.resume is None:
            raise UserError("sweep.retry_failed goes with sweep.resume=DIR, the sweep that failed")

    def repeated(self) -> list[str]:
        """Those that were given and go on being meant, as on the command line."""
        given = {name: getattr(self, name) for name in ("fail_fast", "threads")}
        return [
            f"sweep.{name}={in_text(value)}"
            for name, value in given.items()
            if value != getattr(SweepOptions, name)
        ]

    @classmethod
    def from_config(cls, config: Any) -> SweepOptions:
        """From the block ``sweep:`` as plain values."""
        check_names(config, tuple(field.name for field in fields(cls)), "sweep.")
        return cls(**config)


def threads_of_a_job(threads: int | str, beside_others: bool) -> int | None:
    """Of the CPU; None for as many as there are.

    Two jobs with two threads each are slower on two cores than one after the other, so `auto` is
    one thread where a launcher has jobs run beside each other.
    """
    if threads == AUTO:
        return 1 if beside_others else None
    return int(threads)
