"""Paths on the command line, made safe for Hydra's grammar."""

from __future__ import annotations

import re

from hydra.core.override_parser.types import Quote, QuotedString

from charrec.errors import UserError

PATH_SETTINGS = ("data.root", "images", "out", "resume", "run", "weights")


def quote_paths(arguments: list[str]) -> list[str]:
    """Quote the values of settings that are paths.

    A path may hold what Hydra's grammar reads as syntax: spaces, ``=``, ``,``, brackets,
    quotes, ``${``. ``run=null`` and an empty value keep their meaning.
    """
    return [_quote_path(argument) for argument in arguments]


def _quote_path(argument: str) -> str:
    key, equals, value = argument.partition("=")
    if key.lstrip("+") not in PATH_SETTINGS or value in ("", "null"):
        return argument
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UserError(f"{key}={value!r}: the path is not valid UTF-8; rename it") from None
    return f"{key}{equals}{QuotedString(_escape(value), Quote.single).with_quotes()}"


def _escape(path: str) -> str:
    """Keep OmegaConf from reading ``${`` as the start of a reference to another setting."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", path)
