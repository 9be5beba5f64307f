"""What the server hears, and what it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from charrec.trying import gate
from charrec.trying.address import HOME_HOSTS
from charrec.trying.gate import LARGEST_BODY, MOST_AT_ONCE, QUESTION, Gate, Message, Receive, Send


class Inside:
    """Answers 200 with what it was sent, as soon as it may."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.may = asyncio.Event()
        self.may.set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            self.bodies.append((await receive())["body"])
        await self.may.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(
    asked: Gate,
    method: str,
    path: str,
    parts: Iterable[bytes] = (b"",),
    ends: bool = True,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> tuple[int, dict[bytes, bytes]]:
    """Status and headers; `ends`: the body does, and does not just stop."""
    left = list(parts)
    sent: list[Message] = []

    async def receive() -> dict[str, Any]:
        if not left:
            return {"type": "http.disconnect"}
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left) or not ends}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    await asked(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/assets/index.js", 200),
        ("GET", "/gradio_api/heartbeat/abc", 200),
        ("POST", f"{QUESTION}/", 200),
        ("POST", "/gradio_api/upload", 404),
        ("POST", "/gradio_api/queue/join", 404),
        ("POST", "/", 404),
        ("GET", "/gradio_api/file=/etc/passwd", 404),
        ("GET", "/gradio_api/proxy=https://example.com", 404),
        ("GET", "/gradio_api/runs", 404),
        ("GET", "/docs", 404),
        ("PUT", QUESTION, 404),
    ],
)
def test_what_the_page_does_not_ask_is_not_there(method: str, path: str, status: int) -> None:
    assert asyncio.run(ask(Gate(Inside()), method, path))[0] == status


HOSTS = {
    "localhost": 200,
    "LocalHost:7860": 200,
    "127.0.0.1": 200,
    "127.0.0.1:1": 200,
    "[::1]": 200,
    "[::1]:7860": 200,
    "127.0.0.2:7860": 200,  # what was bound
    "evil.example": 403,
    "evil.example:7860": 403,
    "localhost.evil.example": 403,
    "127.0.0.1.evil.example:7860": 403,
    "127.0.0.1@evil.example": 403,
    "": 403,
}


@pytest.mark.parametrize(("host", "status"), HOSTS.items())
def test_a_name_that_was_turned_to_this_machine_is_not_heard(host: str, status: int) -> None:
    inside, headers = Inside(), [(b"host", host.encode())]
    asked = Gate(inside, {*HOME_HOSTS, "127.0.0.2"})
    for method, path in (("GET", "/"), ("POST", QUESTION)):
        assert asyncio.run(ask(asked, method, path, headers=headers))[0] == status
        assert asyncio.run(ask(Gate(inside), method, path, headers=headers))[0] == 200


@pytest.mark.parametrize("headers", [[], [(b"host", b"localhost"), (b"host", b"evil.example")]])
def test_no_host_and_two_hosts_are_not_heard(headers: list[tuple[bytes, bytes]]) -> None:
    asked = Gate(Inside(), HOME_HOSTS)
    assert asyncio.run(ask(asked, "GET", "/", headers=headers))[0] == 403


def test_a_browser_is_told_to_fetch_nothing_from_elsewhere() -> None:
    policy = asyncio.run(ask(Gate(Inside()), "GET", "/"))[1][b"content-security-policy"]
    sources = policy.decode().partition(";")[0].split()
    allowed = {"'self'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert (sources[0], set(sources[1:])) == ("default-src", allowed)


def test_a_question_comes_whole() -> None:
    inside = Inside()
    assert asyncio.run(ask(Gate(inside), "POST", QUESTION, [b"ab", b"c", b""]))[0] == 200
    assert inside.bodies == [b"abc"]


def test_a_question_has_a_largest_size() -> None:
    inside = Inside()
    piece = bytes(LARGEST_BODY // 2)
    enough, more = [piece, piece], [piece, piece, bytes(2)]
    assert asyncio.run(ask(Gate(inside), "POST", QUESTION, enough))[0] == 200
    assert asyncio.run(ask(Gate(inside), "POST", QUESTION, more))[0] == 413
    assert [len(body) for body in inside.bodies] == [2 * len(piece)]


def test_who_stops_in_the_middle_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = Inside()
    asked = Gate(inside)
    assert asyncio.run(ask(asked, "POST", QUESTION, [b"a"], ends=False))[0] == 408
    assert (inside.bodies, asked.waiting) == ([], 0)

    async def never() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    monkeypatch.setattr(gate, "SECONDS_TO_SEND", 0.01)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": QUESTION, "headers": []}
    asyncio.run(asked(scope, never, send))
    assert (sent[0]["status"], asked.waiting) == (408, 0)


def test_so_many_questions_wait_at_once_and_pages_come_all_the_same() -> None:
    async def crowd() -> tuple[list[int], int, int]:
        inside = Inside()
        inside.may.clear()
        asked = Gate(inside)
        first = [asyncio.create_task(ask(asked, "POST", QUESTION)) for _ in range(MOST_AT_ONCE)]
        await asyncio.sleep(0.01)
        one_more, _ = await ask(asked, "POST", QUESTION)
        page = asyncio.create_task(ask(asked, "GET", "/"))
        inside.may.set()
        statuses = [status for status, _ in await asyncio.gather(*first, page)]
        later, _ = await ask(asked, "POST", QUESTION)
        return statuses, one_more, later

    statuses, one_more, later = asyncio.run(crowd())
    assert statuses == [200] * (MOST_AT_ONCE + 1)
    assert (one_more, later) == (503, 200)
