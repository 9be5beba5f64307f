"""A checkpoint file: sealed, read as data, and still what every tool of PyTorch's reads."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from comparing import alike

from charrec.checkpoints import (
    SEAL,
    SEAL_BYTES,
    SealedCheckpointIO,
    count_in,
    read_checkpoint,
    write_checkpoint,
)
from charrec.errors import UserError

CONTENT: dict[str, Any] = {
    "epoch": 3,
    "global_step": 48,
    "state_dict": {"weight": torch.arange(6.0).view(2, 3), "bias": torch.zeros(2)},
    "rows": "1,2\n",
    "nested": {"list": [1, 2.5, None, True], "tuple": (1, "ä")},
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    write_checkpoint(CONTENT, tmp_path / "a.ckpt")
    return tmp_path / "a.ckpt"


def test_what_is_written_is_read(checkpoint: Path) -> None:
    alike(read_checkpoint(checkpoint), CONTENT)
    assert [path.name for path in checkpoint.parent.iterdir()] == ["a.ckpt"]


def test_torch_and_zip_read_it_too(checkpoint: Path) -> None:
    alike(torch.load(checkpoint, weights_only=True), CONTENT)
    with zipfile.ZipFile(checkpoint) as archive:
        assert archive.testzip() is None
        assert archive.comment.startswith(SEAL)
        assert len(archive.comment) == SEAL_BYTES


def test_the_seal_is_the_digest_of_all_before_the_comment(checkpoint: Path) -> None:
    data = checkpoint.read_bytes()
    assert data[-64:].decode() == hashlib.sha256(data[: -SEAL_BYTES - 2]).hexdigest()


def test_the_same_content_is_the_same_file(checkpoint: Path, tmp_path: Path) -> None:
    write_checkpoint(CONTENT, tmp_path / "b.ckpt")
    assert (tmp_path / "b.ckpt").read_bytes() == checkpoint.read_bytes()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "no such checkpoint; name a trained run"),
        ("folder", "cannot be read: it is a folder"),
    ],
)
def test_what_is_not_there(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=message):
        read_checkpoint(tmp_path / name)


@pytest.mark.parametrize("content", [[1], 3, None, "x"])
def test_what_is_no_dictionary(content: Any, tmp_path: Path) -> None:
    write_checkpoint(content, tmp_path / "a.ckpt")
    with pytest.raises(UserError, match="is refused"):
        read_checkpoint(tmp_path / "a.ckpt")


def test_counts(checkpoint: Path, tmp_path: Path) -> None:
    assert (count_in(checkpoint, "epoch"), count_in(checkpoint, "global_step")) == (3, 48)
    for odd in (None, -1, 1.5, "3", 2**60):
        write_checkpoint({"epoch": odd}, tmp_path / "odd.ckpt")
        with pytest.raises(UserError, match="holds no epoch; name another run"):
            count_in(tmp_path / "odd.ckpt", "epoch")
    with pytest.raises(UserError, match="holds no global_step"):
        count_in(tmp_path / "odd.ckpt", "global_step")


def test_what_lightning_is_given(tmp_path: Path) -> None:
    path, files = tmp_path / "made" / "a.ckpt", SealedCheckpointIO()
    files.save_checkpoint(CONTENT, str(path))
    alike(files.load_checkpoint(str(path), map_location="meta", weights_only=False), CONTENT)
    files.remove_checkpoint(path)
    files.remove_checkpoint(path)
    assert not path.exists()


@pytest.mark.parametrize(
    "claimed", [torch.empty(10**6, 10**6, device="meta"), torch.zeros(1).expand(10**6, 10**6)]
)
def test_a_tensor_that_only_says_how_large_it_is(claimed: torch.Tensor, tmp_path: Path) -> None:
    write_checkpoint({"state_dict": {"weight": [claimed]}}, tmp_path / "a.ckpt")
    with pytest.raises(UserError, match="is refused"):
        read_checkpoint(tmp_path / "a.ckpt")
