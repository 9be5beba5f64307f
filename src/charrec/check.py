"""``python -m charrec.check``: what is wrong with a folder of letters; conf/check.yaml explains."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.closing import say_next
from charrec.data.settings import DataSettings
from charrec.files import write_whole
from charrec.new_folders import output_folder


def main(config: DictConfig) -> int:
    settings = settings_of(config)
    data = DataSettings(**settings["data"])
    from charrec.data.examination import examine  # NumPy and Pillow, only once all is checked
    from charrec.figures.findings import print_examination

    examination = examine(**vars(data))
    folder = output_folder(settings["out"], "outputs/check")
    _write(folder / "check.json", examination.record())
    print_examination(examination)
    print(f"Written to {folder / 'check.json'}")
    say_next(f"check: {examination.verdict}", {"settings": _typed(data)})
    return int(examination.verdict != "good")


def _typed(data: DataSettings) -> str:
    """The letters, as they are asked for; the embedded ones need no word."""
    default = DataSettings()
    size = "" if data.image_size == default.image_size else f" data.image_size={data.image_size}"
    letters = "" if replace(data, image_size=default.image_size) == default else data.arguments()
    return letters + size


def _write(path: Path, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    # A file's name that is no text holds halves of characters: JSON has escapes for them.
    write_whole(path, text.encode("utf-8", "backslashreplace").decode() + "\n")


if __name__ == "__main__":
    run_main(main, "check")
