"""Write docs/settings.md: every setting in conf/, with its comment, its default and its range.

    python -m docs.building.settings_page

The files are read as they stand, for their comments are the explanation. Ranges are those by which
charrec checks a value, in the words of its error message. A test says when the page is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from charrec import augment, settings, trainer_arguments
from charrec.data import settings as data
from charrec.resources import resource
from charrec.sweep import options, search_options

PAGE = Path(__file__).resolve().parents[1] / "settings.md"
SETTING = re.compile(
    r"^(?P<indent> *)(?P<dash>- )?(?P<name>\w+): *(?P<value>.*?)  # (?P<words>.*)$"
)
BLOCK = re.compile(r"^(?P<name>\w+):  # ")  # a setting whose value are those below it
REFERENCE = re.compile(r"\$\{(?P<group>\w+)\.\w+\}")
TITLES = {
    "data": "Letters",
    "augment": "Deformed training pictures",
    "optimizer": "Optimizers",
    "trainer": "Where to compute",
    "experiment": "Experiments",
    "hydra/sweeper": "Searches",
}
MAINS = ("test", "predict", "check", "report", "demo", "export")
PREFIXES = {"experiment": "", "hydra/sweeper": "hydra.sweeper."}  # else the group's own name
RANGES = {
    **{name: rule.words for name, rule in settings.RULES.items()},
    **{f"data.{name}": rule.words for name, rule in data.RULES.items()},
    **{f"augment.{name}": rule.words for name, rule in augment.RULES.items()},
    **{f"sweep.{name}": rule.words for name, rule in options.RULES.items()},
    **{f"hydra.sweeper.{name}": rule.words for name, rule in search_options.RULES.items()},
    "trainer.devices": trainer_arguments.DEVICES.words,
}
OPENING = """# Settings

Every setting of charrec is a line of a YAML file in [conf/](../conf/train.yaml), and this page is
made of them by `python -m docs.building.settings_page`. The [README](../README.md#the-knobs) has
the table of those to turn first.

- `hsize=64` on the command line sets one, `optimizer=adam` takes another file of a group, and
  `optimizer.lr=0.01` sets one inside a group.
- `+trainer.max_time=00:00:05:00`, with a plus, sets one that Lightning's Trainer knows and the file
  does not list; so does `+optimizer.options.eps=1e-6` for torch's optimizers.
- `--cfg job` shows the settings that a command would use, and trains nothing.
- `null` means none, and a list is written `[128,64]`. A shell wants quotes around spaces, brackets
  and stars.
- A value out of its range is refused before a folder is made, in the words of the column *may be*.
"""


@dataclass(frozen=True)
class Setting:
    name: str
    value: str
    words: str

    @property
    def default(self) -> str:
        """As it is typed, or whose it is: references mean nothing on a command line."""
        of = REFERENCE.fullmatch(self.value)
        return f"the {of['group']}'s" if of else f"`{self.value}`"


@dataclass(frozen=True)
class Choice:
    """One YAML file: what stands above its settings, and these."""

    name: str
    head: str
    settings: tuple[Setting, ...]


def read(path: Path, prefix: str = "") -> Choice:
    text = path.read_text(encoding="utf-8").removeprefix("# @package _global_\n")
    text = text.partition("\nhydra:\n")[0]
    lines = text.splitlines()
    above = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[:above])
    return Choice(path.stem, head, tuple(settings_in(lines, prefix)))


def settings_in(lines: list[str], prefix: str) -> Iterator[Setting]:
    block = ""
    for line in lines:
        found = SETTING.match(line)
        if found is None or line.lstrip(" -").startswith("override"):
            continue
        if not found["indent"] or found["dash"]:
            block = f"{found['name']}." if BLOCK.match(line) else ""
        if found["value"]:
            name = prefix + ("" if found["dash"] else block) + found["name"]
            yield Setting(name, found["value"], found["words"])


def choices_of(group: str) -> list[Choice]:
    prefix = PREFIXES.get(group, f"{group}.")
    return [read(path, prefix) for path in sorted(resource(f"conf/{group}").glob("*.yaml"))]


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def table_of(choice: Choice) -> str:
    rows = [
        [f"`{each.name}`", each.default, RANGES.get(each.name, ""), each.words]
        for each in choice.settings
    ]
    return table(["setting", "default", "may be", "what it is"], rows)


def side_by_side(choices: list[Choice]) -> str:
    """One table of choices that have the same settings."""
    rows = [
        [
            f"`{each[0].name}`",
            *(s.default for s in each),
            RANGES.get(each[0].name, ""),
            each[0].words,
        ]
        for each in zip(*(choice.settings for choice in choices), strict=True)
    ]
    heads = ["setting", *(choice.name for choice in choices), "may be", "what it is"]
    return table(heads, rows)


def alike(choices: list[Choice]) -> bool:
    """Whether the same words explain the settings of all of them."""
    explained = [[(s.name, s.words) for s in choice.settings] for choice in choices]
    return len(choices) > 1 and all(each == explained[0] for each in explained)


def section(group: str) -> str:
    choices = choices_of(group)
    together = alike(choices)
    parts = [f"## {TITLES[group]}: `{group}`"]
    for choice in choices:
        parts += [f"### `{group}={choice.name}`", f"```text\n{choice.head}\n```"]
        parts += [] if together else [table_of(choice)]
    return "\n\n".join([*parts, side_by_side(choices)] if together else parts)


def main_section(name: str) -> str:
    choice = read(resource("conf") / f"{name}.yaml")
    heading = f"## `python -m charrec.{name}`"
    return f"{heading}\n\n```text\n{choice.head}\n```\n\n{table_of(choice)}"


def page() -> str:
    parts = [main_section("train"), *map(section, TITLES), *map(main_section, MAINS)]
    return "\n\n".join([OPENING.rstrip(), *parts]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
