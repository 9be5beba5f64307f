"""What the pages of docs/ say, and a folder in which their commands mean something."""

from __future__ import annotations

import ast
import itertools
import re
import shutil
from pathlib import Path

from conftest import draw_letter, make_letters
from processes import run_main

import charrec

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
HOME = "/home/me"  # what the pages call the folder
PACKAGE = Path(charrec.__file__).parent


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The fenced texts of a language; "" is none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == language]


def answered(page: str) -> dict[str, str]:
    """Command -> the answer that the page says it gives."""
    found = {}
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            found[command] = answer
    return found


def make_place(folder: Path) -> Path:
    """The folders that troubleshooting.md names, good and bad."""
    make_letters(folder / "my_letters")
    shutil.copytree(folder / "my_letters", folder / "broken")
    (folder / "broken" / "images" / "train_0_A.png").write_text("no picture")
    for tree, letters, count in (
        ("my_tree", "ABC", 10),
        ("my_digits", "07", 5),
        ("my_few", "AB", 1),
    ):
        for letter, seed in itertools.product(letters, range(count)):
            (folder / tree / letter).mkdir(parents=True, exist_ok=True)
            draw_letter(letter, seed).save(folder / tree / letter / f"{seed}.png")
    own = ("data.root=my_letters", "data.alphabet=ABCD", "hsize=8", "epochs=2")
    done = run_main("train", *own, "hydra.run.dir=RUN_DIR", cwd=folder)
    assert done.exit_code == 0, done.stderr
    shutil.copytree(folder / "RUN_DIR", folder / "DAMAGED_DIR")
    best = folder / "DAMAGED_DIR" / "checkpoints" / "best.ckpt"
    best.write_bytes(best.read_bytes()[:-100])
    return folder


def texts_of_the_program() -> list[str]:
    """What stands in quotes in charrec, the longest first; of an f-string what is not filled in."""
    found = {"charrec: ", "charrec: warning: "}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {line for line in node.value.split("\n") if len(line) > 4}
    return sorted(found, key=len, reverse=True)
