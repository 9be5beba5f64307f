"""Paths as a user gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from charrec.errors import UserError
from charrec.paths import full_path, seen_from


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert full_path("~/letters") == tmp_path / "letters"
    (tmp_path / "~").mkdir()
    assert full_path("~") == tmp_path / "~", "a folder of that very name comes first"


def test_relative_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert full_path("a b") == tmp_path / "a b"


def test_no_such_user() -> None:
    with pytest.raises(UserError, match=r"^~nosuchuser/x: no such user; write the whole path$"):
        full_path("~nosuchuser/x")


def test_a_name_that_is_too_long_is_not_asked_for_twice() -> None:
    assert full_path("/" + "x" * 300) == Path("/" + "x" * 300)


def test_a_path_seen_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert seen_from(tmp_path, tmp_path / "a" / "b") == "a/b"
    assert seen_from(tmp_path / "c", tmp_path / "a" / "b") == "../a/b"
    assert seen_from(tmp_path / "a", tmp_path / "link" / "b") == "b"
