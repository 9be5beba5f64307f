"""Which pictures a file, a folder or a glob names, and in which order."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conftest import draw_letter

from charrec.data.finding import find_pictures, natural_order
from charrec.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("10_I.jpg", "2_I.PNG", "1_W.jpg"):
        draw_letter("A", 1).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture by its name")
    (tmp_path / "page.pdf").write_bytes(b"%PDF")  # Pillow writes these and reads none
    (tmp_path / "page.eps").write_bytes(b"%!PS-Adobe")  # Pillow would start another program
    (tmp_path / "._1_W.jpg").write_bytes(b"")  # beside each on some disks, and no picture
    (tmp_path / "sub.png").mkdir()
    return tmp_path


def test_a_folder_gives_its_pictures(folder: Path) -> None:
    assert [path.name for path in find_pictures(folder)] == ["1_W.jpg", "2_I.PNG", "10_I.jpg"]


def test_a_glob_gives_what_matches(folder: Path) -> None:
    assert [path.name for path in find_pictures(folder / "1*")] == ["1_W.jpg", "10_I.jpg"]
    assert len(find_pictures(folder.parent / "**" / "*_I.jpg")) >= 1


def test_a_file_is_taken_whatever_its_name(folder: Path) -> None:
    assert find_pictures(folder / "notes.txt") == [folder / "notes.txt"]


@pytest.mark.parametrize("name", ["nowhere", "empty", "empty/*.png", "sub.png"])
def test_nothing_to_read(folder: Path, name: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(UserError, match="matches no picture; name a file, a folder or a glob"):
        find_pictures(folder / name)


def test_pictures_in_folders_below_are_told_how_to_be_named(folder: Path) -> None:
    (folder / "all" / "sub").mkdir(parents=True)
    (folder / "1_W.jpg").rename(folder / "all" / "sub" / "1_W.jpg")
    cure = re.escape(f"images='{folder}/all/**/*.jpg'")
    with pytest.raises(UserError, match=f"matches no picture; in folders below it {cure}"):
        find_pictures(folder / "all")
    assert [path.name for path in find_pictures(folder / "all" / "**" / "*.jpg")] == ["1_W.jpg"]


def test_what_is_no_file_is_named_to_be_told(folder: Path) -> None:
    """A row with its error, where it would otherwise be missing without a word."""
    os.mkfifo(folder / "3_pipe.png")
    (folder / "4_link.png").symlink_to("gone.png")
    (folder / "5_loop.png").symlink_to("5_loop.png")
    (folder / "6_folder.png").symlink_to("sub.png")
    odd = ["3_pipe.png", "4_link.png", "5_loop.png"]
    assert [path.name for path in find_pictures(folder)][2:5] == odd
    assert [path.name for path in find_pictures(folder / "[3-6]*")] == odd
    assert [find_pictures(folder / name) for name in odd] == [[folder / name] for name in odd]


def test_home_is_expanded_unless_a_tilde_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    assert len(find_pictures("~")) == 3
    (folder / "~").mkdir()
    draw_letter("A", 1).save(folder / "~" / "here.png")
    assert find_pictures("~") == [Path("~/here.png")]


def test_a_name_that_looks_like_a_glob_is_a_file_first(tmp_path: Path) -> None:
    draw_letter("A", 1).save(tmp_path / "[ab].png")
    draw_letter("A", 1).save(tmp_path / "a.png")
    assert find_pictures(tmp_path / "[ab].png") == [tmp_path / "[ab].png"]


def test_natural_order() -> None:
    names = ["10_I.jpg", "2_I.jpg", "B2.png", "b10.png", "1_W.jpg"]
    ordered = [path.name for path in sorted(map(Path, names), key=natural_order)]
    assert ordered == ["1_W.jpg", "2_I.jpg", "10_I.jpg", "B2.png", "b10.png"]
