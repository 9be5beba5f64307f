"""Every command that a closing line names is run, as it was printed."""

from __future__ import annotations

import re
import resource
import shlex
import signal
from pathlib import Path

import pytest
from processes import Finished, Started, run_main, run_module, start

PLACE = "it's a (new) place"  # in which nothing needs less than a shell's quotes
SHORT = ("epochs=1", "+trainer.limit_train_batches=2")
SERVED = "TensorBoard 2"  # at some address: from then on it waits


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, letters: Path) -> Path:
    folder = tmp_path_factory.mktemp("next") / PLACE
    folder.mkdir()
    (folder / "my set").symlink_to(letters)
    return folder


def commands(text: str) -> list[str]:
    """Those of the closing lines at the end of what a command said."""
    found = re.search(r"^Next: (.+(?:\n      .+)*)\n\Z", text, re.MULTILINE)
    assert found, text
    return [line.strip() for line in found[1].splitlines()]


def paste(command: str, place: Path) -> Finished | None:
    words = shlex.split(command)
    if words[0] == "tensorboard":
        serve(words[1:], place)
        return None
    assert words[:2] == ["python", "-m"]
    done = run_module(words[2], *words[3:], cwd=place)
    assert done.exit_code == 0, done.stderr
    assert done.stdout
    return done


def serve(arguments: list[str], place: Path) -> None:
    (folder,) = [word for word in arguments if not word.startswith("--")]
    assert list((place / folder).glob("**/events.out.tfevents.*"))
    served = Started("tensorboard.main", *arguments, "--port=0", "--load_fast=false", cwd=place)
    with served as process:
        assert process.until(lambda: SERVED in process.stderr), process.stderr


def settings(place: Path) -> tuple[str, ...]:
    return ("data.root=my set", "data.alphabet=ABCDEHINOSUWY", "hsize=4", "trainer=cpu", *SHORT)


def test_after_training_and_what_comes_next(place: Path) -> None:
    done = run_main("train", *settings(place), "hydra.run.dir=a run", cwd=place)
    test, predict, tensorboard = commands(done.stdout)
    assert test.startswith("python -m charrec.test run='a run'")
    assert tensorboard == "tensorboard --logdir 'a run'"
    tested = paste(test, place)
    assert tested is not None
    report = "python -m charrec.report run='a run'"
    assert commands(tested.stdout) == [predict, report, tensorboard]
    predicted = paste(predict, place)
    assert predicted is not None
    assert "Text: " in predicted.stdout
    assert commands(predicted.stdout) == [test, report]
    reported = paste(report, place)
    assert reported is not None
    assert commands(reported.stdout) == [predict, tensorboard]
    exported = run_main("export", "run=a run", "format=torch_export", cwd=place)
    assert commands(exported.stdout) == [test, report]
    paste(tensorboard, place)


def test_after_check(place: Path) -> None:
    done = run_main("check", "data.root=my set", "data.alphabet=ABCD", cwd=place)
    (train,) = commands(done.stdout)
    assert train == "python -m charrec.train data.root='my set' data.alphabet=ABCD"
    paste(f"{train} epochs=1 trainer=cpu", place)


def test_after_check_of_the_embedded_letters(place: Path) -> None:
    done = run_main("check", "data.image_size=16", cwd=place)
    assert commands(done.stdout) == ["python -m charrec.train data.image_size=16"]


@pytest.mark.slow
def test_after_a_sweep_and_after_comparing(place: Path) -> None:
    sweep = ("-m", "batch_size=8,16", "hydra.sweep.dir=a sweep")
    done = run_main("train", *sweep, *settings(place), cwd=place)
    test, compare, tensorboard = commands(done.stdout)
    assert tensorboard == "tensorboard --logdir 'a sweep'"
    paste(test, place)
    compared = paste(compare, place)
    assert compared is not None
    seeds, again = commands(compared.stdout)
    assert again == test
    assert "seed=1,2,3" in seeds
    more = paste(seeds, place)
    assert more is not None
    assert "3 of 3 jobs to do" in more.stdout
    (row,) = [line for line in more.stdout.splitlines() if line.startswith("3 ")]
    assert "±" in row, "one experiment, three seeds"


def no_large_files() -> None:
    """As on a disk that is full: no checkpoint has room."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**12, resource.RLIM_INFINITY))


def test_after_a_failure(place: Path) -> None:
    given = (*settings(place), "hydra.run.dir=failed run")
    with start("train", *given, cwd=place, before=no_large_files) as process:
        done = process.wait()
    assert done.exit_code == 2
    lacking, error, *_ = done.stderr.splitlines()
    assert lacking.startswith("charrec: warning: train.json has no picture of EHINOSUWY")
    assert error.startswith("charrec: ")
    assert "File too large; make room" in error
    (resume,) = commands(done.stderr)
    assert resume == "python -m charrec.train resume='failed run'"
    paste(resume, place)
