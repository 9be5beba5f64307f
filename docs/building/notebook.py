"""notebook.ipynb as a page of the site: its texts, programs and what they answered."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebook.ipynb"
PAGE = "notebook.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by MkDocs with what it found in docs/."""
    text, pictures = page_of(json.loads(NOTEBOOK.read_text(encoding="utf-8")))
    files.append(File.generated(config, PAGE, content=text))
    for name, picture in pictures.items():
        files.append(File.generated(config, name, content=picture))
    return files


def page_of(notebook: dict[str, Any]) -> tuple[str, dict[str, bytes]]:
    """Its Markdown, and the pictures in it by name."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            parts.append(shown(output, pictures))
    return "\n\n".join(parts) + "\n", pictures


def shown(output: dict[str, Any], pictures: dict[str, bytes]) -> str:
    data = output.get("data", {"text/plain": output.get("text", "")})
    if "image/png" in data:
        name = f"images/notebook_{len(pictures) + 1}.png"
        pictures[name] = base64.b64decode("".join(data["image/png"]))
        return f"![What the program above draws]({name})"
    return f"```text\n{''.join(data['text/plain']).rstrip()}\n```"
