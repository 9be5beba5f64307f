"""Hydra's messages in one or two lines that name the setting and the cure."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Callable, Iterator

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig

from charrec.data.settings import kinds_with, of_another_kind
from charrec.errors import nearest
from charrec.resources import resource
from charrec.signatures import trainer_arguments

SWEEPER = "hydra/sweeper="
# Settings that take more names than the YAML lists.
OPEN_ENDED: dict[str, Callable[[], tuple[str, ...]]] = {
    "trainer.": trainer_arguments,
    "optimizer.options.": tuple,
}


CURES_OF_FILES = {
    errno.EACCES: "it needs your permission to be read or written",
    errno.EPERM: "it needs your permission to be read or written",
    errno.EROFS: "write elsewhere",
    errno.ENOENT: "it was moved or removed, or cannot be made there",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "a file is to be there: name another place",
    errno.ENOTDIR: "a folder is to be there: name another place",
    errno.ELOOP: "links lead round in a circle: name another place",
    errno.EPIPE: "who was to read it is gone",
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "allow more open files: ulimit -n 1024"),
}


def explain(error: BaseException, config_name: str) -> str:
    """The cure for an error that Hydra or OmegaConf raised; its first line where none is known."""
    if isinstance(error, OverrideParseException):
        return _bad_syntax(error.override)
    if isinstance(error, OSError) and not isinstance(error, HydraException):
        advice = CURES_OF_FILES.get(error.errno or 0, "make room or write elsewhere")
        return f"{error.filename or 'a file'}: {error.strerror or error}; {advice}"
    message = str(error).strip()
    for pattern, cure in CURES:
        if found := re.search(pattern, message, re.DOTALL):
            return cure(found, config_name)
    setting = getattr(error, "full_key", None)
    first_line = (message or type(error).__name__).splitlines()[0]
    return f"{setting} is refused: {first_line}" if setting else first_line


# Choices that another package brings along: what it is called, and charrec's extra that has it.
PACKAGES = {
    "hydra/launcher/joblib": ("hydra-joblib-launcher", "joblib"),
    "hydra/launcher/ray": ("hydra-ray-launcher", "ray"),
    "hydra/launcher/submitit_local": ("hydra-submitit-launcher", "submitit"),
    "hydra/launcher/submitit_slurm": ("hydra-submitit-launcher", "submitit"),
    "hydra/sweeper/optuna": ("optuna", "optuna"),
}


def _keys(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in node:
        yield prefix + str(key)
        value = node._get_node(str(key))
        if isinstance(value, DictConfig):
            yield from _keys(value, f"{prefix}{key!s}.")


def _with_settings() -> list[str]:
    """The choices on the command line that bring settings of their own along."""
    given = [a for a in sys.argv[1:] if a.startswith((SWEEPER, "data="))]
    return [a for a in given if (resource("conf") / f"{a.replace('=', '/', 1)}.yaml").is_file()]


def known_settings(config_name: str) -> tuple[list[str], list[str]]:
    """The dotted names of all settings of a main, and the names of its config groups."""
    GlobalHydra.instance().clear()  # of the sweep that is being refused
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        config = compose(config_name, overrides=_with_settings(), return_hydra_config=True)
    groups = [str(name) for name in config.hydra.runtime.choices if "/" not in str(name)]
    return list(_keys(config)), groups


def _unknown_setting(found: re.Match[str], config_name: str) -> str:
    name = found[1]
    for place, inside in OPEN_ENDED.items():
        if name.startswith(place):
            hint = nearest(name.removeprefix(place), inside(), f"+{place}")
            return f"{name} is not set yet: write +{name}=VALUE, with a plus{hint}"
    if name.startswith("hydra.sweeper.") and not any(a.startswith(SWEEPER) for a in sys.argv):
        return f"{name} is no setting of a grid; those of a search go with {SWEEPER}optuna"
    if told := _of_another_kind(name, config_name):
        return told
    keys, groups = known_settings(config_name)
    known = sorted({*keys, *groups} - {"hydra"})
    place = name.rpartition(".")[0]
    beside = [key for key in known if key.rpartition(".")[0] == place]
    listed = beside or [key for key in known if "." not in key]
    return f"{name} is no setting{nearest(name, known)}\nsettings: {', '.join(listed)}"


KINDS = {"train": "lists", "check": "lists", "test": None}  # None: that of the run


def _of_another_kind(name: str, config_name: str) -> str | None:
    """Of a setting that `data` has with another of its choices."""
    setting = name.removeprefix("data.")
    kinds = kinds_with(setting) if name.startswith("data.") else ""
    if not kinds or config_name not in KINDS:
        return None
    if (kind := _given("data") or KINDS[config_name]) is None:
        return f"{name} is for {kinds}: write that, too"
    return of_another_kind(setting, _given(name), kind.partition(",")[0])


def _given(name: str) -> str:
    """What the command line gives a setting; "" for nothing."""
    pairs = (argument.lstrip("+").partition("=") for argument in sys.argv[1:])
    return next((value for key, _, value in pairs if key == name), "")


def _unknown_choice(found: re.Match[str], config_name: str) -> str:
    group, choice, choices = found[1], found[2], (found[3] or "").split()
    if needed := PACKAGES.get(f"{group}/{choice}"):
        package, extra = needed
        return f"{group}={choice} needs {package}: pip install 'charrec[{extra}]'"
    refused = f"{group}={choice} is refused: no such choice{nearest(choice, choices)}"
    return f"{refused}\nchoices: {', '.join(choices)}" if choices else refused


def _no_choice(found: re.Match[str], config_name: str) -> str:
    _, groups = known_settings(config_name)
    given = [a for a in sys.argv[1:] if a.partition("=")[0].lstrip("+") in groups]
    shown = " ".join(given or sys.argv[1:])
    return f"{shown} is refused: a config group takes the name of a choice; --help lists them"


def _bad_syntax(argument: str) -> str:
    return (
        f"the argument {argument!r} cannot be understood; write SETTING=VALUE, and quote a value "
        "with spaces or brackets twice: 'name=\"a b\"'"
    )


def _needs_search(found: re.Match[str], config_name: str) -> str:
    return f"interval(...) is for a search: give {SWEEPER}optuna, or values, such as 0.01,0.1"


def _needs_sweep(found: re.Match[str], config_name: str) -> str:
    return f"{found[1]}: for a sweep over several values put -m in front; a list is written [1,2]"


Cure = Callable[[re.Match[str], str], str]
CURES: tuple[tuple[str, Cure], ...] = (
    (
        r"Could not find '(.+?)/([^/']*)'(?:.*Available options in [^\n]*\n(.*)Config search)?",
        _unknown_choice,
    ),
    (r"Could not override '([^']*)'", _unknown_setting),
    (
        r"Could not append to config. An item is already at '([^']*)'",
        lambda found, _: f"{found[1]} is there already: write {found[1]}=VALUE without the plus",
    ),
    (r"Key '([^']*)' is not in struct", _unknown_setting),
    (r"Ambiguous value for argument '(.*?)'\n", _needs_sweep),
    (r"Sweep parameters '(.*)' requires --multirun", _needs_sweep),
    (r"Config group override must be", _no_choice),
    (r"does not support sweep type : INTERVAL", _needs_search),
)
