"""The recipe's tables: a tiny one for real, and what is made of figures worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from benchmarks import best, recipe, recipe_figures
from benchmarks.recipe_studies import STUDIES, Variant, part_of
from charrec.cli.entry import settings_of
from charrec.resources import resource
from charrec.run import Run
from charrec.settings import TrainSettings

VARIANTS = {variant.folder: variant for study in STUDIES.values() for variant in study}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_is_a_run_of_its_own(variant: Variant) -> None:
    with initialize_config_dir(str(resource("conf")), version_base=None):
        best_one, other = (
            TrainSettings.from_config(
                settings_of(compose("train", overrides=["experiment=best", *given]))
            )
            for given in ((), variant.given)
        )
    assert (best_one != other) == bool(variant.given)


def test_variants_of_one_folder_are_trained_alike() -> None:
    for study in STUDIES.values():
        for variant in study:
            twin = VARIANTS[variant.folder]
            trained = (variant.given, variant.epochs_of(30), variant.share)
            assert trained == (twin.given, twin.epochs_of(30), twin.share)


def test_a_part_of_the_pictures_is_of_all_letters(letters: Path, tmp_path: Path) -> None:
    whole = json.loads((letters / "train.json").read_text())
    part = part_of(letters, 0.5, tmp_path)
    left = json.loads((part / "train.json").read_text())
    assert left.items() <= whole.items()
    assert abs(len(left) - len(whole) / 2) < 1
    assert set(left.values()) == set(whole.values())
    assert (part / "images" / next(iter(left))).is_file()
    for split in ("validation", "test"):
        assert (part / f"{split}.json").read_text() == (letters / f"{split}.json").read_text()
    assert part_of(letters, 1, tmp_path) == letters


@pytest.mark.slow
def test_a_tiny_one_goes_on_where_it_was_left(
    letters: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    studies = {
        "taken_away": (
            Variant("small", ("hsize=8",)),
            Variant("one look", ("hsize=8",), views=1),
        ),
        "training_pictures": (Variant("half", ("hsize=8",), epochs=2, share=0.5),),
    }
    for module in (recipe, recipe_figures):
        monkeypatch.setattr(module, "STUDIES", studies)
    monkeypatch.chdir(tmp_path)
    arguments = [f"ours={letters}", "--epochs", "1", "--out", "found", "--only", *studies]
    recipe.main(arguments)
    told = json.loads(Path("found/recipe.json").read_text())
    assert [row["variant"] for row in told["rows"]] == ["small", "one look", "half"]
    runs = sorted(Path("outputs/recipe").glob("*/ours/*/*/summary.json"))
    assert len(runs) == 2 * len(recipe.SEEDS)
    before = [path.stat().st_mtime_ns for path in runs]
    record = Run(runs[0].parent).summary
    assert record["settings"]["hsize"] == 8
    assert record["execution"]["threads"] == 1
    assert Path("found/recipe.md").read_text() == recipe.page(told)
    assert Path("found/recipe.png").stat().st_size > 5000

    assert {path.parent.parent.parent.parent.name for path in runs} == {"1-epochs"}
    recipe.main(arguments)
    assert [path.stat().st_mtime_ns for path in runs] == before
    assert json.loads(Path("found/recipe.json").read_text())["rows"] == told["rows"]
    recipe.main(arguments[:-1])
    assert json.loads(Path("found/recipe.json").read_text())["rows"] == told["rows"]
    assert [path.stat().st_mtime_ns for path in runs] == before
    assert "## Training pictures" in capsys.readouterr().out


def row(variant: str, name: str, *accuracies: float) -> dict[str, Any]:
    return {
        "set": name,
        "study": "epochs",
        "variant": variant,
        "accuracies": accuracies,
        "epochs": 30,
    }


def test_a_table_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STUDIES, "epochs", (Variant("short"), Variant("long")))
    rows = [
        row("short", "a", 0.5, 0.6, 0.7),
        row("short", "b", 0.8, 0.8, 0.8),
        row("long", "a", 0.9, 0.9, 0.9),
        row("long", "b", 0.25, 0.5, 0.75),
    ]
    assert recipe.table(rows, "epochs") == (
        "|  | a | b | epochs |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| short | 60.0 ± 10.0 | 80.0 ± 0.0 | 30 |\n"
        "| long | 90.0 ± 0.0 | 50.0 ± 25.0 | 30 |"
    )


def score(accuracy: float) -> dict[str, Any]:
    return {"accuracy": accuracy, "interval": [accuracy - 0.02, accuracy + 0.03]} | {
        "macro_accuracy": accuracy - 0.1,
        "top_3_accuracy": 0.99,
    }


def test_best_by_hand() -> None:
    own = {"alone": [score(0.9), score(0.92), score(0.91)], "together": score(0.93)}
    other = {"alone": [score(0.4), score(0.5), score(0.6)], "together": score(0.55)}
    results = {
        "test": {"a": {"a": own, "b": other}, "b": {"a": other, "b": own}},
        "validation": {"a": [0.8, 0.9, 1.0], "b": [0.7, 0.7, 0.7]},
        "minutes": {"a": 1.24, "b": 2.0},
    }
    assert best.own_table(results).splitlines()[2:] == [
        "| a | 90.0 | **91.0** (90.0, 92.0, 91.0) | 93.0 (91.0 to 96.0) | 81.0 | 99.0 | 1.2 |",
        "| b | 70.0 | **91.0** (90.0, 92.0, 91.0) | 93.0 (91.0 to 96.0) | 81.0 | 99.0 | 2.0 |",
    ]
    assert best.pair_table(results).splitlines()[2:] == [
        "| trained on a | 91.0 ± 1.0 | 50.0 ± 10.0 |",
        "| trained on b | 50.0 ± 10.0 | 91.0 ± 1.0 |",
    ]


def test_what_can_be_believed_by_hand() -> None:
    def score(error: float, above: float) -> dict[str, Any]:
        stranger = {"above_half": above, "area_under_roc": 1 - above}
        return {
            "expected_calibration_error": error,
            "before_temperature": {"expected_calibration_error": 2 * error},
            "no_letters": dict.fromkeys(best.STRANGERS, stranger)
            | {"digits": {**stranger, "above_half": 1.0}},
        }

    results = {"test": {"a": {"a": {"alone": [score(0.02, 0.1), score(0.04, 0.5)]}}}}
    assert best.trust_table(results).splitlines()[2:] == [
        "| a | 6.0 | 3.0 | 30 (0.70) | 30 (0.70) | 30 (0.70) | 100 (0.70) |"
    ]
