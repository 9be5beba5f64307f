"""Questions and wrong settings are answered at once: nothing heavy is imported for them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = {"torch", "pytorch_lightning", "torchvision", "torchmetrics", "matplotlib", "numpy", "PIL"}


def fresh(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in a process that shares nothing with this one."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        ("train --help", 0),
        ("train --cfg job", 0),
        ("train hsise=3", 2),
        ("train momentum=15", 2),
        ("train +trainer.foo=1", 2),
        ("train optimizer=adma", 2),
        ("train data.root=/no/such", 2),
        ("train -m lr=1,-1", 2),
        ("test --help", 0),
        ("test run=/no/such", 2),
        ("predict images=x", 2),
    ],
)
def test_nothing_heavy_is_imported(command: str, exit_code: int, tmp_path: Path) -> None:
    main, *arguments = command.split()
    done = fresh("-X", "importtime", "-m", f"charrec.{main}", *arguments, cwd=tmp_path)
    imported = set(re.findall(r"^import time:.*\|\s+(\w+)", done.stderr, re.MULTILINE))
    assert {"hydra", "charrec"} <= imported
    assert imported & HEAVY == set()
    assert done.returncode == exit_code
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def seconds(*command: str, cwd: Path) -> float:
    """The best of three: other processes only ever add to it."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        fresh(*command, cwd=cwd)
        times.append(time.perf_counter() - start)
    return min(times)


def test_a_wrong_setting_costs_little_more_than_hydra(tmp_path: Path) -> None:
    hydra = seconds("-c", "import hydra", cwd=tmp_path)
    assert seconds("-m", "charrec.train", "hsise=3", cwd=tmp_path) < 6 * hydra + 0.5


def test_the_traceback_is_there_for_who_asks(tmp_path: Path) -> None:
    for wrong, kind in {
        "momentum=15": "UserError",
        "hsise=3": "ConfigCompositionException",
    }.items():
        plain = fresh("-m", "charrec.train", wrong, cwd=tmp_path)
        full = fresh("-m", "charrec.train", wrong, cwd=tmp_path, HYDRA_FULL_ERROR="1")
        assert "Traceback" not in plain.stderr
        assert full.stderr.startswith("Traceback (most recent call last):\n")
        assert re.search(rf"^[\w.]*{kind}: ", full.stderr, re.MULTILINE)
        assert full.stderr.endswith(plain.stderr)
        assert (plain.returncode, full.returncode) == (2, 2)


def test_help_names_the_knobs_the_choices_and_the_next_command(tmp_path: Path) -> None:
    shown = fresh("-m", "charrec.train", "--help", cwd=tmp_path).stdout
    assert "python -m charrec.train optimizer=adam hsize=64" in shown
    assert "optimizer: adadelta, adagrad, adam, adamw, rmsprop, sgd\n" in shown
    assert "\nhsize: 32\n" in shown
    assert "hydra:" not in shown
