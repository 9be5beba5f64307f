"""An output that nobody reads any more, or that has no room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import Finished, start

from charrec.resources import embedded_letters

PICTURES = f"images={embedded_letters() / 'new_images'}"
WRITTEN = {  # by each main, in the folder that out= names
    "test": (("run=run", "out=out"), "test.json"),
    "predict": (("run=run", "out=out", PICTURES), "predictions.csv"),
    "report": (("run=run", "out=out"), "report.html"),
    "export": (("run=run", "out=out", "format=safetensors"), "model.safetensors"),
    "check": (("data.root=set", "data.alphabet=ABCD", "out=out"), "check.json"),
    "compare": (("run", "--out", "out"), "compare.html"),
    "train": (
        ("data.root=set", "data.alphabet=ABCD", "epochs=1", "hydra.run.dir=out"),
        "summary.json",
    ),
}
FULL = "charrec: standard output: No space left on device; make room or write elsewhere\n"


@pytest.fixture
def place(trained: Path, letters: Path, tmp_path: Path) -> Path:
    (tmp_path / "run").symlink_to(trained)
    (tmp_path / "set").symlink_to(letters)
    return tmp_path


def becomes(numbers: tuple[int, ...], descriptor: int) -> None:
    """Standard output, 1, and error, 2, of this process."""
    for number in numbers:
        os.dup2(descriptor, number)
        name = ("stdout", "stderr")[number - 1]
        setattr(sys, name, os.fdopen(number, "w", 1, "utf-8", closefd=False))


def pipe_without_a_reader() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


def nobody_reads() -> None:
    becomes((1,), pipe_without_a_reader())


def nobody_reads_errors_either() -> None:
    becomes((1, 2), pipe_without_a_reader())


def no_room() -> None:
    becomes((1,), os.open("/dev/full", os.O_WRONLY))


def no_room_for_errors_either() -> None:
    becomes((1, 2), os.open("/dev/full", os.O_WRONLY))


def ended(name: str, before: object, place: Path) -> Finished:
    arguments, _ = WRITTEN[name]
    with start(name, *arguments, cwd=place, before=before) as process:  # type: ignore[arg-type]
        return process.wait()


@pytest.mark.parametrize("name", WRITTEN)
def test_who_reads_no_further_is_told_no_more(name: str, place: Path) -> None:
    """And what the command is for is done all the same."""
    done = ended(name, nobody_reads, place)
    assert (done.exit_code, done.stderr) == (0, "")
    assert (place / "out" / WRITTEN[name][1]).is_file()


@pytest.mark.parametrize("name", ["check", "compare"])
def test_nor_are_errors_that_nobody_reads(name: str, place: Path) -> None:
    """``2>&1 | head``: a warning of what cannot be read is no reason to end."""
    (place / "set").unlink()
    (place / "run").unlink()
    assert ended(name, nobody_reads_errors_either, place).exit_code == 2


@pytest.mark.parametrize("name", WRITTEN)
def test_what_has_no_room_is_told_when_all_is_done(name: str, place: Path) -> None:
    done = ended(name, no_room, place)
    assert (done.exit_code, done.stderr) == (2, FULL)
    assert (place / "out" / WRITTEN[name][1]).is_file()


def test_errors_without_room_change_no_exit_code(place: Path) -> None:
    (place / "run").unlink()
    assert ended("test", no_room_for_errors_either, place).exit_code == 2


def test_a_help_that_nobody_reads(tmp_path: Path) -> None:
    """In an ordinary process: at its end Python itself empties the outputs."""
    for name, output in (("compare", "| head -1"), ("train", "| head -1"), ("train", ">/dev/full")):
        line = f"set -o pipefail; {sys.executable} -m charrec.{name} --help {output}"
        done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)
        told = (2, FULL) if "full" in output else (0, "")
        assert (done.returncode, done.stderr) == told
