"""The command line, made safe for Hydra's grammar."""

from __future__ import annotations

import glob
import os
import re

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig, OmegaConf

from charrec.errors import UserError

PATH_SETTINGS = ("data.root", "images", "out", "resume", "run", "sweep.resume", "weights")
LISTS = ("run",)  # of these: run=[A,B]
FOREIGN, CONFIGS = ("experimental_rerun",), ("config_dir", "config_path", "config_name")
NO_CODE = "it reads files that can name code to call; give settings on the command line"
# 0123 is four characters, no number; brackets and backslashes are the expression's own
TEXTS = ("data.alphabet", "data.group")
LITERAL_SETTINGS = (*PATH_SETTINGS, *TEXTS)
QUOTED = re.compile(r"""(['"]).+\1""")


def check_flags(arguments: list[str], main: str) -> None:
    """Refuse the likes of ``--hsize 64``, which Hydra answers with its usage, and foreign configs.

    A config may name code for Hydra to call. Who trains may bring configs along; test and predict
    are for what others have trained, and take settings alone.
    """
    flags, unknown = get_args_parser().parse_known_args(arguments)
    for name in FOREIGN if main == "train" else (*FOREIGN, *CONFIGS):
        if getattr(flags, name, None) is not None:
            raise UserError(f"--{name.replace('_', '-')} is not for charrec.{main}: {NO_CODE}")
    if main != "train" and any(o.lstrip("+").startswith("hydra.searchpath") for o in arguments):
        raise UserError(f"hydra.searchpath is not for charrec.{main}: {NO_CODE}")
    if not unknown:
        return
    if unknown[0].startswith("-"):
        name = unknown[0].lstrip("-").partition("=")[0]
        cure = f"settings have no dashes, {name}=VALUE; --help lists them"
        raise UserError(f"{unknown[0]} is no flag: {cure}")
    raise UserError(f"{unknown[0]} stands behind a flag: write the flags first, then the settings")


def overrides(config: DictConfig, of: str) -> list[str]:
    """The settings on the command line as they were given, `of` "task" or "hydra".

    Looked at one by one, OmegaConf would take a ``${`` in them for a reference.
    """
    given = OmegaConf.to_container(config.hydra.overrides)
    assert isinstance(given, dict)
    return [str(override) for override in given[of]]


def quote_paths(arguments: list[str]) -> list[str]:
    """Quote the values of settings that are paths.

    A path may hold what Hydra's grammar reads as syntax: spaces, ``=``, ``,``, brackets,
    quotes, ``${``. ``run=null``, an empty value and ``run=[A,B]`` keep their meaning.
    """
    return [_quote_path(argument) for argument in arguments]


def _quote_path(argument: str) -> str:
    key, equals, value = argument.partition("=")
    if key.lstrip("+") not in LITERAL_SETTINGS or value in ("", "null"):
        return argument
    if key.lstrip("+") in TEXTS and QUOTED.fullmatch(value):
        return argument  # as Hydra has it: neither could begin and end so by itself
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UserError(f"{key}={value!r}: the path is not valid UTF-8; rename it") from None
    if key.lstrip("+") in LISTS and _is_list(value):
        return f"{key}{equals}[{','.join(map(quoted, paths_in(value[1:-1])))}]"
    return f"{key}{equals}{quoted(value)}"


def _is_list(value: str) -> bool:
    folder = os.path.exists(os.path.expanduser(value))  # of that very name
    return value.startswith("[") and value.endswith("]") and not folder


def paths_in(listed: str) -> list[str]:
    """The paths in ``A,B,C``; where a comma is part of a name, the longest that exists is meant."""
    pieces, paths = listed.split(",") if listed else [], []
    while pieces:
        lengths = range(len(pieces), 0, -1)
        count = next((n for n in lengths if _exists(",".join(pieces[:n]))), 1)
        path = ",".join(pieces[:count])
        paths.append(path if _exists(path) else path.strip())
        del pieces[:count]
    return paths


def _exists(path: str) -> bool:
    place = os.path.expanduser(path)
    return os.path.exists(place) or bool(glob.has_magic(place) and glob.glob(place))


def quoted(path: str) -> str:
    """A path as Hydra's grammar reads it without looking inside."""
    return QuotedString(escaped(path), Quote.single).with_quotes()


def escaped(path: str) -> str:
    """Keep OmegaConf from reading ``${`` as the start of a reference to another setting."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", path)
