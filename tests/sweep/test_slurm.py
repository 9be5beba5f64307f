"""What a cluster's Slurm would be given, from the command line to the file for sbatch.

There is no Slurm here: everything is real up to the call of ``sbatch``, which is not found.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from processes import Alone, Finished, run_main

from charrec.sweep.folder import Sweep

ONE_GPU_A_JOB = (
    "hydra/launcher=submitit_slurm",
    "hydra.launcher.partition=gpu",
    "hydra.launcher.gpus_per_node=1",
    "hydra.launcher.cpus_per_task=4",
    "hydra.launcher.timeout_min=240",
    "hydra.launcher.array_parallelism=8",
)


@pytest.fixture
def submit(letters: Path, tmp_path: Path) -> Finished:
    """A sweep of three jobs on a machine where srun is looked for, and sbatch then missing."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "srun").touch(0o755)
    letters_of = (f"data.root={letters}", "data.alphabet=ABCD", "trainer=gpu")
    grid = ("hsize=4,8,16", "hydra.sweep.dir=s")
    command = ("-m", *ONE_GPU_A_JOB, *grid, *letters_of)
    with Alone("train", *command, cwd=tmp_path, PATH=str(tmp_path / "bin")) as sweep:
        return sweep.wait()


def test_the_generated_job(submit: Finished, tmp_path: Path) -> None:
    (script,) = (tmp_path / "s" / ".submitit").glob(".submission_file_*.sh")
    lines = script.read_text().splitlines()
    asked = dict(
        line.removeprefix("#SBATCH --").split("=", 1)
        for line in lines
        if line.startswith("#SBATCH --") and "=" in line
    )
    expected = {
        "array": "0-2%3",
        "partition": "gpu",
        "gpus-per-node": "1",
        "cpus-per-task": "4",
        "ntasks-per-node": "1",
        "nodes": "1",
        "time": "240",
        "job-name": "charrec",
    }
    assert {name: asked.get(name) for name in expected} == expected
    assert "submitit.core._submit" in lines[-1]
    assert lines[-1].startswith("srun ")


def test_what_a_machine_without_slurm_says(submit: Finished, tmp_path: Path) -> None:
    assert submit.exit_code == 2
    lines = submit.stderr.splitlines()
    assert lines[0] == "charrec: 3 of 3 jobs did not complete:"
    assert lines[1:4] == [f"  {n} (hsize={2 ** (n + 2)}): not started" for n in range(3)]
    assert lines[4].startswith("  the launcher ended early: ")
    assert [row["status"] for row in Sweep(tmp_path / "s").ledger.rows()] == ["waiting"] * 3


def test_where_there_is_no_srun(letters: Path, tmp_path: Path) -> None:
    slurm = ("hydra/launcher=submitit_slurm", f"data.root={letters}", "data.alphabet=ABCD")
    ended = run_main("train", "-m", *slurm, "hsize=4,8", "hydra.sweep.dir=s", cwd=tmp_path)
    assert ended.exit_code == 2
    assert 'ended early: RuntimeError: Could not detect "srun", are you indeed on a' in ended.stderr
