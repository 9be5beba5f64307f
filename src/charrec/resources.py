"""Where the settings and the embedded letters are: in the tree, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
INSTALLED = (PACKAGE / "resources").is_dir()


def resource(name: str) -> Path:
    """The folder of `name`: ``"conf"`` or ``"data/character_classification"``.

    A wheel carries both beside this file; in a source tree (an editable install) they stand
    at the top, two folders above the package.
    """
    return (PACKAGE / "resources" if INSTALLED else PACKAGE.parents[1]) / name


def embedded_letters() -> Path:
    return resource("data/character_classification")
