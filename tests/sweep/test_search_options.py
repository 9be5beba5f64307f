"""The settings of a search: their defaults stand in the YAML, wrong ones are refused."""

from __future__ import annotations

from typing import Any

import pytest
from omegaconf import OmegaConf

from charrec.errors import UserError
from charrec.resources import resource
from charrec.sweep import search_options, study
from charrec.sweep.search_options import SearchOptions


def test_defaults_are_those_of_the_yaml() -> None:
    path = resource("conf") / "hydra" / "sweeper" / "optuna.yaml"
    kept: Any = OmegaConf.to_container(OmegaConf.load(path))
    assert kept.pop("_target_") == "hydra_plugins.charrec.Search"
    assert kept.pop("params") is None
    assert kept == SearchOptions().record()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"n_trials": 0}, "hydra.sweeper.n_trials=0"),
        ({"n_trials": 2.5}, "hydra.sweeper.n_trials=2.5"),
        ({"n_jobs": -1}, "hydra.sweeper.n_jobs=-1"),
        ({"sampler": "tpo"}, "did you mean 'tpe'"),
        ({"n_startup_trials": -1}, "hydra.sweeper.n_startup_trials=-1"),
        ({"pruner": None}, "hydra.sweeper.pruner"),
        ({"seed": -1}, "hydra.sweeper.seed=-1"),
        ({"n_trails": 3}, "did you mean 'hydra.sweeper.n_trials'"),
    ],
)
def test_what_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as refused:
        SearchOptions.from_settings(wrong)
    assert told in str(refused.value)


def test_every_name_has_its_entry() -> None:
    assert set(search_options.SAMPLERS) == set(study.SAMPLERS)
    assert set(search_options.PRUNERS) == set(study.PRUNERS)
