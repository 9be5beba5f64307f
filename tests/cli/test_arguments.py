"""Paths reach the settings exactly as the shell handed them over."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given, settings
from hypothesis import strategies as st
from processes import run_main

from charrec.cli.arguments import LITERAL_SETTINGS, check_flags, paths_in, quote_paths
from charrec.cli.entry import settings_of
from charrec.errors import UserError
from charrec.resources import resource

# Names that a folder may have and that Hydra, OmegaConf or a shell would read as something else.
ODD = [
    "two words",
    "a=b",
    "a,b",
    "[a](b){c}",
    "~tilde",
    "it's",
    'say "so"',
    "${lr}",
    "\\${lr}",
    "\\\\${lr}",
    "back\\slash",
    "trailing\\",
    "trailing\\\\",
    "\\'",
    "naïve Ångström 文字 🅰",
    "new\nline",
    "tab\there",
    "-dash",
    "--multirun",
    "#hash",
    "*?",
    "./null",
    "Null",
    "true",
    "12",
    "1e-3",
    " spaces ",
    "$HOME",
    "%s",
    ":",
    "@",
    "???",
    "${",
    "${a:b}",
    "choice(1,2)",
]
PATHS_OF_READING = ("images", "run", "out")
PATHS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        st.sampled_from("\\${}'\"=,:[]()~ \n\tnul"),
    ),
    min_size=1,
).filter(lambda path: path != "null")


def composed(name: str, *arguments: str) -> dict[str, object]:
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        return settings_of(compose(name, overrides=quote_paths(list(arguments))))


@pytest.mark.parametrize("path", ODD)
def test_an_odd_path_comes_back_exactly(path: str) -> None:
    assert composed("test", f"run={path}")["run"] == path
    data = composed("train", f"data.root={path}")["data"]
    assert isinstance(data, dict)
    assert data["root"] == path


@settings(max_examples=40, deadline=None)
@given(PATHS)
@example("\\'${")
@example("'\\")
def test_any_path_comes_back_exactly(path: str) -> None:
    named = (
        {"images": path, "out": path} if is_list(path) else dict.fromkeys(PATHS_OF_READING, path)
    )
    found = composed("predict", *(f"++{name}={path}" for name in named))
    assert {name: found[name] for name in named} == named


def is_list(path: str) -> bool:
    return path.startswith("[") and path.endswith("]")


LISTED = PATHS.filter(lambda path: "," not in path and path == path.strip())


@settings(max_examples=40, deadline=None)
@given(st.lists(LISTED, max_size=4).filter(lambda paths: paths != [""]))
@example(["\\'${", "[a]", "it's", "back\\"])
def test_any_paths_in_a_list_come_back_exactly(paths: list[str]) -> None:
    assert composed("test", f"run=[{','.join(paths)}]")["run"] == paths


def test_a_comma_in_a_list_may_be_of_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a folder has that name; the longest one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in ("a", "b,c", "b,c,d", " e", "home/x,y", "g,1", "g,2"):
        Path(folder).mkdir(parents=True)
    assert paths_in("a,b,c") == ["a", "b,c"]
    assert paths_in("b,c,d,a,b,c") == ["b,c,d", "a", "b,c"]
    assert paths_in("a, e,z, z") == ["a", " e", "z", "z"]
    assert paths_in("~/x,y,~/x") == ["~/x,y", "~/x"]
    assert paths_in("g,*,a") == ["g,*", "a"]
    assert paths_in("") == []
    assert composed("predict", "run=[a,b,c]")["run"] == ["a", "b,c"]
    assert composed("predict", "run=b,c")["run"] == "b,c"


def test_a_folder_in_brackets_is_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert composed("test", "run=[a,b]")["run"] == ["a", "b"]
    Path("[a,b]").mkdir()
    assert composed("test", "run=[a,b]")["run"] == "[a,b]"
    Path("a").mkdir()
    assert composed("test", "run=[ab]")["run"] == ["ab"], "not the glob that finds a"


@settings(max_examples=20, deadline=None)
@given(PATHS)
@example("\\'${")
@example("a,b")
def test_any_path_survives_a_sweep(path: str) -> None:
    arguments = quote_paths([f"data.root={path}", "lr=1e-3,2e-3"])
    parsed = OverridesParser.create().parse_overrides(arguments)
    jobs = BasicSweeper.split_arguments(parsed, max_batch_size=None)[0]
    assert len(jobs) == 2
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        for job in jobs:
            assert settings_of(compose("train", overrides=list(job)))["data"]["root"] == path


def test_what_is_left_alone() -> None:
    arguments = ["lr=1e-3", "run=", "run=null", "data.root", "hydra.run.dir=a=b", "-m", "x.run=[1]"]
    assert quote_paths(arguments) == arguments


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_text_may_be_quoted_as_hydra_has_it(quote: str) -> None:
    given = (f"data.alphabet={quote}AB<{quote}", f"data.group={quote}(w\\d+){quote}")
    data = composed("train", "data=folders", *given)["data"]
    assert isinstance(data, dict)
    assert (data["alphabet"], data["group"]) == ("AB<", r"(w\d+)")


def test_an_alphabet_of_digits_is_text() -> None:
    data = composed("train", "data.alphabet=0123456789")["data"]
    assert data == {"kind": "lists", "root": None, "image_size": 32, "alphabet": "0123456789"}


@pytest.mark.parametrize("key", LITERAL_SETTINGS)
def test_a_path_that_is_not_utf8(key: str) -> None:
    path = os.fsdecode(b"caf\xe9")
    with pytest.raises(UserError) as refused:
        quote_paths([f"{key}={path}"])
    assert str(refused.value) == f"{key}='caf\\udce9': the path is not valid UTF-8; rename it"


def test_a_path_that_is_not_utf8_end_to_end(tmp_path: Path) -> None:
    done = run_main("test", "run=" + os.fsdecode(b"caf\xe9"), cwd=tmp_path)
    answer = "charrec: run='caf\\udce9': the path is not valid UTF-8; rename it\n"
    assert (done.exit_code, done.stderr) == (2, answer)


@pytest.mark.parametrize(
    "arguments", [["lr=-1"], ["-m", "lr=1,2"], ["--cfg", "job"], ["--multirun"]]
)
def test_flags_of_hydra_pass(arguments: list[str]) -> None:
    check_flags(arguments, "train")


WEIRD = 'it\'s "50%" = [a],(b) ~ ${lr} 文字 #*?\\'


def test_an_odd_path_end_to_end(letters: Path, tmp_path: Path) -> None:
    home = tmp_path / WEIRD
    (home / "new").mkdir(parents=True)
    (home / "letters").symlink_to(letters)
    (home / "new" / f"1_{WEIRD}_B.png").symlink_to(letters / "images" / "test_1_B.png")
    small = ("epochs=1", "data.alphabet=ABCD", "trainer=cpu", "hydra.run.dir=run")

    done = run_main("train", f"data.root={WEIRD}/letters", *small, cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    shutil.move(tmp_path / "run", home / "run")

    done = run_main("test", f"run={WEIRD}/run", f"out={WEIRD}/out", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert (home / "out" / "test_predictions.csv").is_file()

    for images in (f"{WEIRD}/new", f"{WEIRD}/new/1_{WEIRD}_B.png"):
        done = run_main("predict", f"images={images}", f"run={WEIRD}/run", cwd=tmp_path)
        assert (done.exit_code, done.stderr) == (0, "")
        assert f"1_{WEIRD}_B.png" in done.stdout

    shutil.copytree(home / "run", tmp_path / "a,b")
    done = run_main("test", f"run=[a,b,{WEIRD}/run]", "out=out", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    record = json.loads((tmp_path / "out" / "test.json").read_text())
    assert [run["run"] for run in record["runs"]] == ["a,b", f"{WEIRD}/run"]
    for folder in ("a,b", "out"):
        shutil.rmtree(tmp_path / folder)

    more = ("epochs=1", "data.alphabet=ABCD", f"data.root={letters}", "trainer=cpu")
    done = run_main("train", f"weights={WEIRD}/run", *more, "hydra.run.dir=second", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    done = run_main("train", f"resume={WEIRD}/run", cwd=tmp_path)
    assert done.exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([WEIRD, "second"])


def test_home_is_found(trained: Path, letters: Path, tmp_path: Path) -> None:
    home = Path("~").expanduser()
    in_home = [f"~/{os.path.relpath(path, home)}" for path in (trained, letters, tmp_path / "out")]
    run, root, out = in_home
    done = run_main("test", f"run={run}", f"data.root={root}", f"out={out}", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    images = f"images={root}/images/test_0_A.png"
    done = run_main("predict", images, f"run={run}", f"out={out}", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
