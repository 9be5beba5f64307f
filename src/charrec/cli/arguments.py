"""The command line, made safe for Hydra's grammar."""

from __future__ import annotations

import re

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig, OmegaConf

from charrec.errors import UserError

PATH_SETTINGS = ("data.root", "images", "out", "resume", "run", "sweep.resume", "weights")
FOREIGN, CONFIGS = ("experimental_rerun",), ("config_dir", "config_path", "config_name")
NO_CODE = "it reads files that can name code to call; give settings on the command line"
# 0123 is four characters, no number; brackets and backslashes are the expression's own
LITERAL_SETTINGS = (*PATH_SETTINGS, "data.alphabet", "data.group")


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
    quotes, ``${``. ``run=null`` and an empty value keep their meaning.
    """
    return [_quote_path(argument) for argument in arguments]


def _quote_path(argument: str) -> str:
    key, equals, value = argument.partition("=")
    if key.lstrip("+") not in LITERAL_SETTINGS or value in ("", "null"):
        return argument
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UserError(f"{key}={value!r}: the path is not valid UTF-8; rename it") from None
    return f"{key}{equals}{quoted(value)}"


def quoted(path: str) -> str:
    """A path as Hydra's grammar reads it without looking inside."""
    return QuotedString(escaped(path), Quote.single).with_quotes()


def escaped(path: str) -> str:
    """Keep OmegaConf from reading ``${`` as the start of a reference to another setting."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", path)
