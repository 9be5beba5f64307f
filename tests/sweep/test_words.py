"""What the terminal says of many runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from making_sweeps import make_result

from charrec.sweep.effects import effects_in
from charrec.sweep.results import rank, read_results
from charrec.sweep.words import show


def shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The words of the second of the three parts."""
    experiments = rank(read_results([folder]))
    show(experiments, effects_in(experiments))
    _, effects, _ = capsys.readouterr().out.split("\n\n")
    return [line.split() for line in effects.splitlines()]


def test_like_with_like_is_shown_where_it_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_result(tmp_path / "0", 0.9, hsize=64, lr=0.01)
    make_result(tmp_path / "1", 0.3, hsize=8, lr=0.01)
    make_result(tmp_path / "2", 0.8, hsize=64, lr=0.1)
    make_result(tmp_path / "3", None, "diverged", hsize=8, lr=0.1)
    rows = shown(tmp_path, capsys)
    assert rows[0] == ["setting", "value", "runs", "validation", "best", "like", "with", "like"]
    assert rows[3:] == [
        ["lr", "0.01", "2", "60.0%", "±", "42.4%", "90.0%", "90.0%", "(1)"],
        ["lr", "0.1", "1", "of", "2", "80.0%", "80.0%"],  # its only one
    ]


def test_of_many_values_their_number_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(8):
        make_result(tmp_path / str(number), 0.5, hsize=number + 1)
    assert len(shown(tmp_path, capsys)) == 9
    make_result(tmp_path / "8", 0.5, hsize=9)
    assert shown(tmp_path, capsys)[1:] == [["hsize", "9", "values:", "see", "effects.csv"]]
