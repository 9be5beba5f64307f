"""charrec.demo, served by a process of its own: how it begins and ends, and what it hears."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from processes import Finished, nothing, run_main, start
from serving import READY, Serving, serving

from charrec.evaluation import predict
from charrec.trying import server
from charrec.trying.gate import REFUSED


def in_temporary_folder(folder: Path) -> None:
    """What the process does not clear up stays there."""
    os.environ["TMPDIR"] = os.environ["HOME"] = str(folder)
    tempfile.tempdir = None


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_and_leaves_nothing(
    number: signal.Signals, trained: Path, letters: Path, tmp_path: Path
) -> None:
    work, temporary = tmp_path / "work", tmp_path / "temporary"
    work.mkdir()
    temporary.mkdir()
    before = partial(in_temporary_folder, temporary)
    with socket.create_server(("127.0.0.1", 0)) as free:  # or a demo beside might follow on it
        port = free.getsockname()[1]
    with serving(f"run={trained}", f"port={port}", cwd=work, before=before) as demo:
        assert len(list(temporary.iterdir())) == 1
        demo.read(letters / "images" / "test_0_A.png")
        with socket.create_connection(("127.0.0.1", demo.port)) as open_page:
            open_page.sendall(b"GET /gradio_api/heartbeat/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert open_page.recv(9) == b"HTTP/1.1 "
            demo.process.send(number)
            done = demo.process.wait(timeout=20)
    assert (done.exit_code, done.stderr) == (128 + number, "charrec: stopped\n")
    assert READY.fullmatch(done.stdout)
    assert list(work.iterdir()) == list(temporary.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", demo.port))


def test_a_page_of_elsewhere_does_not_reach_it(trained: Path, tmp_path: Path) -> None:
    with serving(f"run={trained}", cwd=tmp_path) as demo:
        for host in ("evil.example", f"evil.example:{demo.port}"):
            assert demo.ask("GET", "/", host=host) == (403, REFUSED.decode())
        for host in ("localhost", f"localhost:{demo.port}", f"127.0.0.1:{demo.port}"):
            assert demo.ask("GET", "/", host=host)[0] == 200
        assert "What is read appears here" in demo.look(None)[1]


def for_two_at_once() -> None:
    server.CONNECTIONS = 2


def test_more_connections_than_it_bears_are_turned_away(trained: Path, tmp_path: Path) -> None:
    with (
        serving(f"run={trained}", cwd=tmp_path, before=for_two_at_once) as demo,
        ExitStack() as held,
    ):
        answers = []
        for _ in range(3):
            page = held.enter_context(socket.create_connection(("127.0.0.1", demo.port)))
            page.sendall(b"GET /gradio_api/heartbeat/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answers.append(page.recv(12))
    assert answers == [b"HTTP/1.1 200", b"HTTP/1.1 503", b"HTTP/1.1 503"]


@pytest.fixture(scope="module")
def demo(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("demo")
    with serving(f"run={trained}", "host=0.0.0.0", cwd=folder) as started:
        yield started


def test_what_is_read_is_what_predict_reads(
    demo: Serving, trained: Path, letters: Path, tmp_path: Path
) -> None:
    picture = letters / "images" / "test_1_B.png"
    answers, _ = predict(picture, trained, out=tmp_path / "out")
    told = re.findall(r"<dt>(.)</dt>.*?<dd>([\d.]+%)</dd>", demo.read(picture))
    shares = sorted(zip("ABCD", answers.probabilities[0], strict=True), key=lambda each: -each[1])
    assert told == [(letter, f"{share:.1%}") for letter, share in shares]


NO_QUESTION = "What was sent is neither a drawing nor a picture."


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ({"name": "a.png", "data": base64.b64encode(b"text").decode()}, "a.png is not a picture"),
        ({"name": "a.png", "data": "no base64!"}, NO_QUESTION),
        ({"name": "a.png", "data": 7}, NO_QUESTION),
        ({"data": ""}, NO_QUESTION),
        ({"name": ["a"], "data": ""}, "is empty"),
        ([1, 2], NO_QUESTION),
        ("text", NO_QUESTION),
        (7, NO_QUESTION),
    ],
)
def test_nobody_ends_it_by_what_is_sent(
    question: object, told: str, demo: Serving, letters: Path
) -> None:
    status, html = demo.look(question)
    assert (status, told in html) == (200, True), html
    assert "letter" in demo.read(letters / "images" / "test_0_A.png")


def test_who_lets_all_in_is_warned(demo: Serving) -> None:
    assert demo.process.stderr == (
        "charrec: warning: host=0.0.0.0: anybody who can reach this machine can use the page: "
        "it asks for no password\n"
    )


def test_an_empty_sheet_is_not_read(demo: Serving) -> None:
    assert "What is read appears here while you draw." in demo.look(None)[1]


def test_who_lets_all_in_is_reached_by_any_name(demo: Serving) -> None:
    assert demo.ask("GET", "/", host="my.machine.example")[0] == 200


def test_what_is_too_large_is_not_taken_in(demo: Serving) -> None:
    assert demo.ask("POST", "/gradio_api/component_server/", bytes(24 * 2**20)) == (
        413,
        "too large",
    )
    assert demo.ask("POST", "/gradio_api/upload", b"") == (404, "not found")
    assert demo.ask("GET", "/gradio_api/file=/etc/hostname") == (404, "not found")
    assert demo.look(None)[0] == 200


def refused(*arguments: str, cwd: Path, before: Callable[[], object] = nothing) -> Finished:
    done = start("demo", *arguments, cwd=cwd, before=before).wait()
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") <= 2
    assert list(cwd.iterdir()) == []
    return done


def test_a_port_that_is_taken_is_refused_before_anything_is_loaded(
    trained: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = refused(f"run={trained}", f"port={port}", cwd=tmp_path)
    assert done.stderr == (
        f"charrec: port={port} is taken (Address already in use); name another port\n"
    )


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("host=192.0.2.1", "host=192.0.2.1 is no address of this machine; try 127.0.0.1"),
        ("port=70000", "port=70000 is refused: port is a whole number from 1 to 65535, or null"),
        ("host=null", "host=null is refused: host is a name or an address"),
        ("data=folders", "data.kind is no setting"),
        ("checkpoint=newest", "checkpoint=newest is refused: checkpoint is one of best, last"),
    ],
)
def test_wrong_settings_are_refused(setting: str, told: str, trained: Path, tmp_path: Path) -> None:
    done = refused(f"run={trained}", setting, cwd=tmp_path)
    assert done.stderr.startswith(f"charrec: {told}")


def test_no_run_is_refused(tmp_path: Path) -> None:
    done = run_main("demo", "run=nowhere", cwd=tmp_path)
    assert (done.exit_code, done.stderr.partition(";")[0]) == (
        2,
        "charrec: run=nowhere: no such folder",
    )


def without_gradio() -> None:
    sys.modules["gradio"] = None  # type: ignore[assignment]


def test_without_gradio_the_extra_is_named(trained: Path, tmp_path: Path) -> None:
    done = refused(f"run={trained}", cwd=tmp_path, before=without_gradio)
    assert done.stderr == "charrec: charrec.demo needs Gradio: pip install 'charrec[demo]'\n"
