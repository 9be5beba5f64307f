"""Parts of the test letters: what is read of each, for real and by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import parts
from charrec.answers import Answers


def test_a_share_by_hand() -> None:
    answers = Answers(
        "AB",
        ["low_1.png", "low_2.png", "up_1.png"],
        ["A", "B", "B"],
        np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]),
        [None, None, None],
    )
    assert parts.share_right(answers, "low_") == 0.5
    assert parts.share_right(answers, "up_") == 1.0
    assert parts.share_right(answers, "x") is None


def test_a_table_by_hand() -> None:
    results = {"parts": {"ours": {"a": {"x": [0.5], "y": [1.0]}, "b": {"x": [0.4, 0.6], "y": [0]}}}}
    assert parts.table(results, "ours") == (
        "|  | ours: x* | ours: y* |\n"
        "| --- | ---: | ---: |\n"
        "| trained on a | 50.0 | 100.0 |\n"
        "| trained on b | 50.0 ± 14.1 | 0.0 |"
    )


def test_every_run_reads_every_part(
    trained: Path, letters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "work"
    (work / "ours").mkdir(parents=True)
    (work / "ours" / "0").symlink_to(trained)
    names = json.loads((letters / "test.json").read_text())
    beginning = min(names)[:-4]
    places = ["--work", str(work), "--out", str(tmp_path)]
    parts.main([f"set={letters}", "--named", beginning, "nothing", *places])
    told = json.loads((tmp_path / "parts.json").read_text())
    assert list(told["parts"]["set"]["ours"]) == [beginning]
    (share,) = told["parts"]["set"]["ours"][beginning]
    assert 0 <= share <= 1
    assert (tmp_path / "parts.md").read_text() == parts.page(told)
    assert f"set: {beginning}*" in capsys.readouterr().out
