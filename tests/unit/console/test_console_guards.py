"""The page's key: whoever has the address that was printed may ask, and nobody else on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.consoles import browser
from tests.unit.stacks import a_stack

KEY = "k" * 43
HERE = {"Host": "localhost:4600"}


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with a_stack() as there:
        yield browser(there, KEY)


@pytest.fixture(autouse=True)
def nobody_yet(page: Any) -> None:
    for cookie in list(page._cookies or ()):
        page.delete_cookie(cookie[2], domain=cookie[0], path=cookie[1])


@pytest.mark.parametrize("path", ["/", "/page/page.js", "/api/costs", "/api/jobs", "/?key=", "/?key=" + "k" * 42])
def test_without_the_key_nothing_is_told(page: Any, path: str) -> None:
    answer = page.get(path, headers=HERE)
    assert answer.status_code == 403
    assert "dropreel console" in answer.json["message"]
    assert "Set-Cookie" not in answer.headers


def test_the_key_opens_the_page_once_and_is_then_in_a_cookie_that_no_script_and_no_other_site_gets(
    page: Any,
) -> None:
    entered = page.get(f"/?key={KEY}", headers=HERE)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/")
    assert entered.headers["Set-Cookie"] == f"dropreel-4600={KEY}; HttpOnly; Path=/; SameSite=Strict"
    assert entered.headers["Referrer-Policy"] == "no-referrer"
    cookie = {**HERE, "Cookie": f"dropreel-4600={KEY}"}
    assert page.get("/", headers=cookie).status_code == 200
    assert page.get("/api/jobs", headers=cookie).status_code == 200
    assert page.get("/api/jobs", headers={**cookie, "Origin": "http://localhost:1"}).status_code == 403


@pytest.mark.parametrize("cookie", [f"dropreel-4601={KEY}", "dropreel-4600=", "dropreel-4600=\xe9", f"dropreel={KEY}"])
def test_another_pages_cookie_is_none_of_this_one(page: Any, cookie: str) -> None:
    assert page.get("/api/jobs", headers={**HERE, "Cookie": cookie}).status_code == 403


def test_a_key_is_taken_by_the_page_alone_and_under_this_machines_name(page: Any) -> None:
    assert page.get(f"/api/jobs?key={KEY}", headers=HERE).status_code == 403
    assert page.get(f"/?key={KEY}", headers={"Host": "evil.example.com"}).status_code == 403
