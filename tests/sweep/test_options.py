"""The settings of a sweep as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from charrec.errors import UserError
from charrec.sweep.options import SweepOptions


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
