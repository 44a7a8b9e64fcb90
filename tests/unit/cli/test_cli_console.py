"""`dropreel console`: where it serves the page, and where it tells that somebody else does."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from cli.console import _serve, console
from cli.exits import INVALID, Trouble
from cli.stack import Stack
from tests.unit.stacks import a_stack


@pytest.fixture(scope="module")
def there() -> Iterator[Stack]:
    with a_stack() as stack:
        yield replace(stack, outputs={"CallbackUrl": "http://localhost:4600"})


def test_a_port_that_is_taken_is_named_with_what_to_do(there: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Trouble, match=rf"^port {port}: .+; another --port, or none, takes a free one$") as told:
            _serve(replace(there, env="dev"), port, json_=False)
    assert told.value.status == INVALID


@pytest.mark.parametrize(
    ("json_", "said"), [(False, "http://localhost:4600"), (True, json.dumps({"console_url": "http://localhost:4600"}))]
)
def test_of_a_laptop_stack_it_tells_where_the_page_is(
    there: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], json_: bool, said: str
) -> None:
    monkeypatch.setattr("cli.stack.find", lambda *_: there)
    console(json_=json_)
    assert capsys.readouterr().out == f"{said}\n"
