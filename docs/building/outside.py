"""The README as a page of the site, and everything outside docs/ that a page links to.

On GitHub such links lead into the tree. In the site they lead to copies of it under ``project/``:
Markdown and program texts as pages, a folder as a list of its files, the rest as files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
README, DOCS = "README.md", "docs"
AS_FILES = {".png", ".json", ".jpg"}
LANGUAGES = {".py": "python", ".yaml": "yaml", ".toml": "toml"}
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)(?=[)#])")
UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Called by MkDocs first: 404.html is for servers, and finds its styles with one alone."""
    config.theme.static_templates.discard("404.html")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by MkDocs with what it found in docs/."""
    for source in sorted(sources()):
        made = File.generated(config, place_of(source), **content_of(source))
        files.append(made)
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    source = source_of(page.file.src_uri)
    return with_places(markdown, source) if source.endswith(".md") else markdown


def sources() -> set[str]:
    """The README, and what it, the pages, and the Markdown they lead to link to, from the top."""
    known = {README}
    waiting = [README, *(path.relative_to(ROOT).as_posix() for path in (ROOT / DOCS).glob("*.md"))]
    while waiting:
        found = {target for target in links_of(waiting.pop()) if not target.startswith(f"{DOCS}/")}
        waiting += (target for target in found - known if target.endswith(".md"))
        known |= found
        for folder in [target for target in found if (ROOT / target).is_dir()]:
            known |= set(files_in(folder))
    return known


def links_of(source: str) -> Iterator[str]:
    for link in LINK.findall((ROOT / source).read_text(encoding="utf-8")):
        target = target_of(link, source)
        if (ROOT / target).exists():  # what is not there is for MkDocs to say
            yield target


def target_of(link: str, source: str) -> str:
    """From the top of the project, what a link in `source` leads to."""
    return os.path.normpath(PurePosixPath(source).parent / link)


def files_in(folder: str) -> list[str]:
    return sorted(
        path.relative_to(ROOT).as_posix() for path in (ROOT / folder).iterdir() if path.is_file()
    )


def place_of(source: str) -> str:
    """Where MkDocs is to find it: ``readme.md``, ``recipe.md``, ``project/conf/train.yaml.md``."""
    if source == README:
        return "readme.md"
    if source.startswith(f"{DOCS}/"):
        return source.removeprefix(f"{DOCS}/")
    if (ROOT / source).is_dir():
        return f"project/{source}/files.md"
    as_it_is = PurePosixPath(source).suffix in {".md", *AS_FILES}
    return f"project/{source}" + ("" if as_it_is else ".md")


def source_of(place: str) -> str:
    """The way back from `place_of`."""
    if place == "readme.md":
        return README
    if not place.startswith("project/"):
        return f"{DOCS}/{place}"
    inside = place.removeprefix("project/").removesuffix("/files.md")
    return inside if (ROOT / inside).exists() else inside.removesuffix(".md")


def content_of(source: str) -> dict[str, Any]:
    path = ROOT / source
    if path.is_dir():
        lines = [f"- [{name}]({from_page(source, name)})" for name in files_in(source)]
        return {"content": "\n".join([f"{UNSEARCHED}# {source}/\n", *lines])}
    if path.suffix in AS_FILES:
        return {"abs_src_path": str(path)}
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return {"content": ("" if source == README else UNSEARCHED) + text}
    return {
        "content": f"{UNSEARCHED}# {source}\n\n````{LANGUAGES.get(path.suffix, '')}\n{text}\n````\n"
    }


def with_places(markdown: str, source: str) -> str:
    """The same text with every link as it leads to in the site."""

    def moved(found: re.Match[str]) -> str:
        target = target_of(found[1], source)
        return from_page(source, target) if (ROOT / target).exists() else found[1]

    return LINK.sub(moved, markdown)


def from_page(source: str, target: str) -> str:
    """The link from one page of the site to another."""
    return os.path.relpath(place_of(target), PurePosixPath(place_of(source)).parent)
