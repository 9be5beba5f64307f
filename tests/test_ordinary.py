"""Only ordinary files are opened, and nothing is waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from charrec.ordinary import open_ordinary, read_ordinary


def test_a_file_comes_back_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)))
    assert read_ordinary(tmp_path / "a", 256) == bytes(range(256))
    (tmp_path / "link").symlink_to("a")
    with open_ordinary(tmp_path / "link", 256) as file:
        assert file.read(3) == b"\0\1\2"


def test_a_byte_too_many(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(1001))
    with pytest.raises(ValueError, match=r"^it has 1,001 bytes, over the 1,000 that are read$"):
        open_ordinary(tmp_path / "a", 1000)


def odd_file(folder: Path, kind: str) -> Path:
    path = folder / "odd"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        place = os.getcwd()
        os.chdir(folder)  # a socket's path may only be short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("odd")
        os.chdir(place)
    return path


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "socket"])
def test_what_is_no_file_is_not_opened(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = odd_file(tmp_path, kind)

    def never(*_: object) -> int:
        raise AssertionError("it was opened")

    monkeypatch.setattr(os, "open", never)
    with pytest.raises(ValueError, match=f"^it is a {kind}$"):
        read_ordinary(path, 1000)


def test_a_pipe_that_takes_a_file_s_place_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"x")
    about, stat = os.stat(tmp_path / "a"), os.stat
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "stat", lambda path: about if path == tmp_path / "pipe" else stat(path))
    with pytest.raises(ValueError, match=r"^it is a pipe$"):
        open_ordinary(tmp_path / "pipe", 1000)


def test_a_file_that_grows_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"1234")
    about, fstat = os.stat(tmp_path / "a"), os.fstat
    (tmp_path / "a").write_bytes(b"12345")
    monkeypatch.setattr(os, "fstat", lambda number: about if number > 2 else fstat(number))
    with pytest.raises(ValueError, match=r"^it changes while it is read$"):
        read_ordinary(tmp_path / "a", 1000)
