"""What a user can get wrong on the command line, and the words, to the letter, that answer it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from processes import run_main

HSIZE = "is a whole number from 1 to 65536, or a list of such numbers: [128,64]"
MOMENTUM = "momentum is at least 0 and below 1, such as 0.9, or null"
SETTINGS = (
    "settings: activation, augment, batch_size, compile, data, epochs, experiment, hsize, init, "
    "label_smoothing, lr, momentum, normalisation, optimizer, resume, schedule, seed, "
    "steps_per_execution, sweep, trainer, views, weight_decay, weights"
)
GROUP = "a config group takes the name of a choice; --help lists them"
OPTIMIZERS = "choices: adadelta, adagrad, adam, adamw, rmsprop, sgd"
SYNTAX = "write SETTING=VALUE, and quote a value with spaces or brackets twice: 'name=\"a b\"'"

VALUES = {
    "momentum=15": f"momentum=15 is refused: {MOMENTUM}",
    "momentum=15 optimizer=adam": f"momentum=15 is refused: {MOMENTUM}",
    "lr=-1": "lr=-1 is refused: lr is a number above 0, such as 1e-3",
    "optimizer.lr=0": "lr=0 is refused: lr is a number above 0, such as 1e-3",
    "hsize=0": f"hsize=0 is refused: hsize {HSIZE}",
    "epochs=0": "epochs=0 is refused: epochs is a whole number from 1 to 1000000",
    "data.alphabet=AA": "data.alphabet=AA is refused: data.alphabet is two or more different "
    "characters, such as ABCDEF",
    "activation=tnah": "activation=tnah is refused: activation is one of tanh, scaled_tanh, relu, "
    "sigmoid; did you mean 'tanh'?",
    "data.root=/no/such": "data.root=/no/such: no such folder; name one that holds images/",
    "weights=/no/such": "weights=/no/such: no such folder; name the folder of a run, "
    "under outputs/",
    "resume=/no/such": "resume=/no/such: no such folder; name the folder of a run, under outputs/",
    "steps_per_execution=0": "steps_per_execution=0 is refused: steps_per_execution is auto, or "
    "a whole number from 1 to 1000000",
    "steps_per_execution=8 +trainer.limit_train_batches=5": "steps_per_execution=8 cannot go with "
    "trainer.limit_train_batches=5, for which Lightning must see every step; "
    "leave one of them out",
    "compile=maybe": "compile=maybe is refused: compile is auto, true or false",
    "lr=${foo}": "lr is refused: Interpolation key 'foo' not found",
}
NAMES = {
    "hsise=64": f"hsise is no setting; did you mean 'hsize'?\n{SETTINGS}",
    "zzz=64": f"zzz is no setting\n{SETTINGS}",
    "+zzz=64": "zzz is no setting\nsettings here: activation, augment, batch_size, compile, data, "
    "epochs, hsize, init, label_smoothing, lr, momentum, normalisation, optimizer, schedule, seed, "
    "steps_per_execution, trainer, views, weight_decay, weights",
    "data.rot=x": "data.rot is no setting; did you mean 'data.root'?\n"
    "settings: data.alphabet, data.image_size, data.kind, data.root",
    "+data.rot=x": "data.rot is no setting; did you mean 'data.root'?\n"
    "settings here: alphabet, download, group, image_size, kind, root, split, split_seed, "
    "test_share, validation_share",
    "-m data=lists,folders data.rot=x": "data.rot is no setting; did you mean 'data.root'?\n"
    "settings: data.alphabet, data.image_size, data.kind, data.root",
    "data.validation_share=0.2": "data.validation_share=0.2 cannot go with data=lists: lists bring "
    "their own splits; it is for data=folders or data=emnist; leave one of them out",
    "data=folders data.split=digits": "data.split=digits cannot go with data=folders: it is for "
    "data=emnist; leave one of them out",
    "-m data=lists,folders data.test_share=0.2": "data.test_share=0.2 cannot go with data=lists: "
    "lists bring their own splits; it is for data=folders; leave one of them out",
    "hydra.run.dri=x": "hydra.run.dri is no setting; did you mean 'hydra.run.dir'?\n"
    "settings: hydra.run.dir",
    "trainer.max_time=1": "trainer.max_time is not set yet: write +trainer.max_time=VALUE, "
    "with a plus; did you mean '+trainer.max_time'?",
    "+trainer.max_epochs=3": "trainer.max_epochs is set by charrec; use epochs=N",
    "+optimizer.options.nestrov=true": "optimizer.options.nestrov is no setting; did you mean "
    "'optimizer.options.nesterov'?\nsettings here: dampening, differentiable, foreach, fused, "
    "maximize, nesterov",
    "+lr=1": "lr is there already: write lr=VALUE without the plus",
    "optimizer=adma": f"optimizer=adma is refused: no such choice; did you mean 'adam'?\n"
    f"{OPTIMIZERS}",
    "optimizer.name=adma": "optimizer=adma is refused: optimizer is one of adadelta, adagrad, "
    "adam, adamw, rmsprop, sgd; did you mean 'adam'?",
    "trainer=tpu": "trainer=tpu is refused: no such choice; did you mean 'gpu'?\n"
    "choices: auto, cpu, gpu",
    "hydra/launcher=fast": "hydra/launcher=fast is refused: no such choice\n"
    "choices: basic, joblib, ray, ray_aws, submitit_local, submitit_slurm",
    "optimizer=null": f"optimizer=null is refused: {GROUP}",
    "trainer=3": f"trainer=3 is refused: {GROUP}",
    "data=3": f"data=3 is refused: {GROUP}",
    "data=tree trainer=3": f"data=tree trainer=3 is refused: {GROUP}",
    "optimizer.options=3": "optimizer.options=3 is refused: write optimizer.options.NAME=VALUE",
}
GRAMMAR = {
    "lr": f"the argument 'lr' cannot be understood; {SYNTAX}",
    "hsize=[64": f"the argument 'hsize=[64' cannot be understood; {SYNTAX}",
    "épochs=3": f"the argument 'épochs=3' cannot be understood; {SYNTAX}",
    "lr=1,2": "lr=1,2: for a sweep over several values put -m in front; a list is written [1,2]",
    "hsize=range(1,3)": "hsize=range(1,3): for a sweep over several values put -m in front; "
    "a list is written [1,2]",
    "--hsize 64": "--hsize is no flag: settings have no dashes, hsize=VALUE; --help lists them",
    "hsize=3 -m lr=1,2": "lr=1,2 stands behind a flag: write the flags first, then the settings",
}
SWEEPS = {
    "-m lr=1e-3,-1": "lr=-1 is refused: lr is a number above 0, such as 1e-3",
    "-m momentum=0,15": f"momentum=15 is refused: {MOMENTUM}",
    "-m optimizer=adam,adma": "optimizer=adma is refused: no such choice; did you mean 'adam'?\n"
    f"{OPTIMIZERS}",
    "-m hsize=32,64 hsise=1,2": f"hsise is no setting; did you mean 'hsize'?\n{SETTINGS}",
}


@pytest.mark.parametrize(
    ("command", "answer"), [*VALUES.items(), *NAMES.items(), *GRAMMAR.items(), *SWEEPS.items()]
)
def test_train_refuses(command: str, answer: str, letters: Path, tmp_path: Path) -> None:
    arguments = [*command.split(), "data.alphabet=ABCD", f"data.root={letters}"]
    if "data" in command:
        arguments = command.split()
    done = run_main("train", *arguments, cwd=tmp_path)
    assert done.stderr == f"charrec: {answer}\n"
    assert (done.exit_code, done.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []


NO_RUN = (
    "no completed run under outputs/; train one with python -m charrec.train, or name one with "
    "run=RUN_DIR"
)
NO_CHECKPOINT = "./checkpoints/best.ckpt: no such checkpoint; name the folder of a trained run"
READING = {
    "test": NO_RUN,
    "test run=nowhere": "run=nowhere: no such folder; name the folder of a run, under outputs/",
    "test run=[nowhere,x]": "run=nowhere: no such folder; name the folder of a run, under outputs/",
    "test run=[]": "run is empty: name the folder of a run, under outputs/",
    "test run=[nowhere,]": "run names 2 runs, one of them empty: take out a comma",
    "test run=x*": "run=x*: no such folder; name the folder of a run, under outputs/",
    "test checkpoint=bets": "checkpoint=bets is refused: checkpoint is one of best, last; "
    "did you mean 'best'?",
    "test rnu=x": "rnu is no setting; did you mean 'run'?\n"
    "settings: checkpoint, data, out, run, trainer",
    "test data.test_share=1": "data.test_share is for data=folders: write that, too",
    "test +trainer.acelerator=cpu": "trainer.acelerator is no setting; did you mean "
    "'trainer.accelerator'?",
    "test out=/dev/null/here": "out=/dev/null/here: /dev/null is a file; name a folder",
    "test out=x.csv": "out=x.csv is to be a folder, with files in it; leave out .csv",
    "predict images=x out=a/b.TXT": "out=a/b.TXT is to be a folder, with files in it; "
    "leave out .txt",
    "export out=m.safetensors format=safetensors": "out=m.safetensors is to be a folder, with "
    "files in it; leave out .safetensors",
    "test out=x.PDF": "out=x.PDF is to be a folder, with files in it; leave out .pdf",
    "test -m checkpoint=best,last": "charrec.test has no sweeps: leave out -m",
    "predict images=x": NO_RUN,
    "predict": "images is not given; write images=FILE, images=FOLDER or images=GLOB",
    "predict images=x run=nowhere": "run=nowhere: no such folder; name the folder of a run, "
    "under outputs/",
}


@pytest.mark.parametrize(("command", "answer"), READING.items())
def test_test_and_predict_refuse(command: str, answer: str, tmp_path: Path) -> None:
    done = run_main(*command.split(), cwd=tmp_path)
    assert done.stderr.startswith(f"charrec: {answer}\n")
    assert (done.exit_code, done.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []


CHECKING = {
    "check data.root=/no/such": "data.root=/no/such: no such folder; name one that holds images/",
    "check data.root=.": "data.root={here} has no folder images/; the pictures belong there\n"
    "a folder for each letter, A/ B/ and so on, is read with data=folders",
    "check out=/dev/null/here": "out=/dev/null/here: /dev/null is a file; name a folder",
    "check out=x.json": "out=x.json is to be a folder, with files in it; leave out .json",
    "check data.alphabet=AA": "data.alphabet=AA is refused: data.alphabet is two or more different "
    "characters, such as ABCDEF",
    "check data.image_size=3": "data.image_size=3 is refused: data.image_size is a whole number "
    "from 4 to 512",
    "check data.rot=x": "data.rot is no setting; did you mean 'data.root'?\n"
    "settings: data.alphabet, data.image_size, data.kind, data.root",
    "check data=folders data.root=. data.test_shre=1": "data.test_shre is no setting; did you "
    "mean 'data.test_share'?\nsettings: data.alphabet, data.group, data.image_size, data.kind, "
    "data.root, data.split_seed, data.test_share, data.validation_share",
    "check data=3": f"data=3 is refused: {GROUP}",
    "check data=folder data.root=.": "data=folder is refused: no such choice; did you mean "
    "'folders'?\nchoices: emnist, folders, lists",
    "check data=folders": "data=folders needs a folder: write data.root=FOLDER",
    "check data=folders data.root=/no/such": "data.root=/no/such: no such folder; name one that "
    "holds A/, B/ and so on",
    "check data=emnist": "data=emnist cannot be checked: the pictures are in no files of their "
    "own; check is for data=lists and data=folders",
    "check +zzz=3": "zzz is no setting\nsettings here: data, out",
    "check -m data.image_size=16,32": "charrec.check has no sweeps: leave out -m",
}


@pytest.mark.parametrize(("command", "answer"), CHECKING.items())
def test_check_refuses(command: str, answer: str, tmp_path: Path) -> None:
    done = run_main(*command.split(), cwd=tmp_path)
    assert done.stderr == f"charrec: {answer.format(here=tmp_path)}\n"
    assert (done.exit_code, done.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "answer"),
    [
        ("train.json: {", "train.json cannot be read as JSON: Expecting property name"),
        ("train.json: [1]", "train.json is no JSON object: it must be {file name: letter}"),
        ("test.json: {}", "test.json is empty: a split needs at least one picture"),
        (
            'test.json: {"a.png": "AB"}',
            "test.json: 1 of 1 labels are no letter of ABCD: 'a.png': 'AB'\n"
            "mend the labels, or set data.alphabet",
        ),
        (
            'test.json: {"a.png": "A"}',
            "test.json: 1 of 1 pictures cannot be used: 'a.png' is missing\n"
            "mend the files, or take them off the list",
        ),
        (
            'test.json: {"../train.json": "A"}',
            "test.json: 1 of 1 pictures cannot be used: '../train.json' leads out of images/\n"
            "mend the files, or take them off the list",
        ),
    ],
)
def test_letters_are_checked_before_a_folder_is_made(
    damage: str, answer: str, own_letters: Path, tmp_path: Path
) -> None:
    name, text = damage.split(": ", 1)
    (own_letters / name).write_text(text)
    work = tmp_path / "work"
    work.mkdir()
    sweep = ["-m", "hsize=4,8"] if name == "train.json" else []
    done = run_main("train", *sweep, f"data.root={own_letters}", "data.alphabet=ABCD", cwd=work)
    assert done.stderr.startswith(f"charrec: {own_letters}/{answer}")
    assert done.stderr.count("\n") <= 2
    assert (done.exit_code, list(work.iterdir())) == (2, [])


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["hydra.run.dir=a/b/c"],
    ],
)
def test_a_truncated_picture_leaves_nothing(
    arguments: list[str], own_letters: Path, tmp_path: Path
) -> None:
    picture = own_letters / "images" / "test_0_A.png"
    picture.write_bytes(picture.read_bytes()[:60])
    work = tmp_path / "work"
    (work / "a").mkdir(parents=True)
    done = run_main("train", *arguments, f"data.root={own_letters}", "data.alphabet=ABCD", cwd=work)
    refusal = f"charrec: {own_letters}: 1 of 144 pictures cannot be read: {picture} "
    told, cure = done.stderr.splitlines()
    assert told.startswith(refusal)
    assert cure == "mend the files, or take them off the list"
    assert done.exit_code == 2
    assert [path.name for path in work.rglob("*")] == ["a"]


def test_letters_for_a_test_are_checked_too(trained: Path, tmp_path: Path) -> None:
    done = run_main("test", f"run={trained}", "data.root=~/no such", cwd=tmp_path)
    home = Path("~/no such").expanduser()
    assert done.stderr == (
        f"charrec: data.root={home}: no such folder; name one that holds images/\n"
    )
    assert (done.exit_code, list(tmp_path.iterdir())) == (2, [])


def test_a_folder_without_a_checkpoint(tmp_path: Path) -> None:
    done = run_main("test", "run=.", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (
        2,
        "charrec: checkpoints/best.ckpt: no such checkpoint; name the folder of a trained run\n",
    )


def test_runs_that_read_different_letters(trained: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(trained, tmp_path / "other"))
    summary = json.loads((other / "summary.json").read_text())
    summary["settings"]["data"]["alphabet"] = "ABCDE"
    (other / "summary.json").write_text(json.dumps(summary))
    for command in (("test",), ("predict", f"images={__file__}")):
        done = run_main(*command, f"run=[{trained},other]", cwd=tmp_path)
        assert done.stderr == (
            f"charrec: {trained} reads ABCD, other reads ABCDE: runs that answer together need the "
            "same data.alphabet\n"
        )
        assert (done.exit_code, [path.name for path in tmp_path.iterdir()]) == (2, ["other"])


def test_a_temperature_that_is_none(trained: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(trained, tmp_path / "run"))
    summary = json.loads((damaged / "summary.json").read_text())
    (damaged / "summary.json").write_text(json.dumps(summary | {"temperature": 0}))
    done = run_main("test", "run=run", cwd=tmp_path)
    assert done.stderr == (
        "charrec: run/summary.json is damaged, name another run: temperature=0\n"
    )
    assert done.exit_code == 2


def test_resume_takes_no_other_settings(trained: Path, tmp_path: Path) -> None:
    for arguments, answer in {
        ("lr=1",): "lr cannot go with resume, which keeps all settings: "
        "leave it out, or start a new run with weights=RUN_DIR",
        ("epochs=1",): f"epochs=1 are fewer than the 2 of {trained}; a run that goes on can only "
        "be made longer",
        ("epochs=0",): "epochs=0 is refused: epochs is a whole number from 1 to 1000000",
        ("-m",): "resume goes on with one run: leave out -m; sweeps have sweep.resume",
    }.items():
        done = run_main("train", *arguments, f"resume={trained}", cwd=tmp_path)
        assert (done.exit_code, done.stderr) == (2, f"charrec: {answer}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("argument", "answer"),
    [
        ("out=/proc/none", "charrec: /proc/none: No such file or directory; it was moved"),
        (f"out={'x' * 300}", f"{'x' * 300}: File name too long; choose a shorter name"),
        ("out=~nosuchuser/x", "~nosuchuser/x: no such user; write the whole path"),
        ("data.root=~nosuchuser/x", "~nosuchuser/x: no such user; write the whole path"),
    ],
)
def test_places_that_cannot_be_written(
    trained: Path, tmp_path: Path, argument: str, answer: str
) -> None:
    done = run_main("test", f"run={trained}", argument, cwd=tmp_path)
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr
    assert answer in done.stderr
    assert list(tmp_path.iterdir()) == []
