"""Which address the page is served at."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from charrec.errors import UserError
from charrec.trying import address
from charrec.trying.address import hosts_of, is_at_home, listening, url_of


@contextmanager
def taken() -> Iterator[int]:
    with listening("127.0.0.1", 0) as sock:
        yield sock.getsockname()[1]


def test_a_port_that_is_named_is_taken_or_refused() -> None:
    told = r"^port=\d+ is taken \(.*\); name another port$"
    with taken() as port, pytest.raises(UserError, match=told):
        listening("127.0.0.1", port)
    with listening("127.0.0.1", port) as sock:
        assert url_of(sock) == f"http://127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


def test_where_none_is_named_the_next_free_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with taken() as port:
        monkeypatch.setattr(address, "PORT", port)
        with listening("127.0.0.1", None) as sock:
            assert port < sock.getsockname()[1] < port + address.PORTS
        monkeypatch.setattr(address, "PORTS", 1)
        with pytest.raises(UserError, match=rf"^the ports {port} to {port} are taken"):
            listening("127.0.0.1", None)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a b", "x" * 300, "1.2.3"])
def test_a_host_must_be_this_machine(host: str) -> None:
    with pytest.raises(UserError, match=r"^host=.* is no address of this machine; try 127.0.0.1$"):
        listening(host, None)


@pytest.mark.parametrize(
    ("host", "shown", "at_home"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("0.0.0.0", "127.0.0.1", False),
    ],
)
def test_who_can_come(host: str, shown: str, at_home: bool) -> None:
    with listening(host, 0) as sock:
        assert url_of(sock).rpartition(":")[0] in (f"http://{shown}", "http://[::1]")
        assert is_at_home(sock) is at_home


@pytest.mark.parametrize(
    ("host", "more"),
    [("127.0.0.1", set()), ("localhost", set()), ("127.0.0.2", {"127.0.0.2"})],
)
def test_at_home_only_its_own_names_are_heard(host: str, more: set[str]) -> None:
    with listening(host, 0) as sock:
        own = {"localhost", "127.0.0.1", "[::1]"} | more
        assert set(hosts_of(sock, host) or ()) == own
        assert set(hosts_of(sock, "My-Machine") or ()) == own | {"my-machine"}


def test_whoever_lets_others_in_is_reached_by_any_name() -> None:
    with listening("0.0.0.0", 0) as sock:
        assert hosts_of(sock, "0.0.0.0") is None


def test_an_address_with_colons_stands_in_brackets() -> None:
    try:
        sock = listening("::1", 0)
    except UserError:
        pytest.skip("this machine has no IPv6")
    with sock:
        assert url_of(sock) == f"http://[::1]:{sock.getsockname()[1]}"
        assert is_at_home(sock)
