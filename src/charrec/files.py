"""Writing files so that a reader, a crash or a full disk finds the old one or the new one."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

DRAFT = ".draft"


@contextmanager
def whole_file(path: Path, mode: str = "w", **how: Any) -> Iterator[IO[Any]]:
    """A file to write, opened as ``open(path, mode, **how)`` would; only the whole gets the name.

    Raises:
        OSError: it cannot be written; `filename` is set, and what stood there still does.
    """
    if "b" not in mode:
        how = {"encoding": "utf-8"} | how
    with _draft_of(path) as draft, open(draft, mode, **how) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text)


def link_whole(source: Path, path: Path) -> None:
    """Let `path` be the same file as `source`, or a copy where the file system has no links."""
    with _draft_of(path) as draft:
        try:
            os.link(source, draft)
        except OSError:
            shutil.copyfile(source, draft)


def append_whole(path: Path, text: str) -> None:
    """Append all of `text` or nothing.

    Raises:
        OSError: it cannot be written; `filename` is set, and the file is as it was.
    """
    data = text.encode()
    with naming(path), open(path, "ab", buffering=0) as file:
        before = file.tell()
        try:
            if file.write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            file.truncate(before)
            raise


def remove_drafts(folder: Path) -> None:
    """Remove what writers left that were killed; nobody else may be writing in the folder."""
    for path in folder.glob(f".*{DRAFT}"):
        if re.fullmatch(rf"\..+\.\d+{DRAFT}", path.name):
            with suppress(OSError):
                path.unlink()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Errors of writing do not say which file it was, those of opening would name the draft."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


@contextmanager
def _draft_of(path: Path) -> Iterator[Path]:
    """A name beside `path`, which takes its place when the block ends well."""
    draft = path.with_name(f".{path.name}.{os.getpid()}{DRAFT}")
    try:
        with naming(path):
            yield draft
            os.replace(draft, path)
    finally:
        with suppress(OSError):
            draft.unlink()
