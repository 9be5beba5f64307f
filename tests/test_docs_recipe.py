"""docs/recipe.md, the README and the experiments' heads say what the benchmarks measured last."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from benchmarks import best, convolution, draws, parts, recipe
from benchmarks.recipe_studies import STUDIES

ROOT = Path(__file__).parents[1]
RESULTS = recipe.RESULTS
# How the people's pages call the sets of the results.
NAMES = {
    "street_scenes": "street scenes (Chars74K)",
    "handwriting": "handwriting (Chars74K, by writer)",
    "fonts": "fonts (Chars74K, by font)",
    "embedded": "embedded letters",
}


def results(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def text(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def percents(experiment: str, name: str) -> list[str]:
    alone = results(experiment)["test"][name][name]["alone"]
    return [f"{100 * score['accuracy']:.1f}" for score in alone]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("best", best.own_table),
        ("best", best.pair_table),
        ("best", best.trust_table),
        ("convolution", convolution.table),
    ],
)
def test_the_page_has_the_table(name: str, told: Callable[[Any], str]) -> None:
    assert told(results(name)) in text("docs", "recipe.md")


@pytest.mark.parametrize("tested", ["handwriting", "street_scenes"])
def test_the_page_has_the_table_of_the_parts(tested: str) -> None:
    assert parts.table(results("parts"), tested) in text("docs", "recipe.md")


def test_the_page_has_the_table_of_the_draws() -> None:
    (rows,) = results("draws")["sets"].values()
    assert draws.table(rows) in text("docs", "recipe.md")


@pytest.mark.parametrize("study", STUDIES)
def test_the_page_has_the_table_of_every_study(study: str) -> None:
    assert recipe.table(results("recipe")["rows"], study) in text("docs", "recipe.md")


@pytest.mark.parametrize("experiment", ["best", "small"])
@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_opens_with_its_accuracies(experiment: str, name: str) -> None:
    head = text("conf", "experiment", f"{experiment}.yaml")
    line = re.search(rf"^#   {re.escape(NAMES[name])} +(.+) %  +([0-9.]+)$", head, re.MULTILINE)
    assert line
    assert line[1].split() == percents(experiment, name)
    assert line[2] == f"{results(experiment)['minutes'][name]:.1f}"


@pytest.mark.parametrize("experiment", ["best", "small"])
def test_the_readme_sets_them_beside_the_reports(experiment: str) -> None:
    (row,) = re.findall(rf"^\| `{experiment}` \| .*$", text("README.md"), re.MULTILINE)
    for name in ("embedded", "street_scenes"):
        accuracies = [
            score["accuracy"] for score in results(experiment)["test"][name][name]["alone"]
        ]
        assert f"{100 * mean(accuracies):.1f} %" in row
        assert ", ".join(percents(experiment, name)) in row
