"""Serving the page until somebody ends it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection
from tempfile import TemporaryDirectory

import uvicorn
from fastapi import FastAPI

from charrec.data.pictures import pillow_quiet
from charrec.trainer import ended_by_signals
from charrec.trying.gate import Gate
from charrec.trying.trial import Trial

SECONDS_TO_END = 2  # for answers under way
CONNECTIONS = 256  # at once; a browser takes about six


def serve(
    trial: Trial,
    sock: socket.socket,
    ready: Callable[[], None],
    hosts: Collection[str] | None = None,
) -> None:
    """At a socket that listens, until Ctrl-C or SIGTERM, which leave as `Interrupted`.

    Args:
        ready: is called when the page can be opened.
        hosts: what the page may be called, without a port; None for anything.
    """
    with ended_by_signals(), TemporaryDirectory(prefix="charrec-") as folder, pillow_quiet():
        os.environ["GRADIO_TEMP_DIR"] = folder  # before Gradio is imported, which makes one
        server = Server(program(trial, hosts), ready)
        with sock:
            server.run(sockets=[sock])


def program(trial: Trial, hosts: Collection[str] | None = None) -> Gate:
    """The page as an ASGI program."""
    from charrec.trying.page import mount  # it imports Gradio

    inside = mount(trial, FastAPI(docs_url=None, redoc_url=None, openapi_url=None))
    return Gate(inside, hosts)


class Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, inside: Gate, ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            inside,
            log_level="critical",
            access_log=False,
            lifespan="on",
            ws="none",
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=SECONDS_TO_END,
        )
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
