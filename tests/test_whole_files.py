"""Files are whole or not there, whatever stops the one who writes them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

import charrec.files
from charrec.files import DRAFT, append_whole, link_whole, remove_drafts, whole_file, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Refusing:
    """A file on a disk that has room for so many bytes more."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def __enter__(self) -> Refusing:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, data: Any) -> int:
        written = int(self.file.write(data[: self.room]))
        self.room -= written
        if written == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written


def leave_room(patch: pytest.MonkeyPatch, room: int) -> None:
    """Every file that charrec.files opens from now on has room for so many bytes."""

    def full(*arguments: Any, **how: Any) -> Any:
        return Refusing(open(*arguments, **how), room)

    patch.setattr(charrec.files, "open", full, raising=False)


def _write_letter_by_letter(path: Path, text: str) -> None:
    with whole_file(path) as file:
        for letter in text:
            file.write(letter)


@pytest.mark.parametrize("room", [0, 1, 5])
def test_without_room_the_old_file_stays(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    write_whole(path, "old")

    leave_room(monkeypatch, room)
    with pytest.raises(OSError, match="No space left") as refused:
        _write_letter_by_letter(path, "newer!")
    assert refused.value.filename == str(path)
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.json"])


def test_what_is_written_is_on_the_disk_before_it_has_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, int]] = []
    path = tmp_path / "a"
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        calls.append(("fsync", os.fstat(descriptor).st_size))
        fsync(descriptor)

    def watched_replace(source: Path, target: Path) -> None:
        calls.append(("replace", len(names(tmp_path))))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    write_whole(path, "Ä" * 10_000)
    assert calls == [("fsync", 20_000), ("replace", 1)]
    assert path.read_text(encoding="utf-8") == "Ä" * 10_000


def test_an_error_of_the_writer_s_own_leaves_no_draft(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a", "wb") as file:
        file.write(b"half" * (1 // 0))
    assert names(tmp_path) == []


def test_an_error_names_the_file_and_not_its_draft(tmp_path: Path) -> None:
    path = tmp_path / "no folder" / "a"
    with pytest.raises(FileNotFoundError) as refused:
        write_whole(path, "x")
    assert (refused.value.filename, refused.value.filename2) == (str(path), None)


def test_a_link_is_the_same_file_and_survives_a_new_one(tmp_path: Path) -> None:
    best, last = tmp_path / "best", tmp_path / "last"
    write_whole(best, "1")
    write_whole(last, "0")
    link_whole(best, last)
    assert os.stat(best).st_ino == os.stat(last).st_ino
    write_whole(last, "2")
    assert (best.read_text(), last.read_text()) == ("1", "2")
    assert names(tmp_path) == ["best", "last"]


def test_where_there_are_no_links_it_is_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: Any) -> None:
        raise OSError(errno.EPERM, "no links here")

    write_whole(tmp_path / "best", "1")
    monkeypatch.setattr(os, "link", no_links)
    link_whole(tmp_path / "best", tmp_path / "last")
    assert os.stat(tmp_path / "best").st_ino != os.stat(tmp_path / "last").st_ino
    assert (tmp_path / "last").read_text() == "1"
    assert names(tmp_path) == ["best", "last"]


def test_appending_makes_the_file_and_keeps_what_is_there(tmp_path: Path) -> None:
    for row in ("1,ä\n", "2,ö\n"):
        append_whole(tmp_path / "a.csv", row)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "1,ä\n2,ö\n"


@pytest.mark.parametrize("room", [0, 1, 4])
def test_a_row_that_does_not_fit_is_not_there_at_all(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    append_whole(path, "1,2\n")
    with monkeypatch.context() as patch:
        leave_room(patch, room)
        with pytest.raises(OSError, match="No space left") as refused:
            append_whole(path, "2,34\n")
    assert refused.value.filename == str(path)
    assert path.read_text() == "1,2\n"
    append_whole(path, "2,34\n")
    assert path.read_text() == "1,2\n2,34\n"


def test_drafts_of_the_dead_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    drafts = [f".a.1{DRAFT}", f".summary.json.22{DRAFT}"]
    kept = ["a", ".a", f"mine{DRAFT}", f".thesis{DRAFT}", f".a{DRAFT}.txt"]
    kept.append(f"checkpoints/.last.ckpt.22{DRAFT}")  # a folder of its own
    for name in (*drafts, *kept):
        (tmp_path / name).touch()
    (tmp_path / f".folder{DRAFT}").mkdir()
    remove_drafts(tmp_path)
    assert all((tmp_path / name).exists() for name in kept)
    assert not any((tmp_path / name).exists() for name in drafts)
    assert (tmp_path / f".folder{DRAFT}").is_dir()


def test_a_new_file_has_the_mode_that_any_has(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "x")
    (tmp_path / "b").touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"]
    assert modes[0] == modes[1]
