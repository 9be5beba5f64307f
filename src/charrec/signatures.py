"""The arguments of classes of torch and Lightning, read from their source.

Importing either takes seconds, and a wrong setting is to be told at once.
"""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path


def _arguments(package: str, module: str, name: str) -> tuple[str, ...]:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    source = Path(found.origin).parent / module
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and node.name.lower() == name:
            init = next(n for n in node.body if getattr(n, "name", "") == "__init__")
            assert isinstance(init, ast.FunctionDef)
            return tuple(a.arg for a in (*init.args.args[1:], *init.args.kwonlyargs))
    raise AssertionError(f"no {name} in {source}")


@cache
def trainer_arguments() -> tuple[str, ...]:
    """The arguments of ``pl.Trainer``."""
    return _arguments("pytorch_lightning", "trainer/trainer.py", "trainer")


@cache
def optimizer_arguments(name: str) -> tuple[str, ...]:
    """The arguments of a class of ``torch.optim`` that are no settings of charrec's."""
    known = _arguments("torch", f"optim/{name}.py", name)
    return tuple(a for a in known if a not in ("params", "lr", "momentum", "weight_decay"))
