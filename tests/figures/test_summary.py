"""The frame at the end of a training, on a terminal of any width."""

from __future__ import annotations

import re

import pytest

from charrec.figures.summary import drawn_summary

FOLDER = "outputs/2026-11-29_10-03-20_ab12"
SUMMARY = {
    "test": {
        "accuracy": 0.855,
        "correct": 171,
        "total": 200,
        "macro_accuracy": 0.841,
        "top_3_accuracy": 0.95,
        "expected_calibration_error": 0.023,
        "temperature": 2.5,
        "before_temperature": {"expected_calibration_error": 0.101},
    },
    "validation": {"accuracy": 0.828},
    "best_epoch": 41,
    "epochs": 50,
}
TOLD = (
    "Test accuracy 85.5% 171 of 200, 95% interval 80.0% to 89.7%",
    "Mean over letters 84.1% each letter counts alike",
    "Among the first three 95.0%",
    "Calibration error 2.3% 10.1% before calibration",
    "Best epoch 41 of 50, validation accuracy 82.8%",
)


def framed(width: int, folder: str, patch: pytest.MonkeyPatch) -> list[str]:
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": str(width)}.items():
        patch.setenv(name, value)
    for name in ("TERM", "TTY_COMPATIBLE"):
        patch.delenv(name, raising=False)
    return re.sub(r"\x1b\[[0-9;]*m", "", drawn_summary(SUMMARY, folder)).splitlines()


@pytest.mark.parametrize("folder", [FOLDER, f"/home/somebody/{'letters/' * 12}x"])
def test_nothing_is_lost_at_any_width(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = re.sub(r"\s", "", folder + "".join(TOLD))
    for width in range(20, 120):
        lines = framed(width, folder, monkeypatch)
        assert {len(line) for line in lines} == {len(lines[0])}, "the frame is straight"
        assert len(lines[0]) <= width
        words = "".join(lines) if width < 56 else "".join(sorted("".join(lines)))
        seen = re.sub(r"[\s─│╭╮╰╯]", "", words)
        assert seen == (told if width < 56 else "".join(sorted(told))), (width, lines)


def test_a_temperature_of_few_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SUMMARY["test"], "temperature_letters", 24)  # type: ignore[arg-type]
    lines = framed(100, FOLDER, monkeypatch)
    assert any("10.1% before calibration by 24 letters alone" in line for line in lines)


def test_probabilities_that_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SUMMARY["test"], "temperature", 100.0)  # type: ignore[arg-type]
    told = "Calibration error - probabilities say nothing: on validation the true letter's"
    lines = [" ".join(line.strip("│ ").split()) for line in framed(110, FOLDER, monkeypatch)]
    assert any(line.startswith(told) for line in lines)


def test_on_a_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert framed(30, FOLDER, monkeypatch)[:7] == [
        "╭────────────────────────────╮",
        "│ outputs/                   │",
        "│ 2026-11-29_10-03-20_ab12   │",
        "│ Test accuracy 85.5%        │",
        "│   171 of 200, 95% interval │",
        "│   80.0% to 89.7%           │",
        "│ Mean over letters 84.1%    │",
    ]


def test_side_by_side_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    assert framed(80, FOLDER, monkeypatch)[:2] == [
        f"╭─ {FOLDER} ────────────────────────────────────╮",
        "│ Test accuracy          85.5%  171 of 200, 95% interval 80.0% to 89.7% │",
    ]
