"""`dropreel up`, before anything is started: where the page will be, and what can't be kept."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from rich.console import Console
from werkzeug.wrappers import Request, Response

from cli import laptop
from cli.exits import INVALID, Trouble
from local.web import WebServer, address, door


def told(people: Console) -> list[str]:
    assert isinstance(people.file, io.StringIO)
    return people.file.getvalue().splitlines()


@pytest.fixture
def people() -> Console:
    return Console(file=io.StringIO(), soft_wrap=True)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> int:
    """The page's port, which for this test is one that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = int(found.getsockname()[1])
    monkeypatch.setattr(laptop, "PAGE_PORT", port)
    return port


def test_the_page_has_always_the_same_port_and_its_address_is_said_first(people: Console, free: int) -> None:
    for _ in range(2):
        with laptop._door(people):
            pass
    assert told(people)[::2] == [f"http://localhost:{free}"] * 2
    assert "taken" not in "".join(told(people))


def test_another_port_is_taken_where_somebody_has_that_one_and_it_is_said(people: Console, free: int) -> None:
    with socket.create_server(("127.0.0.1", free)), laptop._door(people) as found:
        said = told(people)
        assert said[0] == address(found) != f"http://localhost:{free}"
    assert said[1] == f"is the page, as port {free} is taken; it opens as soon as the stack is up"


def test_whoever_comes_early_waits_at_the_door_until_it_is_opened() -> None:
    listening = door(0)
    port = listening.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as early:
        early.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        server = WebServer(Request.application(lambda _: Response("here")), at=listening).start()
        answer = b"".join(iter(lambda: early.recv(4096), b""))
        server.stop()
    assert answer.endswith(b"here")
    assert server.url == f"http://localhost:{port}"


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Trouble) as refused:
        laptop._made(tmp_path / "file" / "films")
    assert refused.value.status == INVALID
    assert str(refused.value) == f"{tmp_path}/file/films: Not a directory; name a folder that can be made"
