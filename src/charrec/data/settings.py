"""Typed, checked settings of the letters: which ones, where they are, what becomes of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from charrec.data.places import emnist_folder
from charrec.errors import UserError
from charrec.paths import full_path, shown_path
from charrec.resources import embedded_letters
from charrec.rules import Rule, is_alphabet, number, one_of, or_null, whole

OF_KIND = {  # what a kind of letters has beside root, image_size and alphabet
    "lists": (),
    "folders": ("validation_share", "test_share", "split_seed", "group"),
    "emnist": ("split", "download", "validation_share", "split_seed"),
}
DRAWN = ("validation_share", "test_share", "split_seed", "group", "split")  # who goes where
OWN_SPLITS = [("lists", name) for name in OF_KIND["folders"]]
COMMON = ("root", "image_size", "alphabet")
EMNIST_SPLITS = ("letters", "balanced", "byclass", "bymerge", "digits", "mnist")
DEFAULT_FOLDERS: dict[str, Callable[[], Path]] = {
    "lists": embedded_letters,
    "emnist": emnist_folder,
}


def is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value).groups == 1
    except (re.error, OverflowError, RecursionError):
        return False


def kinds_with(name: str) -> str:
    """``"data=folders or data=emnist"``; "" for what no kind has for itself."""
    return " or ".join(f"data={kind}" for kind in OF_KIND if name in OF_KIND[kind])


def of_another_kind(name: str, value: Any, kind: str) -> str:
    """What to say where a setting of some kinds is given with another."""
    why = "lists bring their own splits; " if (kind, name) in OWN_SPLITS else ""
    return (
        f"data.{name}={value} cannot go with data={kind}: {why}it is for {kinds_with(name)}; "
        "leave one of them out"
    )


PATH = or_null(Rule(lambda value: isinstance(value, (str, Path)), "the path of a folder"))
RULES = {
    "root": PATH,
    "alphabet": Rule(is_alphabet, "two or more different characters, such as ABCDEF"),
    "image_size": whole(4, 512),
    "kind": one_of(tuple(OF_KIND)),
    "split": one_of(EMNIST_SPLITS),
    "download": Rule(lambda value: isinstance(value, bool), "true or false"),
    "validation_share": number(lambda v: 0 < v < 1, "above 0 and below 1, such as 0.15"),
    "test_share": number(lambda v: 0 < v <= 1, "above 0 and below 1, such as 0.15, or 1 for all"),
    "split_seed": whole(0, 2**32 - 1),
    "group": or_null(
        Rule(is_pattern, r"a regular expression with one group in brackets, such as (writer\d+)")
    ),
}


@dataclass(frozen=True)
class DataSettings:
    """Which letters a run reads; ``conf/data/`` says what each setting is for.

    Raises:
        UserError: a value out of its range, or one that this kind of letters does not have.
    """

    root: str | Path | None = None  # None: the embedded letters; of EMNIST, the user's cache
    image_size: int = 32
    alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    kind: str = field(default="lists", kw_only=True)
    split: str = field(default="letters", kw_only=True)
    download: bool = field(default=False, kw_only=True, compare=False)
    validation_share: float = field(default=0.15, kw_only=True)
    test_share: float = field(default=0.15, kw_only=True)
    split_seed: int = field(default=0, kw_only=True)
    group: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name, rule in RULES.items():
            rule.check(f"data.{name}", getattr(self, name))
        self._refuse_what_the_kind_has_not()
        if self.root is None and self.kind not in DEFAULT_FOLDERS:
            raise UserError(f"data={self.kind} needs a folder: write data.root=FOLDER")
        if "test_share" in OF_KIND[self.kind] and self.test_share < 1:
            self._refuse_all_shared_out()
        object.__setattr__(self, "root", text_of(self.root))

    def _refuse_what_the_kind_has_not(self) -> None:
        for setting in fields(self):
            name, value = setting.name, getattr(self, setting.name)
            its_own = name in (*COMMON, "kind", *OF_KIND[self.kind])
            if not its_own and value != setting.default:
                raise UserError(of_another_kind(name, value, self.kind))

    def _refuse_all_shared_out(self) -> None:
        if self.validation_share + self.test_share >= 1:
            raise UserError(
                f"data.validation_share={self.validation_share:g} and "
                f"data.test_share={self.test_share:g} leave nothing to train on; make them smaller"
            )

    def need_training(self) -> None:
        """Raise UserError where all letters are for testing."""
        if self.test_share == 1:
            raise UserError(
                "data.test_share=1 leaves nothing to train on: it is for charrec.test; "
                "make it smaller"
            )

    @property
    def folder(self) -> Path:
        """Where the letters are, or are to be downloaded to."""
        return Path(self.root) if self.root is not None else DEFAULT_FOLDERS[self.kind]()

    def record(self) -> dict[str, Any]:
        """What ``summary.json`` keeps: of lists the same as ever, of others the kind and its own.

        A download is asked for by a command, not by a run.
        """
        own = tuple(name for name in OF_KIND[self.kind] if name != "download")
        names = COMMON if self.kind == "lists" else ("kind", *COMMON, *own)
        return {name: getattr(self, name) for name in names}

    def command(self, main: str, *more: str) -> str:
        """A command line for the same letters: ``python -m charrec.MAIN data.root=FOLDER``."""
        return " ".join(["python", "-m", f"charrec.{main}", self.arguments(), *more])

    def arguments(self) -> str:
        """As they are typed for the same letters: ``data.root=FOLDER``."""
        default = {setting.name: setting.default for setting in fields(self)} | {"split": None}
        names = ("alphabet", *OF_KIND[self.kind])
        own = {name: getattr(self, name) for name in names if name != "download"}
        given = {name: value for name, value in own.items() if value != default[name]}
        if self.root is not None or self.kind == "lists":
            given = {"root": shown_path(self.folder), **given}
        kind = [] if self.kind == "lists" else [f"data={self.kind}"]
        settings = [f"data.{name}={shlex.quote(str(value))}" for name, value in given.items()]
        return " ".join([*kind, *settings])


DATA_NAMES = tuple(setting.name for setting in fields(DataSettings))


def text_of(path: str | Path | None) -> str | None:
    return None if path is None else str(full_path(path))
