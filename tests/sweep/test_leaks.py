"""A hundred jobs in one process leave no more behind than ten."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from making_sweeps import make_sweep

# After so many jobs: memory of the process in MiB, open files, threads.
JOBS = """
import os, sys, threading
from pathlib import Path
from charrec.sweep.job import perform

folder, letters, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
settings = {
    "hsize": 4, "epochs": 1, "resume": None, "sweep": {"fail_fast": False},
    "augment": {"name": "none"},
    "data": {"root": letters, "alphabet": "ABCD"},
    "optimizer": {"name": "sgd", "lr": 4e-3, "momentum": 0.9, "options": {}},
    "trainer": {"accelerator": "cpu", "devices": 1},
}
for job in range(count):
    (folder / str(job)).mkdir()
    perform(settings | {"seed": job}, folder / str(job))
    if job + 1 in (10, count):
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
        files = len(os.listdir("/proc/self/fd"))
        print("left", round(resident / 2**20), files, threading.active_count(), flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc to look into")
def test_a_hundred_jobs_leave_no_more_than_ten(letters: Path, tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path / "sweep", *["waiting"] * 100)
    command = [sys.executable, "-c", JOBS, str(sweep.folder), str(letters), "100"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("left")]
    (early, *other), (late, *still) = [list(map(int, line)) for line in lines]
    assert {row["status"] for row in sweep.ledger.rows()} == {"completed"}
    assert still == other, "open files and threads"
    assert late - early < 20, (early, late)  # of some 850 MiB
