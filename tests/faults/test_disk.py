"""No room, no permission, no more open files: said in a line, and nothing is lost by it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import random
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from faults.moments import fail_at, log_to
from faults.runs import LONG, SEED, Figures, Recipe, same_end, summary
from processes import Finished, run_main, start

from charrec.checkpoints import read_checkpoint
from charrec.run import Run

SMALL = ("steps_per_execution=5", "hsize=4", "epochs=2")
PAGE = 4096
ROOM = 2**20  # bytes, far more than a run takes


def said_clearly(end: Finished) -> None:
    """In one or two lines behind warnings, of which one names a file."""
    assert end.exit_code == 2, f"{end.exit_code}: {end.stderr}"
    assert "Traceback" not in end.stderr
    lines = [x for x in end.stderr.splitlines() if not x.startswith("charrec: warning: ")]
    assert 1 <= len(lines) <= 2, end.stderr
    assert lines[0].startswith("charrec: ")
    assert ": " in lines[0].removeprefix("charrec: ")


def left_whole(folder: Path, can_remove: bool = True) -> None:
    """What is there is whole, and what is not is told by the summary.

    Args:
        can_remove: whether the disk lets files be removed; else drafts stay, until it does.
    """
    assert not can_remove or [str(path) for path in folder.rglob("*.draft")] == []
    for path in folder.glob("checkpoints/[!.]*"):
        assert read_checkpoint(path)["global_step"] > 0
    if (folder / "metrics.csv").exists():
        assert (folder / "metrics.csv").read_text()[-1:] in ("\n", "")
    if (folder / "summary.json").exists():
        assert Run(folder).status in ("failed", "cut off")
        assert summary(folder)["error"] or Run(folder).status == "cut off"


# A full disk


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """The root of a file system of a megabyte, mounted in a namespace of its own."""
    place = tmp_path / "small"
    place.mkdir()
    script = f"mount -t tmpfs -o size={ROOM} none '{place}' && echo ready && exec sleep 3600"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    try:
        holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        pytest.skip("no unshare")
    assert holder.stdout is not None
    with holder:
        try:
            if holder.stdout.readline() != b"ready\n":
                pytest.skip("the kernel lets nobody mount")
            inside = Path(f"/proc/{holder.pid}/root{place}")
            assert os.statvfs(inside).f_blocks * os.statvfs(inside).f_frsize == ROOM
            yield inside
        finally:
            holder.send_signal(signal.SIGKILL)


def leave_room(disk: Path, size: int) -> Path:
    """Fill the disk up to so many bytes; the file that can go again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(PAGE)):
            pass
    left = os.statvfs(disk)
    os.truncate(ballast, ballast.stat().st_size // PAGE * PAGE - size + left.f_bavail * PAGE)
    return ballast


def _has_no_room(end: Finished, folder: Path) -> None:
    said_clearly(end)
    assert "No space left on device" in end.stderr
    left_whole(folder)


def fill_up(letters: Path, home: Path, disk: Path, pages: list[int], figures: Figures) -> None:
    """Runs for which the disk is full after so many pages, and that go on when there is room."""
    recipe, run = Recipe(letters, home, SMALL), disk / "x"
    undisturbed = recipe.undisturbed()
    for count in pages:
        ballast = leave_room(disk, count * PAGE)
        end = recipe.start(str(run)).wait()
        if end.exit_code:
            figures.check(f"{count} pages", partial(_has_no_room, end, run))
        ballast.unlink()
        if end.exit_code:
            ends = partial(recipe.ends_as, str(run), undisturbed)
            figures.check(f"{count} pages, then room", ends)
        shutil.rmtree(run, ignore_errors=True)


def test_a_disk_that_fills_up(letters: Path, tmp_path: Path, full: Path) -> None:
    figures = Figures("full disks")
    fill_up(letters, tmp_path, full, random.Random(SEED).sample(range(2, 40), 1), figures)
    figures.close()


@LONG
def test_a_disk_that_fills_up_after_any_number_of_pages(
    letters: Path, tmp_path: Path, full: Path
) -> None:
    figures = Figures("full disks, each page")
    fill_up(letters, tmp_path, full, list(range(60)), figures)
    figures.close()


# Each call that writes


def writing_fails(
    letters: Path, home: Path, dues: list[int], number: int, once: bool, figures: Figures
) -> None:
    recipe = Recipe(letters, home, SMALL)
    undisturbed = recipe.undisturbed()
    for due in dues:
        name = f"failed{due}"
        end = recipe.start(name, partial(fail_at, due, number, once)).wait()
        if end.exit_code == 0:  # it was a call that may fail
            figures.check(name, partial(same_end, home / name, undisturbed))
            continue
        figures.check(name, partial(_fails, end, home / name, can_remove=once))
        figures.check(f"{name}, then not", partial(recipe.ends_as, name, undisturbed))


def _fails(end: Finished, folder: Path, can_remove: bool = True) -> None:
    said_clearly(end)
    left_whole(folder, can_remove)


def calls(letters: Path, home: Path) -> list[int]:
    """The moments at which something may fail: what is over has not."""
    recipe = Recipe(letters, home, SMALL)
    assert recipe.start("counted", partial(log_to, home / "moments")).wait().exit_code == 0
    seen = (home / "moments").read_text().splitlines()
    return [i for i, what in enumerate(seen, start=1) if not what.startswith("after")]


def test_a_few_calls_that_fail(letters: Path, tmp_path: Path) -> None:
    figures, chance = Figures("calls that fail"), random.Random(SEED)
    dues = chance.sample(calls(letters, tmp_path), 1)
    writing_fails(letters, tmp_path, dues, errno.EDQUOT, True, figures)
    figures.close()


@LONG
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
@pytest.mark.parametrize("once", [True, False])
def test_every_call_that_fails(number: int, once: bool, letters: Path, tmp_path: Path) -> None:
    figures = Figures(f"every call that fails, once={once}")
    writing_fails(letters, tmp_path, calls(letters, tmp_path), number, once, figures)
    figures.close()


# Limits of the process


def limit(what: int, value: int) -> None:
    if what == resource.RLIMIT_NOFILE:
        value += len(os.listdir("/proc/self/fd"))
    resource.setrlimit(what, (value, resource.getrlimit(what)[1]))


def limited(letters: Path, home: Path, what: int, values: list[int], figures: Figures) -> None:
    recipe = Recipe(letters, home, SMALL)
    undisturbed = recipe.undisturbed()
    for value in values:
        name = f"limited{value}"
        end = recipe.start(name, partial(limit, what, value)).wait()
        if end.exit_code:
            figures.check(name, partial(_fails, end, home / name))
            if (home / name).exists():
                figures.check(f"{name}, then not", partial(recipe.ends_as, name, undisturbed))
        else:
            figures.check(name, partial(same_end, home / name, undisturbed))


@pytest.mark.parametrize(
    "sizes",
    # From 100 on: what is said goes to a file, too.
    [[700, 20_000], pytest.param([*range(100, 3000, 100), *range(3000, 40_000, 1500)], marks=LONG)],
    ids=["few", "many"],
)
def test_files_that_may_not_grow(sizes: list[int], letters: Path, tmp_path: Path) -> None:
    figures = Figures("files that may not grow")
    limited(letters, tmp_path, resource.RLIMIT_FSIZE, sizes, figures)
    figures.close()


@pytest.mark.parametrize(
    "counts", [[1, 5], pytest.param(list(range(24)), marks=LONG)], ids=["few", "many"]
)
def test_no_more_open_files(counts: list[int], letters: Path, tmp_path: Path) -> None:
    figures = Figures("no more open files")
    limited(letters, tmp_path, resource.RLIMIT_NOFILE, counts, figures)
    figures.close()


def test_a_cache_that_cannot_be_written_is_done_without(
    letters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHARREC_CACHE", str(tmp_path / "file"))
    done = start(
        *("train", *Recipe(letters, tmp_path, SMALL).arguments("x")),
        cwd=tmp_path,
        before=partial(_cache_in, tmp_path / "file"),
    ).wait()
    assert done.exit_code == 0
    assert done.stderr.startswith("charrec: warning: decoded pictures are not kept in ")
    assert summary(tmp_path / "x")["status"] == "completed"


def _cache_in(folder: Path) -> None:
    os.environ["CHARREC_CACHE"] = str(folder)


# Permission


def without_privileges() -> None:
    """Root without its capabilities heeds the mode bits of its own files, as everybody does."""
    version_3, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if os.geteuid() == 0 and ctypes.CDLL(None).capset(version_3, none):
        raise PermissionError("capset")


def as_anybody(main: str, *arguments: str, home: Path) -> Finished:
    return start(main, *arguments, cwd=home, before=without_privileges).wait()


@pytest.fixture
def small(letters: Path, tmp_path: Path) -> Iterator[Recipe]:
    yield Recipe(letters, tmp_path, SMALL)
    allow(tmp_path)  # pytest is to clear it away


def allow(folder: Path, folders: int = 0o755, files: int = 0o644) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(folders if path.is_dir() else files)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_place_where_nothing_can_be_made(small: Recipe) -> None:
    small.home.chmod(0o555)
    done = as_anybody("train", *small.arguments("x"), home=small.home)
    answer = "charrec: hydra.run.dir=x cannot be made: Permission denied\n"
    assert (done.exit_code, done.stderr) == (2, answer)


def test_a_run_that_may_only_be_read_is_not_gone_on_with(small: Recipe) -> None:
    folder = small.undisturbed()
    Run(folder).record(status="interrupted")
    before = contents(folder)
    allow(folder, 0o555, 0o444)
    done = as_anybody("train", "resume=undisturbed", home=small.home)
    said_clearly(done)
    assert "Permission denied" in done.stderr
    assert contents(folder) == before


def test_checkpoints_that_can_no_longer_be_written(small: Recipe) -> None:
    """The earlier one stays, the summary says failed, and with permission it goes on."""
    theirs = small.undisturbed()
    folder = Path(shutil.copytree(theirs, small.home / "mine"))
    earlier = contents(folder / "checkpoints")
    (folder / "checkpoints").chmod(0o555)
    done = as_anybody("train", "resume=mine", "epochs=4", home=small.home)
    said_clearly(done)
    about = summary(folder)
    assert "mine/checkpoints/" in done.stderr
    assert about["status"] == "failed"
    for said in (done.stderr, about["error"]):
        assert "Permission denied" in said
    assert contents(folder / "checkpoints") == earlier
    (folder / "checkpoints").chmod(0o755)
    assert as_anybody("train", "resume=mine", home=small.home).exit_code == 0
    assert run_main("train", "resume=undisturbed", "epochs=4", cwd=small.home).exit_code == 0
    same_end(folder, theirs)


@pytest.mark.parametrize("main", ["test", "predict"])
def test_a_report_that_cannot_be_written(main: str, small: Recipe) -> None:
    folder = small.undisturbed()
    before = contents(folder)
    allow(folder, 0o555, 0o444)
    images = [f"images={next((small.letters / 'images').iterdir())}"] if main == "predict" else []
    done = as_anybody(main, "run=undisturbed", "trainer=cpu", *images, home=small.home)
    said_clearly(done)
    assert f"undisturbed/{main}" in done.stderr
    assert "Permission denied" in done.stderr
    assert contents(folder) == before


def test_a_checkpoint_that_cannot_be_read(small: Recipe) -> None:
    Run(small.undisturbed()).best_checkpoint.chmod(0)
    done = as_anybody("test", "run=undisturbed", "trainer=cpu", home=small.home)
    said_clearly(done)
    assert "best.ckpt cannot be read: Permission denied" in done.stderr
