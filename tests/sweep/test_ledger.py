"""The ledger: no change lost, no half of one ever read."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from charrec.errors import UserError
from charrec.sweep.ledger import LAST, Ledger, new_row, varied_of, with_columns


def make_ledger(folder: Path, count: int) -> Ledger:
    ledger = Ledger(folder)
    ledger.write([new_row(n, f"{n:012x}", {"lr": f"1e-{n}"}) for n in range(count)])
    return ledger


def test_a_row_changes_and_the_others_stay(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 3)
    rows = ledger.update("1", status="failed", error='a "quoted" one, with\na second line')
    assert rows == Ledger(tmp_path).rows()
    assert [row["status"] for row in rows] == ["waiting", "failed", "waiting"]
    assert rows[1]["error"] == 'a "quoted" one, with\na second line'
    header, *_ = (tmp_path / "ledger.csv").read_text().splitlines()
    assert header.split(",") == ["job", "fingerprint", "status", "lr", *LAST]


def _update_often(folder: Path, job: str) -> None:
    for n in range(30):
        Ledger(folder).update(job, seconds=str(n))


def test_no_change_of_several_processes_is_lost(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 4)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(_update_often, [(tmp_path, str(job)) for job in range(4)], chunksize=1)
    assert [row["seconds"] for row in ledger.rows()] == ["29"] * 4


def test_there_is_none_yet(tmp_path: Path) -> None:
    assert Ledger(tmp_path).rows() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no column best_epoch"),
        (b"job,status\n0,completed\n", "no column best_epoch"),
        (b"no\x00thing", "no column best_epoch"),
        (b"\xff\xfe", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_a_file_that_is_none(content: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "ledger.csv").write_bytes(content)
    with pytest.raises(UserError) as refused:
        Ledger(tmp_path).rows()
    told = f"{tmp_path}/ledger.csv is no ledger of charrec's ({why}); mend it, or remove it: "
    told += "what its runs are is in their folders, too"
    assert str(refused.value) == told


def test_a_job_that_is_no_number_is_no_folder_to_look_into(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 1)
    ledger.write([row | {"job": "../../home"} for row in ledger.rows()])
    with pytest.raises(UserError, match=r"\(no number of a job: '../../home'\)"):
        ledger.rows()


@pytest.mark.parametrize("name", ["seconds", "best_validation_accuracy"])
def test_what_is_no_number_is_told(name: str, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 1)
    ledger.update("0", **{name: "12,5"})
    with pytest.raises(UserError, match=r"\(could not convert string to float: '12,5'\)"):
        ledger.rows()


def test_a_spreadsheet_may_have_saved_it(tmp_path: Path) -> None:
    """With a mark before the first column, and a note beside the last one."""
    ledger = make_ledger(tmp_path, 1)
    before, text = ledger.rows(), ledger.path.read_bytes()
    ledger.path.write_bytes(b"\xef\xbb\xbf" + text.rstrip() + b",a note\r\n")
    assert ledger.rows() == before


def test_rows_from_before_the_grid_grew_get_its_columns() -> None:
    old, new = new_row(0, "a", {"lr": "1"}), new_row(1, "b", {"lr": "1", "hsize": "8"})
    first, second = with_columns([old, new])
    assert list(first) == list(second) == ["job", "fingerprint", "status", "lr", "hsize", *LAST]
    assert (first["hsize"], second["hsize"]) == ("", "8")
    assert varied_of(second) == "lr=1 hsize=8"


def test_settings_that_are_not_known_yet_tell_nothing() -> None:
    assert varied_of(new_row(0, "", {"lr": "", "hsize": "8"})) == "hsize=8"


def test_a_folder_is_that_of_a_job(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 1)
    ledger.update("0", folder="../elsewhere")
    with pytest.raises(UserError, match=r"no number of a job: '../elsewhere'"):
        ledger.rows()
