"""``python -m charrec.check``: what is wrong with a folder of letters; conf/check.yaml explains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.data.settings import DataSettings
from charrec.files import write_whole
from charrec.run import output_folder


def main(config: DictConfig) -> int:
    settings = settings_of(config)
    from charrec.data.examination import examine  # NumPy and Pillow, only once all is checked
    from charrec.figures.findings import print_examination

    examination = examine(**vars(DataSettings(**settings["data"])))
    folder = output_folder(settings["out"], "outputs/check")
    _write(folder / "check.json", examination.record())
    print_examination(examination)
    print(f"Written to {folder / 'check.json'}")
    return int(examination.verdict != "good")


def _write(path: Path, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    # A file's name that is no text holds halves of characters: JSON has escapes for them.
    write_whole(path, text.encode("utf-8", "backslashreplace").decode() + "\n")


if __name__ == "__main__":
    run_main(main, "check")
