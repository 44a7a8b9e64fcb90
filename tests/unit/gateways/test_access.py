"""How the gateways' keys are come by, and how long they are kept."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from dropreel.catalog import find
from dropreel.errors import NotSent, Refused, StatusUnavailable
from dropreel.gateways import Gateway
from dropreel.gateways.access import KEY_KEPT, Keys, gateways
from dropreel.gateways.wire import new_client
from dropreel.settings import GatewaySettings

#: Of any gateway that there is: its secret is named after it, and so is its host.
_NAMES = [field.name for field in fields(GatewaySettings)]
_ALL: dict[str, Any] = {
    **{name: name.removesuffix("_secret") for name in _NAMES if name.endswith("_secret")},
    **{name: f"https://{name.removesuffix('_url')}.example" for name in _NAMES if name.endswith("_url")},
    "allow_loopback": False,
}
SETTINGS = GatewaySettings(**_ALL)


class Secrets:
    """Secrets Manager with one key, as much of it as is in use."""

    def __init__(self) -> None:
        self.key = "old"
        self.reads = 0

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803
        self.reads += 1
        return {"SecretString": f"{self.key}\n"}


class World:
    """A gateway that takes one key only, and a clock."""

    def __init__(self) -> None:
        self.secrets = Secrets()
        self.now = 0.0
        self.takes = "old"
        self.refusal = 0
        self.seen: list[str] = []
        keys = Keys(self.secrets, lambda: self.now)  # type: ignore[arg-type]
        self.pixazo: Gateway = gateways(SETTINGS, keys, lambda: new_client(httpx.MockTransport(self._answer)))("pixazo")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["ocp-apim-subscription-key"]
        self.seen.append(key)
        if self.refusal or key != self.takes:
            return httpx.Response(self.refusal or 401, json={"error": "no"})
        return httpx.Response(200, json={"status": "QUEUED", "request_id": "r"})

    def submit(self) -> str:
        return self.pixazo.submit(find("veo-3-1-fast"), {"prompt": "a cat"}, None)


@pytest.fixture
def world() -> World:
    return World()


def test_a_key_that_is_taken_is_read_once_in_its_time(world: World) -> None:
    for _ in range(3):
        world.submit()
        world.pixazo.status("r")
    assert (world.secrets.reads, set(world.seen)) == (1, {"old"})
    world.now = KEY_KEPT
    world.submit()
    assert world.secrets.reads == 2


@pytest.mark.parametrize("asked", ["submit", "status"])
def test_a_key_that_is_refused_is_read_anew(world: World, asked: str) -> None:
    world.submit()
    world.secrets.key = world.takes = "new"
    with pytest.raises((Refused, StatusUnavailable)):
        world.submit() if asked == "submit" else world.pixazo.status("r")
    world.submit()
    assert world.seen == ["old", "old", "new"]


def test_an_answer_that_says_nothing_of_the_key_keeps_it(world: World) -> None:
    world.submit()
    world.secrets.key = "new"
    world.refusal = 402
    with pytest.raises(Refused, match="402"):
        world.submit()
    world.refusal = 0
    world.submit()
    assert set(world.seen) == {"old"}


def test_a_secrets_manager_that_can_not_be_reached_means_that_nothing_was_sent() -> None:
    client = boto3.client(
        "secretsmanager",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )
    with pytest.raises(NotSent, match="EndpointConnectionError"):
        Keys(client, lambda: 0.0).get("pixazo")
