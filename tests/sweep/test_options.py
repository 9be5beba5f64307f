"""The settings of a sweep as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from charrec.errors import UserError
from charrec.sweep.options import SweepOptions, threads_of_a_job


def test_values_that_are_right() -> None:
    assert SweepOptions.from_config({}) == SweepOptions(None, False, False)
    values = {"resume": "latest", "retry_failed": True, "fail_fast": True}
    assert SweepOptions.from_config(values) == SweepOptions("latest", True, True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"resume": 3},
            "sweep.resume=3 is refused: sweep.resume is a sweep's folder, latest or null",
        ),
        (
            {"fail_fast": "maybe"},
            "sweep.fail_fast=maybe is refused: sweep.fail_fast is true or false",
        ),
        (
            {"retry_failed": True},
            "sweep.retry_failed goes with sweep.resume=DIR, the sweep that failed",
        ),
        ({"fail_fats": True}, "sweep.fail_fats is no setting; did you mean 'sweep.fail_fast'?"),
        (True, "sweep=True is refused: write sweep.NAME=VALUE"),
    ],
)
def test_values_that_are_wrong(values: Any, message: str) -> None:
    with pytest.raises(UserError) as refused:
        SweepOptions.from_config(values)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("threads", "beside_others", "count"),
    [("auto", True, 1), ("auto", False, None), (3, True, 3), (3, False, 3)],
)
def test_threads_of_a_job(threads: int | str, beside_others: bool, count: int | None) -> None:
    assert threads_of_a_job(SweepOptions(threads=threads).threads, beside_others) == count


@pytest.mark.parametrize("threads", [0, -1, 1.5, "all", None, True])
def test_no_number_of_threads(threads: Any) -> None:
    with pytest.raises(UserError, match=r"^sweep\.threads=.* is refused: sweep\.threads is auto, "):
        SweepOptions(threads=threads)


def test_what_is_said_again_to_go_on() -> None:
    assert SweepOptions("s", retry_failed=True).repeated() == []
    options = SweepOptions("s", fail_fast=True, threads=2)
    assert options.repeated() == ["sweep.fail_fast=true", "sweep.threads=2"]
