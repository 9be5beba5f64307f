"""Whatever stands in the folder: a right result or an error that names the file; nothing else.

Pictures are decoded in processes of their own, so that one that crashes or hangs is seen. With
``-s`` the figures are shown; ``-m long`` tries thousands of files more.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
import pytest
from faults.hostile import HOSTILE, KINDS, encoded, make_all, mutated, picture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from processes import FORKS, run_main

from charrec.data.examination import examine
from charrec.data.letters import read_splits
from charrec.data.pictures import MOST_PIXELS, read_picture
from charrec.errors import UserError

SECONDS = 20.0  # for any one picture, on a busy machine
MOST_MEMORY = 1.2 * 2**30  # bytes of a process that decodes two pictures at a time


def amounts(short: int, long: int) -> Any:
    """How much is tried: a little by default, much where long tests are asked for."""
    return pytest.mark.parametrize("amount", [short, pytest.param(long, marks=pytest.mark.long)])


# Pictures


def read_in_turn(paths: list[str], told: Any) -> None:
    """Tell of each picture what became of it and how long that took."""
    for number, path in enumerate(paths):
        start = time.perf_counter()
        try:
            read = read_picture(path, 32)
            good = read.shape == (32, 32) and read.dtype == np.uint8
            outcome = "read" if good else "wrong"
        except UserError as error:
            message = str(error)
            outcome = "refused" if message.startswith(path) and "\n" not in message else message
        except BaseException as error:
            outcome = f"{path}: {error!r}"
        told.put((number, outcome, time.perf_counter() - start))


def next_told(told: Any, process: Any, seconds: float) -> tuple[int, str, float] | None:
    """What the process tells next; None where it died, or told nothing for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        alive = process.is_alive()  # asked first: what it told before it died is in the queue
        try:
            said: tuple[int, str, float] = told.get(timeout=0.5)
        except Empty:
            if not alive:
                return None
        else:
            return said
    return None


def outcomes(paths: list[str]) -> tuple[list[str], float]:
    """What became of each picture, "lost" where its process died or hung; the longest time."""
    found: list[str] = []
    longest = 0.0
    while len(found) < len(paths):
        told = FORKS.Queue()
        process = FORKS.Process(target=read_in_turn, args=(paths[len(found) :], told), daemon=True)
        process.start()
        seconds = 60.0  # the process has to be made first
        while len(found) < len(paths):
            if (said := next_told(told, process, seconds)) is None:
                found.append("lost")
                break
            found.append(said[1])
            longest, seconds = max(longest, said[2]), SECONDS
        process.kill()
        process.join()
    return found, longest


def summary(what: str, found: list[str], longest: float) -> None:
    counts = Counter(found)
    lost = [outcome for outcome in counts if outcome not in ("read", "refused")]
    survived = counts["read"] + counts["refused"]
    print(
        f"\n{what}: {len(found)} tried, {survived} survived ({counts['read']} read, "
        f"{counts['refused']} refused), {len(found) - survived} lost; "
        f"the longest took {longest * 1000:.0f} ms"
    )
    assert lost == []


@amounts(300, 6000)
def test_mutated_pictures(amount: int, tmp_path: Path) -> None:
    chance = random.Random(amount)
    good = {kind: encoded(picture(), kind) for kind in KINDS}
    paths = []
    for number in range(amount):
        kind = KINDS[number % len(KINDS)]
        path = tmp_path / f"{number}.{kind.lower()}"
        path.write_bytes(mutated(good[kind], list(good.values()), chance))
        paths.append(str(path))
    found, longest = outcomes(paths)
    summary("mutated pictures", found, longest)
    assert min(found.count("read"), found.count("refused")) > amount / 10


def test_a_picture_that_kills_or_holds_its_process_would_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "read_in_turn", dies_at_the_second)
    assert outcomes(["a", "b", "c"])[0] == ["read", "lost", "read"]


def dies_at_the_second(paths: list[str], told: Any) -> None:
    for number, path in enumerate(paths):
        if path == "b":
            told.close()
            told.join_thread()
            os.abort()
        told.put((number, "read", 0.0))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_all(tmp_path_factory.mktemp("hostile"))


def test_hostile_pictures(hostile: list[Path]) -> None:
    found, longest = outcomes(list(map(str, hostile)))
    summary("hostile pictures", found, longest)
    expected = {name: "read" if good else "refused" for name, (_, good) in HOSTILE.items()}
    assert dict(zip(HOSTILE, found, strict=True)) == expected


PEAK = """
import sys
from charrec.data.pictures import read_pictures
_, errors = read_pictures(sys.argv[1:] * 2, 32)
assert errors == [None] * len(errors), errors
status = open("/proc/self/status").read()
print(int(status.split("VmHWM:")[1].split()[0]) * 1024)
"""
LARGEST: dict[str, tuple[str, dict[str, Any]]] = {
    "rgba.png": ("RGBA", {"compress_level": 1}),
    "turned.jpg": (
        "RGB",
        {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"},
    ),
    "deep.png": ("I;16", {"compress_level": 1}),
    "float.tif": ("F", {"compression": "tiff_adobe_deflate"}),
    "rgba.webp": ("RGBA", {"method": 0}),
    "rgba.jp2": ("RGBA", {}),
    "rgb.avif": ("RGB", {"speed": 10}),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n == "deep.png" else pytest.mark.long) for n in LARGEST],
)
def test_memory_of_the_largest_pictures_that_are_read(name: str, tmp_path: Path) -> None:
    mode, options = LARGEST[name]
    side = int(MOST_PIXELS**0.5)
    pixels = np.tile(np.arange(side, dtype=np.uint16) * 9 % 256, (side, 1))
    image = Image.fromarray(pixels.astype(np.float32 if mode == "F" else np.uint16))
    if mode.startswith("RGB"):
        image = picture().resize((side, side)).convert(mode)
    image.save(tmp_path / name, **options)
    command = [sys.executable, "-c", PEAK, str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    peak = int(done.stdout)
    print(f"\n{name}, {side} x {side}, two at a time: {peak / 2**20:.0f} MiB")
    assert peak < MOST_MEMORY


def test_no_program_is_started_for_eps(hostile: list[Path], tmp_path: Path) -> None:
    """A Ghostscript of the test's own would leave a trace."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexit 1\n")
    (tmp_path / "bin" / "gs").chmod(0o755)
    path = hostile[list(HOSTILE).index("eps")]
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    with_pillow = "import sys, PIL.Image; PIL.Image.open(sys.argv[1]).load()"
    with_charrec = (
        "import sys; from charrec.data.pictures import read_picture; read_picture(sys.argv[1], 32)"
    )
    for program, starts in ((with_charrec, False), (with_pillow, True)):
        command = [sys.executable, "-c", program, str(path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (tmp_path / "started").exists() is starts
        assert "is not a picture" in done.stderr or starts


# Lists


NAMES = st.one_of(
    st.sampled_from(
        ["a.png", "b.png", "../x", "", ".", "a\0b", "\0/b", "\ud800/b", "\udcff", "x" * 300]
    ),
    st.text(st.characters(), max_size=20),
)
VALUES = st.recursive(
    st.one_of(
        st.sampled_from(["A", "b", "AB", "", "ß", "\ud800", float("nan"), float("inf"), 10**300]),
        st.text(max_size=3),
        st.integers(),
        st.booleans(),
        st.none(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
GOOD = st.dictionaries(st.sampled_from(["a.png", "b.png"]), st.sampled_from("ABCDabcd"), min_size=1)
LISTS = st.one_of(
    GOOD.map(json.dumps),
    st.dictionaries(NAMES, VALUES, max_size=6).map(json.dumps),
    VALUES.map(json.dumps),
    st.text(max_size=60),
    st.sampled_from(
        [
            "[" * 10**5,
            '{"a.png":' * 10**5,
            '{"a.png": ' + "9" * 5000 + "}",
            '{"a.png": NaN}',
            '{"a.png": "A", "a.png": "A"}',
            "\ufeff{}",
            '{"a.png": 1e999}',
            '{"a.png": "\\ud800"}',
            '{"\\u0000": "A"}',
        ]
    ),
)


def judge_lists(root: Path, texts: tuple[bytes, bytes, bytes]) -> bool:
    """Whether training takes the lists; where it does not, one or two lines name one of them."""
    for split, text in zip(("train", "validation", "test"), texts, strict=True):
        (root / f"{split}.json").write_bytes(text)
    verdict = examine(root, "ABCD").verdict
    if verdict == "refused":
        with pytest.raises(UserError) as caught:
            read_splits(root, "ABCD")
        assert str(root) in str(caught.value)
        assert str(caught.value).count("\n") <= 1
        return False
    splits = read_splits(root, "ABCD")
    assert {p.letter for pictures in splits.values() for p in pictures} <= set("ABCD")
    return True


@amounts(200, 3000)
def test_lists_of_any_text(amount: int, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        picture().save(tmp_path / "images" / name)
    tried: Counter[bool] = Counter()
    good = b'{"a.png": "A"}'
    texts = LISTS.map(lambda text: text.encode("utf-8", "surrogatepass"))

    @settings(max_examples=amount, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.tuples(st.one_of(texts, st.binary(max_size=40)), st.just(good), st.just(good)))
    def tries(lists: tuple[bytes, bytes, bytes]) -> None:
        tried[judge_lists(tmp_path, lists)] += 1

    tries()
    assert judge_lists(tmp_path, (good, good, b'{"b.png": "b"}'))
    total = tried.total()
    print(f"\nlists: {total} tried, {total} survived ({tried[True]} read, {tried[False]} refused)")


# From the command line


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("pipe", "{path} cannot be read as a picture: it is a pipe"),
        ("zero", "{path} cannot be read as a picture: it is a device"),
        ("sub.png", "images={path} matches no picture"),
        ("\n語.png", None),
    ],
)
def test_predict_on_odd_files(name: str, told: str | None, trained: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "pipe":
        os.mkfifo(path)
    elif name == "zero":
        path.symlink_to("/dev/zero")
    elif name == "sub.png":
        path.mkdir()
    else:
        picture().save(path)
    done = run_main("predict", f"images={path}", f"run={trained}", "out=o", cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert done.exit_code == (2 if told else 0), done.stderr
    assert not told or told.format(path=path) in done.stderr


@pytest.mark.parametrize("command", ["train", "check"])
def test_a_folder_full_of_trouble(
    command: str, hostile: list[Path], own_letters: Path, tmp_path: Path
) -> None:
    images = own_letters / "images"
    for path in hostile:
        (images / path.name).hardlink_to(path)
    (images / "\n語.png").write_bytes((images / "test_0_A.png").read_bytes()[:60])
    listed = dict(zip(sorted(os.listdir(images)), itertools.cycle("ABCD"), strict=False))
    (own_letters / "train.json").write_text(json.dumps(listed))
    arguments = (f"data.root={own_letters}", "data.alphabet=ABCD")
    done = run_main(command, *arguments, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    refused = 1 + sum(not good for _, good in HOSTILE.values())
    if command == "train":
        told = f"charrec: {own_letters}: {refused} of {len(listed) + 48} pictures cannot be read: "
        assert (done.exit_code, done.stderr.count("\n")) == (2, 2)
        assert done.stderr.startswith(told)
    else:
        assert (done.exit_code, done.stderr) == (1, "")
        assert f"refused   {refused} " in done.stdout
        assert "\n語" not in done.stdout
