"""Folders of runs and sweeps: taken so that no two share one, and gone where nothing was done."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from charrec.errors import UserError


def take_folder(config: DictConfig, key: str) -> list[Path]:
    """Make the folder of this run, with another name where the first is taken.

    Returns:
        The folders that were not there before, the innermost first.

    Raises:
        UserError: the user named a folder that already holds something.
    """
    while True:
        folder = Path(OmegaConf.select(config, key))
        refuse_references(folder)
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            folder.mkdir(parents=True)
            return missing
        except FileExistsError:
            OmegaConf.clear_cache(config)  # another time and id; a name that was given stays
        except OSError as e:
            raise UserError(f"{key}={folder} cannot be made: {e.strerror}") from e
        if Path(OmegaConf.select(config, key)) == folder:
            _must_be_empty(folder, key)
            return []


def refuse_references(folder: Path) -> None:
    """Raise UserError for a folder in which Hydra cannot run anything."""
    if "${" in str(folder.absolute()):
        raise UserError(
            f"{folder.absolute()}: Hydra takes ${{ in a folder's name for a reference to a "
            "setting; work in another folder"
        )


def _must_be_empty(folder: Path, key: str) -> None:
    if not folder.is_dir() or any(folder.iterdir()):
        raise UserError(f"{key}={folder} already holds something; name another folder")


def remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # it holds something, or is a file
            folder.rmdir()
