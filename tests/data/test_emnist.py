"""EMNIST in the format of its own files: read upright, in our letters, downloaded on request."""

from __future__ import annotations

import gzip
import hashlib
import struct
import threading
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

import pytest
from conftest import draw_letter
from making_emnist import pixels, write
from torchvision.datasets import EMNIST

from charrec.data.datamodule import CharacterDataModule
from charrec.data.emnist import CLASSES, check_emnist
from charrec.data.pictures import square
from charrec.data.places import emnist_folder
from charrec.data.readers import read_letters
from charrec.data.settings import DataSettings
from charrec.errors import UserError

CHARACTERS = digits + ascii_uppercase + ascii_lowercase


@pytest.fixture(scope="module")
def emnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """letters and balanced; tests do not change it."""
    root = tmp_path_factory.mktemp("emnist")
    write(root, "balanced", 10, 2)
    return write(root)


def settings(root: Path, **which: Any) -> DataSettings:
    return DataSettings(root, kind="emnist", **which)


def refusal(data: DataSettings) -> str:
    """The same at once and when it is read."""
    with pytest.raises(UserError) as at_once:
        check_emnist(data)
    with pytest.raises(UserError) as caught:
        read_letters(data)
    assert str(caught.value) == str(at_once.value)
    return str(caught.value)


# What is read


def test_the_classes_are_torchvision_s() -> None:
    for split, characters in CLASSES.items():
        theirs = EMNIST.classes_split_dict[split]
        assert ["" if name == "N/A" else name for name in theirs] == list(characters)


def test_pictures_are_upright_with_their_letters(emnist: Path) -> None:
    letters = CharacterDataModule(emnist, 28, kind="emnist")
    letters.setup()
    assert [len(names) for names in letters.names.values()] == [442, 78, 130]
    for split, names in letters.names.items():
        for name, label, image in zip(
            names, letters.labels[split].tolist(), letters.images[split], strict=True
        ):
            part, place = name.split("/")
            seed, letter = divmod(int(place), 26)
            assert label == letter
            drawn = pixels(ascii_lowercase[letter], seed if part == "train" else 1000 + seed)
            assert (image[0].numpy() == drawn).all()
            assert part == ("test" if split == "test" else "train")


def test_they_become_as_large_as_all_others(emnist: Path) -> None:
    found = read_letters(settings(emnist, image_size=20))
    assert found.images.shape == (650, 1, 20, 20)
    assert found.names["train"][0] == "train/0"
    assert (found.images[0, 0] == square(draw_letter("a", 0), 20)).all()


def test_validation_is_drawn_from_each_letter_by_its_seed(emnist: Path) -> None:
    found = read_letters(settings(emnist))
    assert Counter(found.letters["validation"]) == dict.fromkeys(ascii_uppercase, 3)
    assert Counter(found.letters["test"]) == dict.fromkeys(ascii_uppercase, 5)
    assert not {*found.names["train"]} & {*found.names["validation"]}
    again = CharacterDataModule(emnist, kind="emnist", seed=1)
    again.setup()
    assert again.names == found.names
    assert read_letters(settings(emnist, split_seed=1)).names != found.names
    more = read_letters(settings(emnist, validation_share=0.3))
    assert Counter(more.letters["validation"]) == dict.fromkeys(ascii_uppercase, 6)


def test_what_is_not_in_the_alphabet_is_left_out_and_counted(emnist: Path) -> None:
    """Of balanced the ten digits are; its eleven small letters count as capitals."""
    with pytest.warns(UserWarning, match="left out") as told:
        found = read_letters(settings(emnist, split="balanced"))
    assert [str(warning.message) for warning in told] == [
        "data=emnist: 120 of its pictures are of 0123456789, which is not in data.alphabet: "
        "left out"
    ]
    assert Counter(found.letters["test"]) == {
        letter: 4 if letter.lower() in "abdefghnqrt" else 2 for letter in ascii_uppercase
    }
    assert found.names["test"][0] == "test/10"  # 0 to 9 are digits
    assert (found.images[-1, 0] == square(draw_letter("t", 1001), 32)).all()


def test_letters_and_digits(emnist: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        both = read_letters(settings(emnist, split="balanced", alphabet=ascii_uppercase + digits))
        cases = read_letters(settings(emnist, split="balanced", alphabet=CHARACTERS))
        small = read_letters(settings(emnist, alphabet=ascii_lowercase))
    assert Counter(both.letters["test"])["7"] == 2
    assert set(cases.letters["test"]) == {*digits, *ascii_uppercase, *"abdefghnqrt"}
    assert set(small.letters["test"]) == {*ascii_lowercase}


@pytest.mark.parametrize(
    ("split", "alphabet", "told"),
    [
        (
            "letters",
            CHARACTERS,
            "data.split=letters has A and a in one class, and data.alphabet has both; take "
            "data.split=byclass",
        ),
        (
            "digits",
            "ABC",
            "data.split=digits has nothing of data.alphabet=ABC; it has 0123456789",
        ),
    ],
)
def test_alphabets_that_it_does_not_have(
    split: str, alphabet: str, told: str, emnist: Path
) -> None:
    assert refusal(settings(emnist, split=split, alphabet=alphabet)) == told


# What is not there, or not whole


def test_the_command_that_downloads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, cure = refusal(settings(tmp_path, split="byclass")).splitlines()
    path = tmp_path / "EMNIST/raw/emnist-byclass-train-images-idx3-ubyte"
    assert told == f"data=emnist: {path} is not there"
    assert cure == (
        f"python -m charrec.train data=emnist data.root={tmp_path} data.split=byclass "
        "data.download=true downloads it (0.6 GB, unpacked 2.4)"
    )
    monkeypatch.setenv("CHARREC_CACHE", str(tmp_path / "cache"))
    told, cure = refusal(DataSettings(kind="emnist")).splitlines()
    assert str(tmp_path / "cache" / "emnist" / "EMNIST") in told
    assert cure.startswith("python -m charrec.train data=emnist data.split=letters data.download=t")
    assert list(tmp_path.iterdir()) == []


def test_where_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    for cache, folder in {"off": "/caches/charrec/emnist", "/own": "/own/emnist"}.items():
        monkeypatch.setenv("CHARREC_CACHE", cache)
        assert emnist_folder() == Path(folder)
    monkeypatch.delenv("CHARREC_CACHE")
    assert emnist_folder() == Path("/caches/charrec/emnist")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/me")
    assert emnist_folder() == Path("/home/me/.cache/charrec/emnist")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # somebody without a home
    with pytest.raises(UserError, match=r"^data.root is not given, and there is no home folder"):
        emnist_folder()


@pytest.mark.parametrize(
    ("name", "contents", "told"),
    [
        ("train-images-idx3", lambda data: data[:-1], "it is cut off, or has too much"),
        ("test-images-idx3", lambda data: data + b"x", "it is cut off, or has too much"),
        ("test-labels-idx1", lambda data: data[:-1], "it is cut off, or has too much"),
        ("test-labels-idx1", lambda data: data[:7], "unpack requires a buffer of 8 bytes"),
        ("train-labels-idx1", lambda data: b"\x01" + data[1:], "it begins with other numbers"),
        ("train-labels-idx1", lambda data: struct.pack(">2I", 2049, 0), "it begins with other"),
        (
            "train-labels-idx1",
            lambda data: struct.pack(">2I", 2049, 2) + b"\x01\x02",
            "is of other pictures than the file beside it",
        ),
    ],
)
def test_files_that_are_damaged(name: str, contents: Any, told: str, tmp_path: Path) -> None:
    write(tmp_path, train=2, test=1)
    path = tmp_path / "EMNIST" / "raw" / f"emnist-letters-{name}-ubyte"
    path.write_bytes(contents(path.read_bytes()))
    message = refusal(settings(tmp_path))
    assert message.startswith(f"data=emnist: {path} ")
    assert told in message


def test_a_label_of_no_class(tmp_path: Path) -> None:
    path = write(tmp_path, train=2, test=1) / "EMNIST/raw/emnist-letters-test-labels-idx1-ubyte"
    for label in (b"\x1b", b"\x00"):  # 27, and 0, which is none of this split's
        path.write_bytes(path.read_bytes()[:-1] + label)
        with pytest.raises(UserError, match="test has a label that is of no class; download"):
            read_letters(settings(tmp_path))


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_part_with_nothing_of_the_alphabet(part: str, tmp_path: Path) -> None:
    path = write(tmp_path, train=4, test=2) / f"EMNIST/raw/emnist-letters-{part}-labels-idx1-ubyte"
    header, labels = path.read_bytes()[:8], path.read_bytes()[8:]
    path.write_bytes(header + b"\x03" * len(labels))  # all are C
    with pytest.raises(UserError, match=f"nothing of data.alphabet=AB is left for {part}"):
        read_letters(settings(tmp_path, alphabet="AB"))


# Downloading


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that a server of the test's own serves, and from which torchvision downloads."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(EMNIST, "url", f"http://127.0.0.1:{server.server_port}/gzip.zip")
    yield folder
    server.shutdown()
    server.server_close()


def pack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``gzip.zip`` as NIST has it: a folder gzip/ with every file packed by itself."""
    write(folder / "made", train=3, test=1)
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for path in (folder / "made" / "EMNIST" / "raw").iterdir():
            archive.writestr(f"gzip/{path.name}.gz", gzip.compress(path.read_bytes()))
    digest = hashlib.md5((folder / "gzip.zip").read_bytes()).hexdigest()
    monkeypatch.setattr(EMNIST, "md5", digest)


def test_a_download_and_what_it_saves_later(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(served, monkeypatch)
    asked = settings(tmp_path / "deep" / "er", download=True)
    check_emnist(asked)
    found = read_letters(asked)
    assert Counter(found.letters["test"]) == dict.fromkeys(ascii_uppercase, 1)
    (served / "gzip.zip").unlink()  # neither is asked for again
    assert read_letters(asked).names == read_letters(settings(asked.folder)).names == found.names
    for name in ("train-images-idx3", "test-labels-idx1"):  # cut off in unpacking
        path = asked.folder / "EMNIST" / "raw" / f"emnist-letters-{name}-ubyte"
        path.write_bytes(path.read_bytes()[:50])
        assert (read_letters(asked).images == found.images).all()


@pytest.mark.parametrize(("trouble", "reason"), [("gone", "404"), ("another", "corrupted")])
def test_a_download_that_fails(
    trouble: str, reason: str, served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(served, monkeypatch)
    if trouble == "gone":
        (served / "gzip.zip").unlink()
    else:
        monkeypatch.setattr(EMNIST, "md5", "0" * 32)
    asked = settings(tmp_path / "here", download=True)
    with pytest.raises(UserError) as caught:
        read_letters(asked)
    told, cure = str(caught.value).splitlines()
    assert told.startswith(f"data=emnist could not be downloaded to {asked.folder}: ")
    assert reason in told
    assert cure == "try again, or put the files of its gzip.zip, unpacked, into EMNIST/raw/ there"


def test_a_download_that_fails_leaves_the_files_that_were_there(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = settings(write(tmp_path / "here", train=2, test=1), download=True)
    raw = asked.folder / "EMNIST" / "raw"
    (raw / "emnist-letters-train-labels-idx1-ubyte").write_bytes(b"cut off")
    before = {path.name: path.read_bytes() for path in raw.iterdir()}
    with pytest.raises(UserError, match="could not be downloaded"):
        read_letters(asked)
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == before
    pack(served, monkeypatch)
    read_letters(asked)
    assert not list(raw.glob("*.before"))
