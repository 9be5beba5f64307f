"""The settings and the embedded letters are found in the tree and in an installed wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from charrec import resources
from charrec.resources import embedded_letters, resource

ROOT = Path(__file__).parents[1]


def test_an_editable_install_finds_the_tree() -> None:
    assert not resources.INSTALLED
    assert resource("conf") == ROOT / "conf"
    assert embedded_letters() == ROOT / "data" / "character_classification"
    for name in ("train.json", "validation.json", "test.json", "images", "new_images"):
        assert (embedded_letters() / name).exists()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    (built,) = out.glob("charrec-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, installed into a folder inside somebody's repository."""
    repository = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    commit = ["commit", "--quiet", "--allow-empty", "--message", "x"]
    subprocess.run(["git", "-C", str(repository), *author, *commit], check=True)
    target = ["--no-deps", "--no-index", "--target", str(repository / "site"), str(wheel)]
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", *target]
    subprocess.run([sys.executable, *pip], check=True)
    return repository / "site"


def python(installed: Path, *command: str, cwd: Path) -> str:
    """What Python prints where charrec is the installed one, which comes before the tree's."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return sorted(path.relative_to(folder).as_posix() for path in found)


@pytest.mark.slow
def test_the_wheel_holds_each_file_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    inside = sorted(name for name in names if ".dist-info/" not in name)
    expected = files(ROOT / "src")
    assert "hydra_plugins/charrec/__init__.py" in expected
    assert "hydra_plugins/__init__.py" not in expected, "a namespace that others have a part of"
    for folder in ("conf", "data/character_classification"):
        expected += [f"charrec/resources/{folder}/{name}" for name in files(ROOT / folder)]
    assert inside == sorted(expected)


@pytest.mark.slow
def test_an_installed_wheel_works_from_any_folder(installed: Path, tmp_path: Path) -> None:
    code = "from charrec.resources import *; print(resource('conf'), embedded_letters())"
    inside = installed / "charrec" / "resources"
    where = f"{inside / 'conf'} {inside / 'data' / 'character_classification'}\n"
    assert python(installed, "-c", code, cwd=tmp_path) == where

    shown = python(installed, "-m", "charrec.train", "--cfg", "job", cwd=tmp_path)
    assert shown.startswith("hsize: 32\nlr: ${optimizer.lr}\n")

    one_batch = ["+trainer.fast_dev_run=true", "trainer=cpu"]  # of the embedded letters
    python(installed, "-m", "charrec.train", *one_batch, cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]
    (run,) = (tmp_path / "outputs").iterdir()
    summary = json.loads((run / "summary.json").read_text())
    # The repository around it is somebody else's.
    assert (summary["status"], summary["git"]) == ("completed", None)

    sweep = ["-m", "hsize=4,4", "hydra.sweep.dir=sweep"]
    told = python(installed, "-m", "charrec.train", *sweep, *one_batch, cwd=tmp_path)
    assert "1 of 2 combinations are the same experiment as another\nSweep: sweep, 1 of 1" in told
    assert (tmp_path / "sweep" / "ledger.csv").is_file()
