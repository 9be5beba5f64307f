"""Hydra's messages in one or two lines that name the setting and the cure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from charrec.errors import nearest
from charrec.resources import resource
from charrec.settings import trainer_arguments

# Settings that take more names than the YAML lists.
OPEN_ENDED: dict[str, Callable[[], list[str]]] = {
    "trainer.": lambda: [f"trainer.{name}" for name in trainer_arguments()],
    "optimizer.options.": list,
}


def explain(error: BaseException, config_name: str) -> str:
    """The cure for an error that Hydra or OmegaConf raised; its first line where none is known."""
    message = str(error)
    for pattern, cure in CURES:
        if found := re.search(pattern, message, re.DOTALL):
            return cure(found, config_name)
    return message.strip().splitlines()[0] if message.strip() else type(error).__name__


def _keys(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in node:
        yield prefix + str(key)
        value = node._get_node(str(key))
        if isinstance(value, DictConfig):
            yield from _keys(value, f"{prefix}{key!s}.")


def known_settings(config_name: str) -> tuple[list[str], list[str]]:
    """The dotted names of all settings of a main, and the names of its config groups."""
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        config = compose(config_name, return_hydra_config=True)
    groups = [str(name) for name in config.hydra.runtime.choices if "/" not in str(name)]
    return [key for key in _keys(config) if not key.startswith("hydra")], groups


def _unknown_setting(found: re.Match[str], config_name: str) -> str:
    name = found[1]
    for open_ended, inside in OPEN_ENDED.items():
        if name.startswith(open_ended):
            return f"{name} needs a plus in front: +{name}=VALUE{nearest(name, inside())}"
    keys, groups = known_settings(config_name)
    top = sorted({key for key in keys if "." not in key} | set(groups))
    return f"{name} is no setting{nearest(name, [*keys, *groups])}\nsettings: {', '.join(top)}"


def _unknown_choice(found: re.Match[str], config_name: str) -> str:
    group, choice = found[1], found[2]
    choices = sorted(path.stem for path in (resource("conf") / group).glob("*.yaml"))
    hint = nearest(choice, choices)
    return f"{group}={choice} is refused: no such choice{hint}\nchoices: {', '.join(choices)}"


def _bad_syntax(found: re.Match[str], config_name: str) -> str:
    return (
        f"the argument {found[1]!r} cannot be understood; write SETTING=VALUE, and quote a value "
        "with spaces or brackets twice: 'name=\"a b\"'"
    )


Cure = Callable[[re.Match[str], str], str]
CURES: tuple[tuple[str, Cure], ...] = (
    (r"Could not find '(\w+)/([^']*)'", _unknown_choice),
    (r"Could not override '([^']*)'", _unknown_setting),
    (
        r"Could not append to config. An item is already at '([^']*)'",
        lambda found, _: f"{found[1]} is there already: write {found[1]}=VALUE without the plus",
    ),
    (r"Key '([^']*)' is not in struct", _unknown_setting),
    (r"Error parsing override '(.*?)'\n", _bad_syntax),
    (r"(?:viable alternative|mismatched input|token recognition|extraneous).* '(.*)'", _bad_syntax),
    (r"Config group override must be", lambda *_: "a config group needs a choice, not null"),
)
