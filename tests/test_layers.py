"""Imports point one way, and what is said before torch is loaded needs no torch."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import charrec

PACKAGE = Path(charrec.__file__).parent

# Each line may import from the lines below it, and from its own where it is a folder.
LAYERS = (
    ("train", "test", "predict", "check", "compare", "report", "demo", "export"),
    ("sweep",),
    ("training",),
    ("learning", "reporting", "exporting", "advice"),
    ("board",),
    ("interruption", "conclusion", "going_on", "commands"),
    ("bar",),
    ("cli", "evaluation", "recording", "saving", "trying"),
    ("streaming", "predictions", "page", "exports"),
    ("standalone",),
    ("ensembles", "execution"),
    ("assessment", "reading", "mistakes"),
    ("trainer", "answers", "figures"),
    ("runs", "new_folders"),
    ("run",),
    ("inspection", "saliency", "weights"),
    ("classifier",),
    ("blocks", "processes", "strangers"),
    ("inputs", "views"),
    ("settings",),
    (
        "data",
        "divergence",
        "checkpoints",
        "backpropagation",
        "deformations",
        "schedules",
        "updates",
        "metrics",
        "optimizers",
        "trainer_arguments",
    ),
    ("gathering", "closing", "provenance"),
    ("augment", "scores"),
    ("rules", "mlp", "normalisation", "resources", "statistics", "parameters", "calibration"),
    ("paths", "resampling", "locks"),
    ("saying", "screens"),
    ("tanh", "errors", "files", "ordinary", "signals", "signatures"),
    ("terminal", "durations", "spelling"),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The layers of charrec that a module imports, inside its functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = str(node.module)
            names |= {f"{module}.{a.name}" for a in node.names} if module == "charrec" else {module}
    return {name.split(".")[1] for name in names if name.startswith("charrec.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    here = layer(path)
    assert here in RANK, f"{here} has no place among the layers"
    for there in imported(path) - {here}:
        assert RANK[there] > RANK[here], f"{here} imports {there}"


def test_the_list_of_layers_names_nothing_that_is_gone() -> None:
    assert set(RANK) <= {layer(path) for path in MODULES}


def test_the_package_itself_exports_nothing() -> None:
    (docstring,) = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
