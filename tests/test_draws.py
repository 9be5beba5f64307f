"""Other draws of a split: what is kept together, what is counted, and a tiny one for real."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks import draws

# Three fonts of two styles each, two letters.
FONTS = {"train": (1, 2, 3, 4), "validation": (5, 6), "test": (7, 8)}
SPLITS = {
    split: {f"{letter}-{number:05d}.png": letter for letter in "AB" for number in numbers}
    for split, numbers in FONTS.items()
}


def test_a_group_is_a_number_or_some_in_a_row() -> None:
    assert draws.group_of("A-00008.png", r"-(\d+)", 1) == "00008"
    assert [draws.group_of(f"A-{n}.png", r"-(\d+)", 4) for n in (1, 4, 5, 8, 9)] == list("00112")
    with pytest.raises(SystemExit, match=r"finds nothing in a\.png"):
        draws.group_of("a.png", r"-(\d+)", 1)


@pytest.mark.parametrize("seed", range(1, 6))
def test_another_split_has_as_many_groups_and_tears_none(seed: int) -> None:
    found = draws.drawn(SPLITS, seed, r"-(\d+)", 2)
    assert found == draws.drawn(SPLITS, seed, r"-(\d+)", 2)
    groups = [{draws.group_of(name, r"-(\d+)", 2) for name in own} for own in found.values()]
    assert [len(own) for own in groups] == [2, 1, 1]
    assert len(set.union(*groups)) == 4
    together = {name: letter for own in found.values() for name, letter in own.items()}
    assert together == {name: letter for own in SPLITS.values() for name, letter in own.items()}


def test_other_seeds_draw_other_splits() -> None:
    found = [draws.drawn(SPLITS, seed, r"-(\d+)", 2) for seed in range(1, 6)]
    assert len({tuple(split["test"]) for split in found}) > 1


def test_the_hardest_groups_by_hand(tmp_path: Path) -> None:
    rows = ["file,truth,letter"]
    wrong = {1: 4, 2: 2, 3: 1, 4: 0}  # seven mistakes, four of them in one group
    for number, count in wrong.items():
        rows += [f"A-{number}.png,A,{'B' if i < count else 'A'}" for i in range(5)]
    (tmp_path / "test_predictions.csv").write_text("\n".join(rows) + "\n")
    chosen = Namespace(group=r"-(\d+)", together=1)
    assert draws.mistakes(tmp_path, chosen) == [(4, 5), (2, 5), (1, 5), (0, 5)]
    chosen.together = 2
    assert draws.mistakes(tmp_path, chosen) == [(6, 10), (1, 10)]


def test_a_table_by_hand() -> None:
    groups = [[4, 5], [3, 5], [2, 5], [1, 5], [1, 5], [0, 5]]  # 11 mistakes, 7 of them in two
    row = {"draw": 0, "validation": 0.5, "test": 19 / 30, "groups": groups}
    assert draws.table([row]).splitlines()[2:] == ["| as given | 50.0 | 63.3 | 6 | 2 | 90.0 |"]


@pytest.mark.slow
def test_a_tiny_one_goes_on_where_it_was_left(
    letters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draws, "DRAWS", 1)
    places = ["--work", str(tmp_path / "work"), "--out", str(tmp_path)]
    arguments = [f"ours={letters}", "--group", "(.+)", "--epochs", "2", *places]
    draws.main(arguments)
    told = json.loads((tmp_path / "draws.json").read_text())
    given, anew = told["sets"]["ours"]
    assert len(given["groups"]) == len(anew["groups"])
    assert (tmp_path / "draws.md").read_text() == draws.page(told)
    before = [path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*/*/summary.json")]
    draws.main(arguments)
    assert before == [
        path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*/*/summary.json")
    ]
    assert json.loads((tmp_path / "draws.json").read_text())["sets"] == told["sets"]
