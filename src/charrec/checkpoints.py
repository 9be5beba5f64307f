"""Checkpoint files: whole or refused, and nothing but data.

A checkpoint is what ``torch.save`` writes, a ZIP archive, whose comment is the SHA-256 of all that
stands before it. So every tool that reads a checkpoint of PyTorch's reads ours, and a file that
was cut off or changed by a bit is told from a good one.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.checkpoint_io import CheckpointIO
from torch import Tensor

from charrec.errors import UserError
from charrec.files import whole_file
from charrec.ordinary import read_ordinary

SEAL = b"charrec sha256 "
SEAL_BYTES = len(SEAL) + 64
LARGEST_CHECKPOINT = 2**36  # bytes
SIZE_BYTES = 2  # of a ZIP comment's length, which stands before the comment


def write_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Write a checkpoint: all of it, on the disk, or none.

    Raises:
        OSError: it cannot be written; what stood at `path` still does.
    """
    archive = io.BytesIO()
    torch.save(content, archive)
    body = archive.getbuffer()[:-SIZE_BYTES]  # PyTorch leaves the comment empty
    seal = SEAL + hashlib.sha256(body).hexdigest().encode()
    with whole_file(path, "wb") as file:
        file.write(body)
        file.write(len(seal).to_bytes(SIZE_BYTES, "little") + seal)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint holds: tensors, on the CPU, numbers, strings, and collections of them.

    Raises:
        UserError: the file is missing, damaged, no checkpoint of charrec's, or holds anything
            that would have to be executed to be loaded.
    """
    try:
        archive = read_ordinary(path, LARGEST_CHECKPOINT)
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such checkpoint; name a trained run with run=RUN_DIR"
        ) from None
    except (OSError, ValueError) as e:
        problem = getattr(e, "strerror", None) or e
        raise UserError(f"{path} cannot be read: {problem}; name another run") from e
    body, seal = archive[: -SEAL_BYTES - SIZE_BYTES], archive[-SEAL_BYTES:]
    if seal != SEAL + hashlib.sha256(body).hexdigest().encode():
        raise UserError(
            f"{path} is no whole checkpoint of charrec's: it was damaged, or written by another "
            "program; name another run, or train again"
        )
    return _data_of(archive, path)


def _data_of(archive: bytes, path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            if any(m.compress_type != zipfile.ZIP_STORED for m in members.infolist()):
                raise ValueError("packed, where PyTorch packs nothing")  # a bomb, perhaps
        content = torch.load(io.BytesIO(archive), map_location="cpu", weights_only=True)
        if not isinstance(content, dict) or not all(map(_is_there, _tensors(content))):
            raise ValueError("no dictionary, or tensors that only say how large they are")
    except Exception as e:  # torch raises whatever a crafted file leads it to
        raise UserError(
            f"{path} is refused: it holds something that is not plain data, and nothing of it "
            "was executed; do not trust where it came from"
        ) from e
    return content


def _tensors(content: Any) -> Iterator[Tensor]:
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, (dict, list, tuple)):
        for part in content.values() if isinstance(content, dict) else content:
            yield from _tensors(part)


def _is_there(tensor: Tensor) -> bool:
    """Whether there is memory behind each number; a few bytes can claim any size."""
    return tensor.device.type == "cpu" and tensor.is_contiguous()


def count_in(checkpoint: Path, name: str) -> int:
    """A whole number in a checkpoint: `epoch`, from 0, or `global_step`.

    Raises:
        UserError: the checkpoint is refused, or holds no such number.
    """
    count = read_checkpoint(checkpoint).get(name)
    if not isinstance(count, int) or not 0 <= count < 2**53:
        raise UserError(f"{checkpoint} holds no {name}; name another run")
    return count


def refuse_what_cannot_be_read(content: dict[str, Any]) -> None:
    """Raise UserError for what `read_checkpoint` would refuse, naming the callback it is of."""
    if _is_data(content):
        return
    states = content.get("callbacks") or {}
    whose = next((name for name, state in states.items() if not _is_data({"": state})), None)
    what = f"the state of the callback {whose}" if whose else "what is to be saved"
    raise UserError(
        f"{what} is not plain data, and could never be loaded again: numbers, texts, contiguous "
        "tensors, and lists and dictionaries of these are"
    )


def _is_data(content: dict[str, Any]) -> bool:
    archive = io.BytesIO()
    try:
        torch.save(content, archive)
        _data_of(archive.getvalue(), Path())
    except Exception:  # what cannot be pickled raises whatever it likes
        return False
    return True


class SealedCheckpointIO(CheckpointIO):
    """What Lightning reads and writes checkpoints with.

    The first one of a run is read again before it is written, so that no run learns for hours
    what cannot be loaded.
    """

    def __init__(self) -> None:
        self._can_be_read = False

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        if not self._can_be_read:
            refuse_what_cannot_be_read(checkpoint)
            self._can_be_read = True
        path = Path(path)
        path.parent.mkdir(exist_ok=True)  # but no run's folder, which was moved or removed
        write_checkpoint(checkpoint, path)

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """On the CPU and as data, whatever is asked for."""
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: str | Path) -> None:
        Path(path).unlink(missing_ok=True)
