"""Which names of `out` are a file's."""

from __future__ import annotations

from pathlib import Path

import pytest

from charrec.errors import UserError
from charrec.new_folders import output_folder


@pytest.mark.parametrize(
    "suffix", [".pdf", ".jpg", ".jpeg", ".htm", ".zip", ".svg", ".html", ".PDF"]
)
def test_a_file_s_name_makes_no_folder(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = f"out=x{suffix} is to be a folder, with files in it; leave out {suffix.lower()}"
    with pytest.raises(UserError) as refused:
        output_folder(f"x{suffix}", "outputs")
    assert str(refused.value) == told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["run.v2", "2026.11", "x.pdfs", "pdf"])
def test_a_folder_may_have_a_point_in_its_name(name: str, tmp_path: Path) -> None:
    assert output_folder(tmp_path / name, "outputs").is_dir()
