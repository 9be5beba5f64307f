"""The page on which a letter is drawn, as Gradio builds it.

Gradio's own drawing board sends a drawing when the pen is lifted, needs WebGL, and sends pictures
on as it has painted them; its own uploads are files on the server. So the sheet is a part of our
own (`gr.HTML` with a script), which asks while one draws, and hands pictures over byte by byte.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before it is imported: Gradio would tell its makers of each start.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}

import gradio as gr
from fastapi import FastAPI

from charrec.errors import UserError
from charrec.trying.answer import NOTHING, refused, told
from charrec.trying.sent import Sent
from charrec.trying.trial import Trial

HERE = Path(__file__).parent
FONTS = ("system-ui", "sans-serif")  # of the reader's machine: none is fetched


def page_of(trial: Trial) -> gr.Blocks:
    """In a notebook, ``page_of(open_trial(RUN_DIR)).launch(**style())``."""
    page = gr.Blocks(title="charrec", analytics_enabled=False)
    with page:
        gr.HTML(
            html_template=_part("sheet.html"),
            js_on_load=_part("sheet.js"),
            apply_default_css=False,
            server_functions=[answering(trial)],
        )
    return page


def style() -> dict[str, Any]:
    """What Gradio wants to be told of a page's looks when it is served."""
    theme = gr.themes.Base(font=FONTS, font_mono=("monospace",))
    return {"theme": theme, "css": _part("page.css")}


def mount(trial: Trial, server: FastAPI) -> FastAPI:
    """The page at the top of a server, with nothing beside it that Gradio would add."""
    mounted: FastAPI = gr.mount_gradio_app(
        server,
        page_of(trial),
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        **style(),
    )
    return mounted


def _part(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def answering(trial: Trial) -> Callable[[Any], str]:
    """What the page's script calls `server.look`: from what it sends to HTML."""

    def look(question: Any) -> str:
        try:
            sent = _sent(question)
            return NOTHING if sent is None else told(trial.look(sent))
        except (UserError, OSError) as error:
            return refused(str(error))

    return look


def _sent(question: Any) -> Sent | None:
    """None for a sheet that is empty; anybody can send anything."""
    if question is None:
        return None
    try:
        data = base64.b64decode(question["data"], validate=True)
        if question.get("drawn"):
            return Sent(data, drawn=True)
        return Sent(data, str(question["name"]))
    except (TypeError, KeyError, AttributeError, ValueError, binascii.Error) as error:
        raise UserError("What was sent is neither a drawing nor a picture.") from error
