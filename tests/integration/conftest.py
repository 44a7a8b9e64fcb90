"""Fixtures: one moto server and one pair of simulated gateways a worker, a fresh world a test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import httpx
import pytest

from local.gateways import SimulatedGateways
from tests.integration.world import CallbackServer, World, moto_account

logging.getLogger("werkzeug").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def account() -> Iterator[str]:
    with moto_account() as url:
        yield url


@pytest.fixture(scope="session")
def callback_server() -> Iterator[CallbackServer]:
    with CallbackServer() as server:
        yield server


@pytest.fixture(scope="session")
def forgetter() -> Iterator[httpx.Client]:
    """Speaks to moto about itself, over plain HTTP: to load certificates takes longer than to forget a world."""
    with httpx.Client(verify=False) as client:  # noqa: S501
        yield client


@pytest.fixture
def world(account: str, callback_server: CallbackServer, forgetter: httpx.Client) -> Iterator[World]:
    forgetter.post(f"{account}/moto-api/reset").raise_for_status()
    with SimulatedGateways(seconds=0.05, scale=0.1, retry_seconds=0.1) as gateways:
        callback_server.world = World(gateways, callback_server.url)
        yield callback_server.world
