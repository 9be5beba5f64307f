"""charrec.demo under way, and what it is asked over HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from processes import Started, nothing, start

READY = re.compile(
    r"\AGetting ready: .+\nDraw a letter at http://127\.0\.0\.1:(\d+) \(Ctrl-C ends it\)\n"
)


class Serving:
    """A demo under way."""

    def __init__(self, process: Started, port: int) -> None:
        self.process, self.port = process, port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def ask(
        self, method: str, path: str, body: bytes = b"", host: str | None = None
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json", "Host": host or f"127.0.0.1:{self.port}"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def look(self, question: object) -> tuple[int, str]:
        """As the page's script asks."""
        config = json.loads(self.ask("GET", "/config")[1])
        (part,) = (each["id"] for each in config["components"] if each["type"] == "html")
        asked = {"component_id": part, "fn_name": "look", "session_hash": "a", "data": question}
        return self.ask("POST", "/gradio_api/component_server/", json.dumps(asked).encode())

    def read(self, picture: Path) -> str:
        data = base64.b64encode(picture.read_bytes()).decode()
        status, html = self.look({"name": picture.name, "data": data})
        assert status == 200
        return str(json.loads(html))


@contextmanager
def serving(
    *arguments: str, cwd: Path, before: Callable[[], object] = nothing
) -> Iterator[Serving]:
    with start("demo", *arguments, "trainer=cpu", cwd=cwd, before=before) as process:
        process.until(lambda: bool(READY.match(process.stdout)))
        ready = READY.match(process.stdout)
        assert ready is not None, process.stderr
        yield Serving(process, int(ready[1]))
