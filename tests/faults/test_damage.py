"""Checkpoints and summaries that are damaged, swapped or crafted: refused, and nothing executed."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from faults.runs import LONG, SEED, Figures, Recipe, same_end
from processes import Finished, run_main

from charrec import evaluation
from charrec.checkpoints import SEAL, SEAL_BYTES, SIZE_BYTES, read_checkpoint, write_checkpoint
from charrec.classifier import CharacterClassifier
from charrec.errors import UserError
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import resume, train
from charrec.weights import load_classifier

FLIPS = 3000


@pytest.fixture(scope="module")
def done(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of four epochs, the best of them not the last."""
    data = DataSettings(letters, alphabet="ABCD", image_size=8)
    still = {"hsize": 3, "epochs": 4, "lr": 1e-9, "trainer": {"accelerator": "cpu"}}
    return train(TrainSettings(**still, data=data), tmp_path_factory.mktemp("done") / "run")  # type: ignore[arg-type]


@pytest.fixture
def copy(done: Run, tmp_path: Path) -> Run:
    """The same, to be damaged, and as if it had been cut off."""
    run = Run(Path(shutil.copytree(done.folder, tmp_path / "run")))
    run.record(status="interrupted")
    return run


def sealed(archive: bytes) -> bytes:
    """As charrec would have written it."""
    from hashlib import sha256

    body = archive[:-SIZE_BYTES]
    seal = SEAL + sha256(body).hexdigest().encode()
    return body + len(seal).to_bytes(SIZE_BYTES, "little") + seal


def archived(content: Any) -> bytes:
    archive = io.BytesIO()
    torch.save(content, archive)
    return archive.getvalue()


# Damage


def refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"is no whole checkpoint of charrec's"):
        read_checkpoint(path)


def test_every_truncation_is_refused(done: Run, tmp_path: Path) -> None:
    whole = done.last_checkpoint.read_bytes()
    figures = Figures("truncated checkpoints")
    for length in range(0, len(whole), 1 if len(whole) < 2000 else 7):
        figures.check(str(length), partial(refused, tmp_path / "x.ckpt", whole[:length]))
    for length in range(len(whole) - 300, len(whole)):
        figures.check(str(length), partial(refused, tmp_path / "x.ckpt", whole[:length]))
    figures.close()


def test_every_change_of_a_byte_is_refused(done: Run, tmp_path: Path) -> None:
    whole = done.last_checkpoint.read_bytes()
    figures, chance = Figures("changed bytes"), random.Random(SEED)
    places = [chance.randrange(len(whole)) for _ in range(FLIPS)]
    places += range(len(whole) - SEAL_BYTES - SIZE_BYTES - 30, len(whole))
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.randrange(8)
        figures.check(str(place), partial(_refused_or_the_same, tmp_path, bytes(changed), done))
    figures.close()


def _refused_or_the_same(folder: Path, data: bytes, run: Run) -> None:
    (folder / "x.ckpt").write_bytes(data)
    try:
        read = read_checkpoint(folder / "x.ckpt")
    except UserError:
        return
    weights = read_checkpoint(run.last_checkpoint)["state_dict"]
    assert all(torch.equal(read["state_dict"][name], weights[name]) for name in weights)


def test_what_torch_itself_has_written_is_refused(done: Run, tmp_path: Path) -> None:
    refused(tmp_path / "x.ckpt", archived(read_checkpoint(done.last_checkpoint)))


def test_a_damaged_last_checkpoint_gives_way_to_the_best(letters: Path, tmp_path: Path) -> None:
    figures, chance = Figures("damaged last.ckpt"), random.Random(SEED)
    settings = ("hsize=4", "epochs=4", "steps_per_execution=5", "optimizer=adam")
    recipe = Recipe(letters, tmp_path, settings)
    undisturbed = recipe.undisturbed()
    for i, damage in enumerate((_cut, _empty, _flip)):
        folder = Path(shutil.copytree(undisturbed, tmp_path / f"damaged{i}"))
        Run(folder).record(status="interrupted")
        # A copy of its own: last.ckpt may be best.ckpt under another name.
        data = Run(folder).last_checkpoint.read_bytes()
        Run(folder).last_checkpoint.unlink()
        Run(folder).last_checkpoint.write_bytes(damage(data, chance))
        figures.check(folder.name, partial(_goes_on_from_the_best, recipe, folder, undisturbed))
    figures.close()


def _goes_on_from_the_best(recipe: Recipe, folder: Path, undisturbed: Path) -> None:
    said = recipe.finish(folder.name).stderr
    assert "last.ckpt is no whole checkpoint" in said
    assert said.endswith("going on from best.ckpt\n")
    same_end(folder, undisturbed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _empty(data: bytes, chance: random.Random) -> bytes:
    return b""


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    changed[chance.randrange(len(data))] ^= 1
    return bytes(changed)


def test_with_both_damaged_it_is_refused_and_nothing_changes(copy: Run) -> None:
    for path in (copy.last_checkpoint, copy.best_checkpoint):
        path.write_bytes(b"x" + path.read_bytes()[1:])
    before = (copy.folder / "summary.json").read_bytes()
    with pytest.warns(UserWarning, match="going on from"), pytest.raises(UserError, match="best"):
        resume(copy.folder)
    assert (copy.folder / "summary.json").read_bytes() == before


# Swapped


def test_a_checkpoint_of_another_network_is_not_gone_on_with(
    copy: Run, letters: Path, tmp_path: Path
) -> None:
    data = DataSettings(letters, alphabet="ABCD", image_size=8)
    for changes in ({"hsize": 5}, {"hsize": 3, "activation": "relu"}, {"hsize": 3, "lr": 0.5}):
        name = str(changes).replace(" ", "")
        settings = TrainSettings(**{"epochs": 4, "data": data, **changes})  # type: ignore[arg-type]
        other = train(settings, tmp_path / name)
        for path in (copy.last_checkpoint, copy.best_checkpoint):
            path.unlink()
            shutil.copyfile(other.last_checkpoint, path)
        with pytest.raises(UserError, match="is of another run"):
            resume(copy.folder)


# Crafted


class Evil:
    """Unpickled, it calls."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> Any:
        return self.call, self.arguments


def touches(path: Path) -> Evil:
    return Evil(os.system, f"touch '{path}'")


def compressed(archive: bytes) -> bytes:
    """Hundred megabytes of zeros for a few kilobytes."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as members,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for name in members.namelist():
            out.writestr(name, members.read(name))
    return packed.getvalue()


def lying(content: dict[str, Any]) -> dict[str, Any]:
    """Of the settings of a network of gigabytes."""
    content["hyper_parameters"] |= {"hsize": 65536, "image_size": 512}
    return content


def giant(content: dict[str, Any]) -> dict[str, Any]:
    """The same with weights that fit and of which a single number is stored."""
    with torch.device("meta"):
        network = CharacterClassifier(**lying(content)["hyper_parameters"]).state_dict()
    weights = {name: torch.zeros(1).expand(w.shape) for name, w in network.items()}
    return content | {"state_dict": weights}


def deep(content: dict[str, Any]) -> dict[str, Any]:
    nested: list[Any] = []
    for _ in range(300):
        nested = [nested]
    return content | {"callbacks": nested}


HYPER: dict[str, dict[str, Any]] = {
    "instantiator": {"_instantiator": "os.system"},
    "class path": {"_class_path": "os.system"},
    "target": {"_target_": "os.system", "command": "touch evil"},
    "hsize text": {"hsize": "__import__('os').system('touch evil')"},
    "hsize 0": {"hsize": 0},
    "hsize -1": {"hsize": -1},
    "activation": {"activation": "os.system"},
    "init": {"init": "torch.load"},
    "alphabet": {"alphabet": 3},
    "alphabet of another size": {"alphabet": "ABCDE"},
    "image size": {"image_size": 1e300},
    "normalisation": {"normalisation": "os.system"},
    "no views": {"views": 0},
    "twenty views": {"views": 20},
    "views text": {"views": "a"},
    "none": {"alphabet": None, "image_size": None, "hsize": None},
}


def mains(run: Run, picture: Path, cwd: Path) -> list[Finished]:
    """Whatever reads a run."""
    given = (f"run={run.folder}", "trainer=cpu")
    return [
        run_main("test", *given, "out=tested", cwd=cwd),
        run_main("predict", *given, f"images={picture}", "out=predicted", cwd=cwd),
        run_main("train", f"resume={run.folder}", cwd=cwd),
    ]


def check_refused(ends: list[Finished]) -> None:
    for end in ends:
        assert end.exit_code == 2, end.stderr
        assert "Traceback" not in end.stderr
        lines = end.stderr.strip().splitlines()
        assert 1 <= len(lines) <= 4
        assert lines[-1].startswith("charrec: ")


def put(run: Run, data: bytes) -> None:
    for path in (run.last_checkpoint, run.best_checkpoint):
        path.unlink()
        path.write_bytes(data)


@pytest.mark.parametrize("crafted", ["os.system", "eval", "in a corner", "packed", "giant", "lies"])
def test_a_crafted_checkpoint_is_refused_by_every_main(
    crafted: str, copy: Run, letters: Path, tmp_path: Path
) -> None:
    evil, content = tmp_path / "evil", read_checkpoint(copy.last_checkpoint)
    data = {
        "os.system": lambda: archived(touches(evil)),
        "eval": lambda: archived(
            content | {"state_dict": Evil(eval, f"open({str(evil)!r}, 'w').close()")}
        ),
        "in a corner": lambda: archived(content | {"loops": [{}, {1: touches(evil)}]}),
        "packed": lambda: compressed(archived(content | {"bomb": torch.zeros(25_000_000)})),
        "giant": lambda: archived(giant(content)),
        "lies": lambda: archived(lying(content)),
    }[crafted]()
    put(copy, sealed(data))
    picture = next((letters / "images").iterdir())
    check_refused(mains(copy, picture, tmp_path))
    assert not evil.exists()
    assert copy.status == "interrupted"


@pytest.mark.parametrize("changes", HYPER.values(), ids=HYPER)
def test_crafted_settings_in_a_checkpoint_are_refused(
    changes: dict[str, Any], copy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = read_checkpoint(copy.last_checkpoint)
    content["hyper_parameters"] |= changes
    put(copy, b"")
    for path in (copy.last_checkpoint, copy.best_checkpoint):
        write_checkpoint(content, path)
    for read in (partial(evaluation.test, copy), partial(load_classifier, copy.best_checkpoint)):
        with pytest.raises(UserError, match="name another run"):
            read()
    assert not (tmp_path / "evil").exists()


PARTS = (
    *("epoch", "global_step", "state_dict", "optimizer_states", "lr_schedulers", "loops"),
    *("callbacks", "hyper_parameters", "CharacterDataModule", "train_metrics"),
    *("pytorch-lightning_version", "hparams_name"),
)
ODD: tuple[Any, ...] = (None, -1, "x", [], {}, [{}], {"x": [1]}, 2**70, float("nan"))


def odd_contents(run: Run) -> list[tuple[str, dict[str, Any]]]:
    """A checkpoint in which each part is missing, or is something else."""
    content, odd = read_checkpoint(run.last_checkpoint), []
    for part in PARTS:
        odd.append((f"no {part}", {k: v for k, v in content.items() if k != part}))
        odd += [(f"{part}={value}", content | {part: value}) for value in ODD]
    callbacks = content["callbacks"]
    for name, state in callbacks.items():
        for key in state:
            for value in ODD[:2]:
                changed = callbacks | {name: state | {key: value}}
                odd.append((f"{name}.{key}={value}", content | {"callbacks": changed}))
    return odd


@pytest.mark.parametrize("every", [pytest.param(1, marks=LONG), 60])
def test_a_checkpoint_with_odd_parts_is_refused_or_does_no_harm(
    every: int, done: Run, tmp_path: Path
) -> None:
    figures = Figures("odd checkpoints")
    for i, (name, content) in enumerate(odd_contents(done)[::every]):
        run = Run(Path(shutil.copytree(done.folder, tmp_path / str(i))))
        run.record(status="interrupted")
        put(run, b"")
        for path in (run.last_checkpoint, run.best_checkpoint):
            write_checkpoint(content, path)
        figures.check(name, partial(_refused_or_as_before, run, done))
    figures.close()


def _refused_or_as_before(run: Run, done: Run) -> None:
    try:
        with redirect_stdout(io.StringIO()):  # the figures alone are to be read
            resumed = resume(run.folder, epochs=5)
    except UserError:
        return
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}") from error
    metrics = [r.folder / "metrics.csv" for r in (resumed, done)]
    ours, theirs = (path.read_text().splitlines() for path in metrics)
    assert ours[: len(theirs)] == theirs


# Summaries

HOSTILE: dict[str, Any] = {
    "target": {"settings": {"_target_": "os.system", "command": "touch evil"}},
    "target in data": {"settings": {"data": {"_target_": "os.system", "command": "touch evil"}}},
    "environment": {"settings": {"data": {"root": "${oc.env:HOME}"}}},
    "reference in lr": {"settings": {"data": {}, "lr": "${seed}"}},
    "lists": {"settings": {"data": [[]]}},
    "root is a list": {"settings": {"data": {"root": ["/"]}}},
    "root is a number": {"settings": {"data": {"root": 7}}},
    "root is nowhere": {"settings": {"data": {"root": "/nowhere\x00"}}},
    "alphabet is a list": {"settings": {"data": {"alphabet": ["A", "B"]}}},
    "huge hsize": {"settings": {"data": {}, "hsize": 10**30}},
    "trainer with code": {
        "settings": {"data": {}, "trainer": {"logger": {"_target_": "os.system"}}}
    },
    "trainer of plugins": {"settings": {"data": {}, "trainer": {"plugins": ["os.system"]}}},
    "trainer strategy": {"settings": {"data": {}, "trainer": {"strategy": "os.system"}}},
    "optimizer": {"settings": {"data": {}, "optimizer": "../../etc/passwd"}},
    "options": {"settings": {"data": {}, "optimizer_options": {"foreach": "os.system"}}},
    "weights": {"settings": {"data": {}, "weights": {"x": 1}}},
    "epochs huge": {"settings": {"data": {}, "epochs": 10**400}},
    "status": {"status": ["completed"]},
    "status null": {"status": None},
    "letters": {"letters": 3},
    "execution list": {"execution": [1]},
    "execution odd": {"execution": {"threads": -1, "steps_per_execution": "x", "compile": 3}},
    "execution more": {"execution": {"code": "os.system"}},
    "started": {"started": {"x": 1}},
    "process": {"process": "1; touch evil"},
}
TEXTS: dict[str, bytes] = {
    "deep": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep settings": b'{"settings": {"data": {"root": ' + b"[" * 900 + b"]" * 900 + b"}}}",
    "long number": b'{"settings": {"data": {}, "epochs": ' + b"9" * 10_000 + b"}}",
    "not finite": b'{"settings": {"data": {}, "lr": NaN}}',
    "infinite": b'{"settings": {"data": {}, "lr": 1e999}}',
    "not UTF-8": b'{"settings": "\xff"}',
    "byte order mark": "\ufeff{}".encode(),
    "lone surrogate": b'{"settings": {"data": {"root": "\\ud800"}}}',
    "twice the same": b'{"status": "running", "status": "completed"}',
    "null": b"null",
    "empty": b"",
}


def merged(summary: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    both = dict(summary)
    for key, value in changes.items():
        old = both.get(key)
        nested = isinstance(value, dict) and isinstance(old, dict)
        both[key] = merged(old, value) if nested else value  # type: ignore[arg-type]
    return both


def hostile_summary(name: str, run: Run) -> bytes:
    if name in HOSTILE:
        return json.dumps(merged(run.summary, HOSTILE[name])).encode()
    return TEXTS[name]


def told(use: Callable[[], object]) -> str:
    """What a refusal says; nothing where nothing is refused."""
    try:
        use()
    except UserError as error:
        return str(error)
    return ""


MILD = ("status", "status null", "letters", "started", "process")  # in which nothing is lost


@pytest.mark.parametrize("name", [*HOSTILE, *TEXTS])
def test_a_hostile_summary_is_refused_or_does_no_harm(
    name: str, copy: Run, done: Run, letters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy.folder / "summary.json").write_bytes(hostile_summary(name, copy))
    monkeypatch.chdir(tmp_path)
    for use in (partial(evaluation.test, copy.folder, letters), partial(resume, copy.folder)):
        said = told(use)
        assert len(said.splitlines()) <= 2
        assert len(said) < 3000
        assert said or use.func is evaluation.test or name in MILD
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "name", ["target", "environment", "deep", "execution odd", "root is nowhere"]
)
def test_a_hostile_summary_gives_no_traceback(
    name: str, copy: Run, letters: Path, tmp_path: Path
) -> None:
    (copy.folder / "summary.json").write_bytes(hostile_summary(name, copy))
    picture = next((letters / "images").iterdir())
    for end in mains(copy, picture, tmp_path):
        assert "Traceback" not in end.stderr
        assert end.exit_code in (0, 2)
        assert end.stderr.startswith("charrec: ")
    assert not (tmp_path / "evil").exists()
