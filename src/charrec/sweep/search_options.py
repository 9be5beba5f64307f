"""The settings of a search: ``hydra.sweeper.*`` where ``hydra/sweeper=optuna``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from charrec.rules import check_names, one_of, whole

PREFIX = "hydra.sweeper."
SAMPLERS = ("tpe", "random")
PRUNERS = ("median", "halving", "none")
RULES = {
    "n_trials": whole(1, 1_000_000),
    "n_jobs": whole(1, 10_000),
    "sampler": one_of(SAMPLERS),
    "n_startup_trials": whole(0, 1_000_000),
    "pruner": one_of(PRUNERS),
    "seed": whole(0, 2**32 - 1),
}


@dataclass(frozen=True)
class SearchOptions:
    """Raises UserError for a value that is none."""

    n_trials: int = 30  # in all, of a search that goes on too
    n_jobs: int = 1  # trials that the launcher is handed at a time
    sampler: str = "tpe"  # which settings are tried next
    n_startup_trials: int = 10  # of tpe: these are random, to learn from
    pruner: str = "median"  # which runs are stopped early
    seed: int = 2024  # of the sampler

    def __post_init__(self) -> None:
        for name, rule in RULES.items():
            rule.check(PREFIX + name, getattr(self, name))

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> SearchOptions:
        check_names(settings, tuple(field.name for field in fields(cls)), PREFIX)
        return cls(**settings)

    def record(self) -> dict[str, Any]:
        return asdict(self)
