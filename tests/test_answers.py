"""The tables made of what a network answered, against a small example worked by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from charrec.answers import COLUMNS, Answers, write_confusion_csv, write_csv

# Seven pictures of A, B and C; the fifth cannot be read, the sixth has no known truth.
EXAMPLE = Answers(
    "ABC",
    ["1.png", "2.png", "a, b.png", "4\n.png", "5.png", "6.png", "7.png"],
    ["A", "A", "B", "A", "B", None, "C"],
    np.array(
        [
            [0.7, 0.2, 0.1],  # A as A
            [0.2, 0.3, 0.5],  # A as C
            [0.1, 0.8, 0.1],  # B as B
            [0.3, 0.1, 0.6],  # A as C
            [1.0, 0.0, 0.0],  # unreadable
            [0.25, 0.5, 0.25],  # as B
            [0.4, 0.4, 0.2],  # C as A: of equals the first
        ],
        dtype=np.float32,
    ),
    [None, None, None, None, "5.png is empty", None, None],
)

ROWS = """\
file,truth,letter,probability,second,second_probability,third,third_probability,error
1.png,A,A,0.700000,B,0.200000,C,0.100000,
2.png,A,C,0.500000,B,0.300000,A,0.200000,
"a, b.png",B,B,0.800000,A,0.100000,C,0.100000,
"4
.png",A,C,0.600000,A,0.300000,B,0.100000,
5.png,B,,,,,,,5.png is empty
6.png,,B,0.500000,A,0.250000,C,0.250000,
7.png,C,A,0.400000,B,0.400000,C,0.200000,
"""


def test_the_csv_to_the_letter(tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", EXAMPLE.rows())
    assert (tmp_path / "rows.csv").read_bytes().decode() == ROWS
    with (tmp_path / "rows.csv").open(newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == list(EXAMPLE.files)


def test_letters_and_score() -> None:
    assert EXAMPLE.letters == ["A", "C", "B", "C", "", "B", "A"]
    assert EXAMPLE.judged == [("A", "A"), ("A", "C"), ("B", "B"), ("A", "C"), ("C", "A")]
    assert EXAMPLE.score() == {
        "accuracy": 0.4,
        "correct": 2,
        "total": 5,
        "interval": [0.117621, 0.769276],
        "macro_accuracy": 0.444444,  # (1/3 + 1/1 + 0/1) / 3
        "top_3_accuracy": 1.0,
    }


def test_confusion() -> None:
    assert EXAMPLE.confusion().tolist() == [[1, 0, 2], [0, 1, 0], [1, 0, 0]]


def test_confusion_csv(tmp_path: Path) -> None:
    write_confusion_csv(tmp_path / "confusion.csv", EXAMPLE)
    assert (tmp_path / "confusion.csv").read_text() == "truth,A,B,C\nA,1,0,2\nB,0,1,0\nC,1,0,0\n"


def test_per_letter(tmp_path: Path) -> None:
    write_csv(tmp_path / "letters.csv", EXAMPLE.per_letter())
    assert (tmp_path / "letters.csv").read_text() == (
        "letter,count,recall,most_confused_with,confused\n"
        "A,3,0.3333,C,2\n"
        "B,1,1.0000,,\n"
        "C,1,0.0000,A,1\n"
    )


def test_a_letter_that_no_picture_shows() -> None:
    answers = Answers("AB", ["1"], ["A"], np.array([[0.1, 0.9]], dtype=np.float32), [None])
    assert [list(row.values()) for row in answers.per_letter()] == [
        ["A", "1", "0.0000", "B", "1"],
        ["B", "0", "", "", ""],
    ]


def test_of_equally_frequent_confusions_the_first_is_named() -> None:
    probabilities = np.eye(3, dtype=np.float32)[[2, 1, 1, 2]]
    answers = Answers("ABC", list("1234"), ["A"] * 4, probabilities, [None] * 4)
    assert answers.per_letter()[0] == {
        "letter": "A",
        "count": "4",
        "recall": "0.0000",
        "most_confused_with": "B",
        "confused": "2",
    }


def test_the_answer_and_the_first_in_the_ranking_agree_on_ties() -> None:
    chance = np.random.default_rng(0)
    probabilities = chance.integers(0, 3, (200, 5)).astype(np.float32)
    answers = Answers("ABCDE", ["f"] * 200, [None] * 200, probabilities, [None] * 200)
    for letter, row, values in zip(answers.letters, answers.rows(), probabilities, strict=True):
        best = sorted("ABCDE", key=lambda c: (-values["ABCDE".index(c)], c))[:3]
        assert [row["letter"], row["second"], row["third"]] == best
        assert letter == best[0]


def test_an_alphabet_of_two_has_no_third() -> None:
    values = np.array([[0.25, 0.75], [1, 0]], dtype=np.float32)
    answers = Answers("XY", ["1", "2"], ["Y", None], values, [None, "broken"])
    rows = [list(row.values()) for row in answers.rows()]
    assert rows == [
        ["1", "Y", "Y", "0.750000", "X", "0.250000", "", "", ""],
        ["2", "", "", "", "", "", "", "", "broken"],
    ]
    assert tuple(next(answers.rows())) == COLUMNS


@pytest.mark.parametrize("truth", [[None], ["A"]])
def test_without_a_truth_there_is_no_accuracy(truth: list[str | None]) -> None:
    error = "unreadable" if truth[0] else None
    answers = Answers("AB", ["1"], truth, np.array([[1, 0]], dtype=np.float32), [error])
    without = dict.fromkeys(("accuracy", "interval", "macro_accuracy", "top_3_accuracy"))
    assert answers.score() == {"correct": 0, "total": 0} | without


def test_a_name_that_is_no_utf_8_leaves_the_csv_utf_8(tmp_path: Path) -> None:
    values = np.array([[1, 0]], dtype=np.float32)
    answers = Answers("ÄB", ["\udcff ü.png"], ["Ä"], values, [None])
    write_csv(tmp_path / "rows.csv", answers.rows())
    assert "\n\\udcff ü.png,Ä,Ä,1.000000,B," in (tmp_path / "rows.csv").read_text("utf-8")


# The same with a fourth letter, so that three can miss it, and two pictures that are blank.
BLANK_ONES = Answers(
    "ABCD",
    list("123456"),
    ["A", "A", "A", "B", "C", None],
    np.array(
        [
            [0.4, 0.3, 0.2, 0.1],  # A as A
            [0.2, 0.4, 0.3, 0.1],  # A as B, A is third
            [0.1, 0.2, 0.3, 0.4],  # A as D, A is fourth
            [0.1, 0.7, 0.1, 0.1],  # B, but blank
            [0.1, 0.1, 0.2, 0.6],  # C as D, C is second
            [0.7, 0.1, 0.1, 0.1],  # blank, and nobody knows
        ],
        dtype=np.float32,
    ),
    [None] * 6,
    [False, False, False, True, False, True],
)


def test_blank_is_wrong_where_there_is_a_truth() -> None:
    assert BLANK_ONES.letters == ["A", "B", "D", "blank", "D", "blank"]
    score = BLANK_ONES.score()
    assert (score["correct"], score["total"], score["accuracy"]) == (1, 5, 0.2)
    assert score["macro_accuracy"] == pytest.approx((1 / 3 + 0 + 0) / 3, abs=1e-6)  # D has none
    assert score["top_3_accuracy"] == 0.6
    assert BLANK_ONES.recalls() == {"A": 1 / 3, "B": 0.0, "C": 0.0}


def test_blank_in_the_tables(tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", BLANK_ONES.rows())
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert lines[4] == "4,B,blank,,,,,,"
    assert lines[6] == "6,,blank,,,,,,"
    write_confusion_csv(tmp_path / "confusion.csv", BLANK_ONES)
    assert (tmp_path / "confusion.csv").read_text() == (
        "truth,A,B,C,D,blank\nA,1,1,0,1,0\nB,0,0,0,0,1\nC,0,0,0,1,0\nD,0,0,0,0,0\n"
    )
    write_csv(tmp_path / "letters.csv", BLANK_ONES.per_letter())
    assert (tmp_path / "letters.csv").read_text().splitlines()[1:] == [
        "A,3,0.3333,B,1",
        "B,1,0.0000,blank,1",
        "C,1,0.0000,D,1",
        "D,0,,,",
    ]


def test_a_blank_picture_that_cannot_be_read_is_unreadable() -> None:
    """It was left black."""
    values = np.array([[0.2, 0.8]], dtype=np.float32)
    answers = Answers("AB", ["1"], ["A"], values, ["broken"], [True])
    assert answers.letters == [""]
    assert answers.score()["total"] == 0
