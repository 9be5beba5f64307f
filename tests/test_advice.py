"""What is said after a training that ended before its end."""

from __future__ import annotations

import shlex
from pathlib import Path

from processes import run_main

from charrec.run import Run


def test_what_to_try_after_a_failure(letters: Path, tmp_path: Path) -> None:
    """And the command works: a smaller learning rate, and all else as it was."""
    small = ("data.alphabet=ABCD", "hsize=4", "epochs=1", "trainer=cpu", "activation=relu")
    (tmp_path / "my set").symlink_to(letters)
    given = ("data.root=my set", *small, "lr=1e38", "hydra.run.dir=x")
    done = run_main("train", *given, cwd=tmp_path)
    assert done.exit_code == 2
    error, advice = done.stderr.splitlines()
    assert error.startswith("charrec: the loss is no longer finite in epoch 1, step ")
    words = shlex.split(advice)
    assert words[:4] == ["Next:", "python", "-m", "charrec.train"]
    assert sorted(words[4:]) == sorted([f"data.root={tmp_path / 'my set'}", *small, "lr=1e+37"])
    again = run_main("train", *words[4:-1], "lr=0.001", cwd=tmp_path)
    assert again.exit_code == 0, again.stderr
    (folder,) = (tmp_path / "outputs").iterdir()
    first, second = (dict(Run(path).settings) for path in (tmp_path / "x", folder))
    assert (first.pop("lr"), second.pop("lr")) == (1e38, 0.001)
    assert first == second


def test_a_refusal_has_its_cure_and_no_more(tmp_path: Path) -> None:
    done = run_main("train", "lr=-1", cwd=tmp_path)
    assert len(done.stderr.splitlines()) == 1
