"""Where the page is served: a socket that is taken before anything else is done."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from charrec.errors import UserError

HOME = "127.0.0.1"
PORT, PORTS = 7860, 100  # the first that is tried, and how many
HOME_HOSTS = frozenset({"localhost", HOME, "[::1]"})  # what a browser on this machine calls it
WARNING = "anybody who can reach this machine can use the page: it asks for no password"


def listening(host: str, port: int | None) -> socket.socket:
    """A socket at `host` and `port`; for None at 7860 or the first one after it that is free.

    Raises:
        UserError: the port is taken, or the host is not an address of this machine.
    """
    family, address = _resolved(host)
    ports = range(PORT, PORT + PORTS) if port is None else [port]
    for each in ports:
        try:
            return _bound(family, address, each)
        except PermissionError:
            raise UserError(f"port={each} needs the rights of root; name one above 1023") from None
        except OSError as error:
            refused = error
            if not _is_of_this_machine(family, address):
                raise UserError(f"host={host} is no address of this machine; try {HOME}") from None
    taken = f"port={port} is" if port is not None else f"the ports {PORT} to {PORT + PORTS - 1} are"
    raise UserError(f"{taken} taken ({refused.strerror}); name another port") from refused


def _resolved(host: str) -> tuple[int, str]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise UserError(f"host={host} is no address of this machine; try {HOME}") from None
    return family, str(address[0])


def _bound(family: int, address: str, port: int) -> socket.socket:
    sock = socket.socket(family)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # again right after an end
        sock.bind((address, port))
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


def _is_of_this_machine(family: int, address: str) -> bool:
    try:
        _bound(family, address, 0).close()
    except OSError:
        return False
    return True


def url_of(sock: socket.socket) -> str:
    """For a browser on this machine, which cannot open "every address"."""
    address, port = sock.getsockname()[:2]
    if ip_address(address).is_unspecified:
        return f"http://{HOME}:{port}"
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def hosts_of(sock: socket.socket, host: str) -> frozenset[str] | None:
    """What a browser may call the page, without its port; None for anything.

    A page of elsewhere can have its own name turned to this machine (DNS rebinding), and would
    ask in its reader's browser what only this machine may.
    """
    if not is_at_home(sock):
        return None
    bound = url_of(sock).removeprefix("http://").rpartition(":")[0]
    return HOME_HOSTS | {bound, f"[{host}]" if ":" in host else host.lower()}


def is_at_home(sock: socket.socket) -> bool:
    """Whether this machine alone reaches it."""
    return ip_address(sock.getsockname()[0]).is_loopback
