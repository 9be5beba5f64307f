"""``report.html``: a run on one page, as HTML."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from string import Template

from charrec.page.content import Content
from charrec.page.document import policy, shared
from charrec.page.sections.calibration import calibration
from charrec.page.sections.confusion import confusion
from charrec.page.sections.curves import curves
from charrec.page.sections.letters import letters
from charrec.page.sections.mistakes import mistakes
from charrec.page.sections.repeat import repeat
from charrec.page.sections.result import result
from charrec.page.sections.settings import settings
from charrec.page.sections.weights import weights

# Name of the section -> what a link to it is called, and what writes it.
SECTIONS: dict[str, tuple[str, Callable[[Content], str]]] = {
    "settings": ("Settings", settings),
    "repeat": ("Repeat it", repeat),
    "curves": ("Curves", curves),
    "confusion": ("Confusions", confusion),
    "letters": ("Letters", letters),
    "mistakes": ("Mistakes", mistakes),
    "calibration": ("Calibration", calibration),
    "weights": ("First layer", weights),
}


def run_page(content: Content) -> str:
    written = {name: write(content) for name, (_, write) in SECTIONS.items()}
    style = shared("base.css") + shared("run.css")
    script = shared("sort.js") + shared("run.js")
    page = Template(shared("run.html")).substitute(
        policy=policy([script], styles=[style]),
        title=escape(content.name),
        about=escape(_about(content)),
        notes="\n".join(f'<p class="note">{escape(note)}</p>' for note in content.notes),
        result=result(content),
        links="".join(
            f'<a href="#{name}">{SECTIONS[name][0]}</a>' for name, html in written.items() if html
        ),
        sections="\n".join(filter(None, written.values())),
        style=style,
        script=script,
    )
    # A file's name that is no text holds halves of characters.
    return page.encode("utf-8", "backslashreplace").decode()


def _about(content: Content) -> str:
    """``completed, 2026-11-23 17:56 to 18:02 UTC``."""
    summary = content.summary
    started, ended = (str(summary.get(key) or "")[:16] for key in ("started", "ended"))
    until = ended[11:] if ended[:10] == started[:10] else ended.replace("T", " ")
    when = f", {started.replace('T', ' ')} to {until} UTC" if until else ""
    error = f": {summary['error']}" if summary.get("error") else ""
    return f"{content.status}{when}{error}"
