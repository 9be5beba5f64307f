"""Folders that nobody else has: outputs/DATE_TIME_xxxx."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path

from charrec.errors import UserError
from charrec.paths import full_path
from charrec.run import SUMMARY

# What is written, and what people write to; a folder may well be called run.v2 or 2026.11.
FILES = (
    *(".csv", ".htm", ".html", ".json", ".jpeg", ".jpg", ".md", ".onnx", ".pdf", ".png", ".pt2"),
    *(".safetensors", ".svg", ".txt", ".zip"),
)
OR_A_PAGE = ", or end it in .html for a file"


def run_id() -> str:
    """Four hexadecimal digits that keep folders of the same second apart."""
    return secrets.token_hex(2)


def new_folder(parent: str | Path) -> Path:
    """Make and return ``parent/DATE_TIME_xxxx``, which nobody else has."""
    while True:
        folder = Path(parent) / f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{run_id()}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder


def refuse_file_name(out: str | Path, otherwise: str = "") -> None:
    """Raise UserError for what would become a folder and is called as a file is.

    Args:
        otherwise: what else than a folder `out` may be.
    """
    suffix = Path(out).suffix.lower()
    if suffix in FILES and not os.path.isdir(full_path(out)):
        raise UserError(
            f"out={out} is to be a folder, with files in it; leave out {suffix}{otherwise}"
        )


def output_folder(out: str | Path | None, parent: str | Path) -> Path:
    """The folder that `out` names, made where it is missing; a new one in `parent` for None."""
    if out is None:
        return new_folder(parent)
    folder = full_path(out)
    refuse_file_name(out)
    if os.path.exists(folder / SUMMARY):  # False, too, for a name that is too long
        raise UserError(f"out={out} is a run's own folder, whose records stay; name another")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
