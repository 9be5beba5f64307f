"""Questions and wrong settings are answered at once: nothing heavy is imported for them."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = {"torch", "pytorch_lightning", "torchvision", "torchmetrics", "matplotlib", "numpy", "PIL"}
HEAVY |= {"plotly", "optuna", "sqlalchemy", "gradio", "fastapi", "uvicorn"}
HEAVY |= {"plotly", "optuna", "sqlalchemy", "onnx", "onnxruntime", "onnxscript", "safetensors"}


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
        ("train data=folders data.root=/no/such", 2),
        ("train data=folders data.root=/usr", 2),
        ("train data=emnist", 2),
        ("train -m lr=1,-1", 2),
        ("train -m hydra/sweeper=optuna lr=interval(-1,1)", 2),
        ("test --help", 0),
        ("test run=/no/such", 2),
        ("test run=[/no/such,/nor/this]", 2),
        ("predict images=x", 2),
        ("check --help", 0),
        ("check data.root=/no/such", 2),
        ("report --help", 0),
        ("report run=/no/such", 2),
        ("demo --help", 0),
        ("demo run=/no/such", 2),
        ("export --help", 0),
        ("export run=/no/such", 2),
        ("export format=onxn", 2),
        ("compare --help", 0),
        ("compare /no/such", 2),
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


def test_an_answer_costs_little_more_than_hydra(tmp_path: Path) -> None:
    hydra = seconds("-c", "import hydra", cwd=tmp_path)
    for asked in (["--help"], ["--cfg", "job"], ["hsise=3"], ["momentum=15"]):
        assert seconds("-m", "charrec.train", *asked, cwd=tmp_path) < 6 * hydra + 0.5, asked


# Tells what is imported when training begins, a batch before the first step, and at the end.
# Nothing is put in the run's way: Python itself reports that metrics.csv takes its place.
WATCHED = """
import atexit, runpy, sys

def watch(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("metrics.csv"):
        print(*sys.modules, flush=True)

sys.addaudithook(watch)
atexit.register(lambda: print(*sys.modules))
runpy.run_module("charrec.train", run_name="__main__", alter_sys=True)
"""
BARE = "import torch, pytorch_lightning"
OURS = {"charrec", "hydra", "omegaconf", "antlr4", "attr", "yaml", "PIL", "numpy", "matplotlib"}
OURS |= {"tensorboard", "google", "absl", "filelock", "hydra_plugins"}
# TensorBoard takes boto3 where it is installed, as it is beside hydra-ray-launcher.
OURS |= {"boto3", "botocore", "s3transfer", "jmespath", "urllib3", "certifi", "dateutil", "six"}
OURS |= {"brotli", "_brotli"}  # which urllib3 takes where it is installed


def packages(line: str) -> set[str]:
    return {name.partition(".")[0] for name in line.split()} - sys.stdlib_module_names


@pytest.mark.slow
def test_a_run_imports_what_it_uses(letters: Path, tmp_path: Path) -> None:
    settings = (f"data.root={letters}", "data.alphabet=ABCD", "trainer=cpu", "epochs=1")
    run = fresh("-c", WATCHED, *settings, cwd=tmp_path).stdout.splitlines()
    bare = packages(fresh("-c", f"import sys; {BARE}; print(*sys.modules)", cwd=tmp_path).stdout)
    at_first, at_last = packages(run[0]) - bare, packages(run[-1]) - bare
    assert {"charrec", "hydra"} <= at_first <= at_last <= OURS


def seconds_to_training(cwd: Path) -> float:
    command = [sys.executable, "-c", WATCHED, "trainer=cpu", "epochs=1"]
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        needed = time.perf_counter() - start
        process.kill()
    return needed


@pytest.mark.slow
def test_training_begins_soon_after_torch_and_lightning_are_there(tmp_path: Path) -> None:
    """The best of up to three, in turns: other processes only ever add to a time."""
    bare, run = [math.inf], [math.inf]
    while not min(run) < 1.3 * min(bare) and len(run) < 4:
        start = time.perf_counter()
        fresh("-c", BARE, cwd=tmp_path)
        bare.append(time.perf_counter() - start)
        run.append(seconds_to_training(tmp_path))
    assert min(run) < 1.3 * min(bare) < math.inf, (bare, run)


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
