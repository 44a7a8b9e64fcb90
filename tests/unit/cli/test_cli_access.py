"""Whom the command line speaks to: an address or a job id that can't be right is refused before anything else."""

from __future__ import annotations

import pytest

from cli import stack
from cli.exits import INVALID, Trouble
from cli.options import address, job, some_job, some_jobs


@pytest.mark.parametrize(
    "url",
    [
        *("", "localhost:4599", "ftp://localhost:1", "http://", "http://[::1", "http://localhost:abc"),
        *("http://localhost:99999", "http://localhost:0", "http://local host:1", "http://-a:1", "http://a_b:1"),
        *("http://localhost:4599/x y", "http://localhost:4599/x", "http://localhost:4599?x", "http://me@localhost:1"),
    ],
)
def test_an_address_that_can_be_none_is_refused(url: str) -> None:
    with pytest.raises(Trouble, match=r"is no address; say the `AWS endpoint`") as refused:
        address(url)
    assert refused.value.status == INVALID


@pytest.mark.parametrize(
    "url",
    ["http://localhost:4599", "http://localhost:4599/", "http://127.0.0.1:1", "http://[::1]:1", "https://a.b-c.de"],
)
def test_an_address_is_taken_as_it_is_and_a_client_can_be_made_of_it(url: str) -> None:
    assert address(url) == url
    assert stack.access(None, url).client("sqs").meta.endpoint_url == url


def test_no_address_is_none() -> None:
    assert address(None) is None


@pytest.mark.parametrize(
    ("env", "url", "surroundings", "region"),
    [
        ("prod", None, {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "us-west-2"}, "eu-central-1"),
        ("prod", None, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
        (None, "http://localhost:1", {"AWS_REGION": "eu-central-1"}, "eu-central-1"),
        (None, "http://localhost:1", {"AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
        (None, "http://localhost:1", {}, "us-east-1"),
    ],
)
def test_the_region_is_that_of_the_shell(
    env: str | None,
    url: str | None,
    surroundings: dict[str, str],
    region: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    assert stack.access(env, url).client("sqs").meta.region_name == region


def test_an_endpoint_of_the_shell_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    with pytest.raises(Trouble, match="nonsense; see the AWS_ variables of your shell") as refused:
        stack.access("prod", None).client("sqs")
    assert refused.value.status == INVALID


def test_only_a_laptop_gets_keys_that_are_none() -> None:
    laptops = ["http://localhost:1", "http://127.0.0.1:1", "http://localhost", "http://[::1]:1"]
    assert [stack.Access(endpoint_url=url, region=None).laptop for url in laptops] == [True] * len(laptops)
    elsewhere = [None, "https://localhost.example", "https://example.com"]
    assert [stack.Access(endpoint_url=url, region=None).laptop for url in elsewhere] == [False] * len(elsewhere)


def test_what_can_name_no_job_is_refused_before_any_stack_is_asked() -> None:
    known = "kbxh3ivhqeiwvevlpds74uko2c"
    for text in (known, known.upper(), known[:6], "veo-3-1/cat", "s3://inbox/veo-3-1/cat.png"):
        assert job(f" {text} ") == text
    assert some_jobs([known, known]) == [known, known]
    assert (some_jobs(None), some_job(None)) == (None, None)
    for text in ("", "nope", known[:5], known + "a", known.replace("2", "1"), known.replace("2", "ü")):
        with pytest.raises(Trouble, match="names no job"):
            job(text)
