"""What a terminal shows while a sweep runs."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from charrec.sweep.ledger import Ledger

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(*command: str, cwd: Path, seconds: float = 60) -> tuple[int, str]:
    """The exit code of a command, and all that a terminal of 200 columns was sent."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    sent, over = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < over:
            if select.select([ours], [], [], 0.1)[0]:
                sent += os.read(ours, 65536)
            elif process.poll() is not None:
                break
    except OSError:  # Linux tells so that nobody is left on the other side
        pass
    finally:
        os.close(ours)
        if time.monotonic() > over:
            process.kill()
    return process.wait(), sent.decode()


@pytest.mark.slow
def test_a_bar_and_a_line_for_each_job(letters: Path, tmp_path: Path) -> None:
    data = (f"data.root={letters}", "data.alphabet=ABCD", "trainer=cpu")
    grid = ("lr=1e-3,1e30", "hsize=8", "epochs=60", "activation=relu", "hydra.sweep.dir=s")
    command = (sys.executable, "-m", "charrec.train", "-m", *data, *grid)
    exit_code, sent = on_a_terminal(*command, cwd=tmp_path)
    shown = CONTROL.sub("", sent).replace("\r", "\n")
    assert exit_code == 2, shown
    told = re.findall(r"^Job .*?(?= *$)", shown, re.MULTILINE)
    accuracy = float(Ledger(tmp_path / "s").rows()[0]["best_validation_accuracy"])
    assert told == [
        f"Job 0 (lr=0.001): validation accuracy = {accuracy:.1%}",
        "Job 1 (lr=1e+30): diverged",
    ]
    bars = [line.strip() for line in shown.splitlines() if "━" in line]
    assert bars[0].endswith("━ 0 of 2 done, 1 running")
    assert bars[-1].endswith(f"━ 1 of 2 done, 1 failed, best so far {accuracy:.1%} (job 0)")
    assert "Epoch" not in shown
