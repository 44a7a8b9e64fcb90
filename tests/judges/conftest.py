"""Judges besides moto, each started when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.assembly import synthesize
from local.gateways import SimulatedGateways
from tests.e2e.harness import Stack
from tests.judges.ministack import deployed, ministack

#: No wait that a test does not ask for, and few cold starts: here a function is a process as well.
SETTINGS = {
    "quiet_seconds": "1",
    "first_poll_seconds": "8",
    "poll_seconds": "2",
    "held_retry_seconds": "2",
    "max_error_retries": "2",
    "submit_concurrency": "2",
    "deliver_concurrency": "4",
}


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """MiniStack, with nothing in it."""
    with ministack(tmp_path_factory.mktemp("ministack")) as empty:
        yield empty


@pytest.fixture(scope="session")
def gateways() -> Iterator[SimulatedGateways]:
    with SimulatedGateways(seconds=0.5, scale=0.1) as simulated:
        yield simulated


@pytest.fixture(scope="session")
def stack(account: Stack, gateways: SimulatedGateways, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The whole local template in MiniStack."""
    assembly = synthesize(SETTINGS).with_gateways({"pixazo": gateways.url, "aimlapi": gateways.url})
    return deployed(account, assembly, tmp_path_factory.mktemp("assets"))
