"""What a test says of a network, against a small example worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from charrec.assessment import Assessment, Stranger
from charrec.scores import no_letters_table, told

# Six pictures of A and B: read rightly at 0.9, wrongly at 0.8, rightly at 0.6, blank, unreadable,
# and one of which nobody knows what it is.
CALIBRATED = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.99, 0.01], [0.98, 0.02], [0.7, 0.3]]
BEFORE = [[0.99, 0.01], [0.01, 0.99], [0.3, 0.7], [1.0, 0.0], [1.0, 0.0], [0.8, 0.2]]


def example(**changes: Any) -> Assessment:
    arguments: dict[str, Any] = {
        "alphabet": "AB",
        "files": list("123456"),
        "truth": ["A", "A", "B", "A", "A", None],
        "probabilities": np.array(CALIBRATED),
        "errors": [None, None, None, None, "broken", None],
        "blank": [False, False, False, True, False, False],
        "uncalibrated": np.array(BEFORE),
        "temperature": 2.5,
        "strangers": {
            # Of 3 x 4 pairs with 0.9, 0.8 and 0.6 a letter is above in 9, and one is a tie.
            "fine_noise": Stranger(np.array([0.3, 0.5, 0.6, 0.85]), np.array([True, *[False] * 3]))
        },
    }
    return Assessment(**(arguments | changes))


def test_the_score() -> None:
    score = example().score()
    assert (score["correct"], score["total"], score["accuracy"]) == (2, 4, 0.5)
    likelihood = -(math.log(0.9) + math.log(0.2) + math.log(0.6)) / 3
    assert score["negative_log_likelihood"] == pytest.approx(likelihood, abs=1e-6)
    error = (abs(1 - 0.9) + abs(0 - 0.8) + abs(1 - 0.6)) / 3
    assert score["expected_calibration_error"] == pytest.approx(error, abs=1e-6)
    assert score["temperature"] == 2.5
    before = -(math.log(0.99) + math.log(0.01) + math.log(0.7)) / 3
    assert score["before_temperature"] == pytest.approx(
        {
            "negative_log_likelihood": before,
            # 0.99 twice in a bin, right once: the gap of their means.
            "expected_calibration_error": (2 * abs(0.5 - 0.99) + abs(1 - 0.7)) / 3,
        },
        abs=1e-6,
    )
    assert score["no_letters"] == {
        "fine_noise": {
            "count": 4,
            "area_under_roc": round(9.5 / 12, 6),
            "above_half": 0.5,
            "answered_blank": 0.25,
        }
    }


def test_the_table_behind_the_diagram() -> None:
    rows = example().reliability()
    assert list(rows[0].values()) == ["0.0000", "0.0667", "0", "", "", "0", "", ""]
    assert [row["count"] for row in rows] == list("000000001001010")
    assert rows[13] == {
        "above": "0.8667",
        "to": "0.9333",
        "count": "1",
        "probability": "0.900000",
        "accuracy": "1.000000",
        "before_count": "0",
        "before_probability": "",
        "before_accuracy": "",
    }
    assert rows[14]["before_count"] == "2"
    assert (rows[14]["before_probability"], rows[14]["before_accuracy"]) == ("0.990000", "0.500000")


@pytest.mark.parametrize("changes", [{"truth": [None] * 6}, {"blank": [True] * 6}])
def test_without_answers_there_are_no_probabilities_to_judge(changes: dict[str, Any]) -> None:
    score = example(**changes).score()
    nothing = {"negative_log_likelihood": None, "expected_calibration_error": None}
    assert {name: score[name] for name in nothing} == nothing == score["before_temperature"]
    assert score["no_letters"]["fine_noise"]["area_under_roc"] is None
    assert no_letters_table(score) == [("fine noise", "", "50.0%", "25.0%")]
    assert sum(int(row["count"]) for row in example(**changes).reliability()) == 0


def test_what_is_told() -> None:
    assert list(told(example().score())) == [
        "50.0% (2 of 4; 95% interval 15.0% to 85.0%)",
        "Mean over letters: 66.7%; the letter is among the first three: 75.0%",
        "Probabilities: 43.3% off, 42.7% before calibration (expected calibration error)",
    ]
    assert no_letters_table(example().score()) == [("fine noise", "0.79", "50.0%", "25.0%")]


@pytest.mark.parametrize(
    ("temperature", "several", "against"),
    [
        (1.0, False, "not calibrated"),
        (2.5, True, "42.7% with no network calibrated"),
        (1.0, True, "42.7% with no network calibrated"),
    ],
)
def test_what_is_told_of_calibration(temperature: float, several: bool, against: str) -> None:
    *_, last = told(example(temperature=temperature).score(), several)
    assert last == f"Probabilities: 43.3% off, {against} (expected calibration error)"


def test_what_the_hottest_temperature_cannot_mend_makes_no_claim() -> None:
    for several in (False, True):
        *_, last = told(example(temperature=100.0).score(), several)
        assert last == (
            "Probabilities say nothing: on validation the true letter's logit is hardly higher "
            "than the others', if at all, so the temperature ended at 100"
        )


@pytest.mark.parametrize(
    ("temperature", "letters", "how"),
    [
        (2.5, 0, " by 0 letters alone"),
        (2.5, 49, " by 49 letters alone"),
        (2.5, 50, ""),
        (2.5, None, ""),
        (0.1, 50, ", the temperature at the end of its range, 0.1"),
        (0.1, 9, " by 9 letters alone, the temperature at the end of its range, 0.1"),
    ],
)
def test_how_a_temperature_was_fitted(temperature: float, letters: int | None, how: str) -> None:
    score = example(temperature=temperature, temperature_letters=letters).score()
    assert score["temperature_letters"] == letters
    for several, against in ((False, "before calibration"), (True, "with no network calibrated")):
        *_, last = told(score, several)
        assert f"43.3% off, 42.7% {against}{how} (expected calibration error)" in last


def test_what_an_earlier_version_recorded_is_told_too() -> None:
    old = {"accuracy": 0.5, "correct": 2, "total": 4}
    assert list(told(old)) == ["50.0% (2 of 4; 95% interval 15.0% to 85.0%)"]
