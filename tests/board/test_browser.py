"""The real TensorBoard, looked at in a real browser: curves, HPARAMS and pictures are there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browsing import opened
from processes import run_main

WINDOW = {"width": 1600, "height": 1000}
SECONDS = 60_000  # in milliseconds: what a busy machine may take until something is there


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which TensorBoard shows it, on a port that was free."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stderr is not None
            lines = iter(server.stderr.readline, "")
            yield next(m[0] for line in lines if (m := re.search(r"http://127\S+", line)))
        finally:
            server.kill()


@pytest.fixture(scope="module")
def sweep(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep") / "outputs"
    given = ("-m", "hsize=4,8", "epochs=3", f"data.root={letters}", "data.alphabet=ABCD")
    where = f"hydra.sweep.dir={folder}"
    done = run_main("train", *given, "trainer=cpu", where, cwd=folder.parent)
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.mark.slow
def test_tensorboard_shows_curves_hparams_and_pictures(sweep: Path) -> None:
    with served(sweep) as address, opened(f"{address}#timeseries", viewport=WINDOW) as page:
        for name in ("train_loss", "validation_accuracy", "learning_rate"):
            page.get_by_text(name, exact=True).first.wait_for(timeout=SECONDS, state="attached")
        runs = page.locator("runs-data-table").inner_text(timeout=SECONDS)
        assert set(re.findall(r"\b[01]\b", runs)) == {"0", "1"}

        page.goto(f"{address}#hparams")
        heading = page.get_by_text("best validation accuracy").first
        heading.wait_for(timeout=SECONDS, state="attached")
        for job, hsize in enumerate((4, 8)):
            summary = json.loads((sweep / str(job) / "summary.json").read_text())
            assert summary["settings"]["hsize"] == hsize
            page.get_by_text(f"hsize={hsize} epochs=3 in outputs/{job}").first.wait_for(
                timeout=SECONDS
            )
            for split in ("validation", "test"):
                shown = f"{summary[split]['accuracy']:#.5g}"
                assert page.get_by_text(shown).count() > 0, (split, shown)

        page.goto(f"{address}#images")
        weights = page.locator("tf-image-loader", has_text="first_layer/weights").first
        image = weights.locator("img").first
        image.wait_for(timeout=SECONDS)
        for tag in ("first_layer/weights", "test/worst_mistakes", "test/confusion_matrix"):
            page.get_by_text(tag).first.wait_for(timeout=SECONDS, state="attached")
        assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") == 4 * 33  # units

        page.goto(f"{address}#graphs")
        page.locator("svg text", has_text="layer_1").first.wait_for(
            timeout=SECONDS, state="attached"
        )
