"""Fixtures: one moto server and one pair of simulated gateways a worker, a fresh world a test."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator

import pytest
from moto.moto_api._internal.models import moto_api_backend

from dropreel import measures
from dropreel.aws.clients import client
from local.gateways import SimulatedGateways
from local.gateways.behaviour import Behaviour
from tests.integration.functions import KEY, VARIABLES, Functions
from tests.integration.world import CallbackServer, World, moto_account

logging.getLogger("werkzeug").setLevel(logging.WARNING)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--dynamodb-url", default="", help="a DynamoDB other than moto's, with an account for each key")


@pytest.fixture(scope="session")
def account(request: pytest.FixtureRequest) -> Iterator[str]:
    # Where a key of twelve digits is an account, the processes do not meet in one.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    with moto_account(request.config.getoption("--dynamodb-url"), key=f"{worker:0>12}") as url:
        yield url


@pytest.fixture(scope="session")
def callback_server() -> Iterator[CallbackServer]:
    with CallbackServer() as server:
        yield server


@pytest.fixture
def world(account: str, callback_server: CallbackServer) -> Iterator[World]:
    moto_api_backend.reset()
    with SimulatedGateways(seconds=0.05, scale=0.1, retry_seconds=0.1) as gateways:
        callback_server.world = World(gateways, callback_server.url)
        yield callback_server.world


@pytest.fixture
def functions(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Functions]:
    """The functions of this world; the gateways' own callbacks stay away, so that the tests send them."""
    world.gateways.behave(Behaviour(callbacks=0))
    for secret in ("pixazo", "aimlapi"):
        client("secretsmanager").put_secret_value(SecretId=secret, SecretString=KEY)
    domain = logging.getLogger("dropreel")
    before = (domain.handlers, domain.level, domain.propagate)
    yield Functions(world, monkeypatch, capsys)
    domain.handlers, domain.level, domain.propagate = before
    measures.report_to()
    # Powertools keeps the first stdout that it saw with the logger of a name.
    for name in VARIABLES:
        logging.Logger.manager.loggerDict.pop(name, None)
    sys.modules.pop("dropreel.telemetry", None)
