"""What the server hears at all: the page, its parts, and questions of a bearable size.

Gradio serves more than the page needs: uploads, files, a proxy, runs of other programs. What is
not asked by our page is not there. And the browser is told to fetch nothing from anywhere else.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from typing import Any

from charrec.trying.sent import LARGEST

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Program = Callable[[Message, Receive, Send], Awaitable[None]]  # as ASGI has it

QUESTION = "/gradio_api/component_server"
PAGES = ("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json")
PARTS = ("/assets/", "/static/", "/gradio_api/heartbeat/")
LARGEST_BODY = LARGEST * 4 // 3 + 2**16  # as base64, with a name
MOST_AT_ONCE = 8  # questions that wait for their answer
PORT = re.compile(r":[0-9]*\Z")
REFUSED = b"this page is for localhost and 127.0.0.1; host=0.0.0.0 lets other names in"
OWN_ALONE = (
    b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "  # Gradio makes functions
    b"frame-ancestors 'self'; form-action 'self'; base-uri 'self'"
)


class TooLarge(Exception):
    pass


class Gate:
    """In front of an ASGI program."""

    def __init__(self, inside: Program, hosts: Collection[str] | None = None) -> None:
        """`hosts`: those that questions may be addressed to; None for any."""
        self.inside, self.hosts, self.waiting = inside, hosts, 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.inside(scope, receive, send)
        elif scope["type"] == "http" and not self._is_addressed(scope["headers"]):
            await _refuse(send, 403, REFUSED)
        elif scope["type"] == "http" and is_asked_by_the_page(scope["method"], scope["path"]):
            await self._let_in(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse(send, 404, b"not found")

    def _is_addressed(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        if self.hosts is None:
            return True
        named = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
        return len(named) == 1 and PORT.sub("", named[0]) in self.hosts

    async def _let_in(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await self.inside(scope, receive, _own_alone(send))
            return
        if self.waiting >= MOST_AT_ONCE:
            await _refuse(send, 503, b"busy")
            return
        self.waiting += 1
        try:
            body = await _body(receive)
            await self.inside(scope, _once(body, receive), send)
        except TooLarge:
            await _refuse(send, 413, b"too large")
        except (ConnectionError, asyncio.TimeoutError):
            await _refuse(send, 408, b"too slow")
        finally:
            self.waiting -= 1


def is_asked_by_the_page(method: str, path: str) -> bool:
    if method == "POST":
        return path.rstrip("/") == QUESTION
    return method in ("GET", "HEAD") and (path in PAGES or path.startswith(PARTS))


SECONDS_TO_SEND = 60  # a picture, over a slow line


async def _body(receive: Receive) -> bytes:
    """All of it.

    Raises:
        TooLarge: it has more than `LARGEST_BODY` bytes, of which the rest is not waited for.
        ConnectionError, TimeoutError: it does not come to its end.
    """
    return await asyncio.wait_for(_parts(receive), SECONDS_TO_SEND)


async def _parts(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(body)


def _once(body: bytes, receive: Receive) -> Receive:
    left = [body]

    async def received() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return received


def _own_alone(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"content-security-policy", OWN_ALONE)]
        await send(message)

    return sent


async def _refuse(send: Send, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
