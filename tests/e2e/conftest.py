"""Stacks that tests share: one of each kind, started when the first test asks for it. And what tests drop there."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from local.gateways import SimulatedGateways
from local.gateways.samples import sample_picture, sample_sound
from tests.e2e.harness import QUICK, Stack, running_stack
from tests.e2e.tiny import Tiny, tiny_stack

#: The files that share a stack: they run one after the other in one process, since a second stack costs more.
SHARED = {
    "test_misbehaviour.py": "hostile",
    "test_contract.py": "laptop",
    "test_cli_smoke.py": "laptop",
    "test_laptop_addresses.py": "laptop",
    "test_laptop_console.py": "laptop",
    "test_strangers.py": "laptop",
    "test_laptop_events.py": "tiny",
    "test_laptop_http_api.py": "tiny",
    "test_laptop_moto.py": "tiny",
    "test_laptop_permissions.py": "tiny",
    "test_laptop_queues.py": "tiny",
    "test_laptop_recursion.py": "tiny",
    "test_laptop_s3.py": "tiny",
    "test_laptop_strict.py": "tiny",
}


class ByStack(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives all tests of a shared stack to one process, and each of the others to whichever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return SHARED.get(nodeid.partition("::")[0].rpartition("/")[2], nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByStack | None:
    """xdist's: `--dist loadgroup` shares the tests out by their stacks; by marks it can not, with a pytest this new."""
    return ByStack(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def gateways() -> Iterator[SimulatedGateways]:
    """Both gateways in this process, quick and with small videos, so that a test can ask what they have seen."""
    with SimulatedGateways(seconds=0.3, scale=0.25) as simulated:
        yield simulated


@pytest.fixture(scope="session")
def laptop(gateways: SimulatedGateways) -> Iterator[Stack]:
    """`dropreel up` with these gateways, and settings that keep nobody waiting."""
    with running_stack(QUICK, gateways_url=gateways.url) as stack:
        yield stack


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    """A stack without dropreel in it."""
    with tiny_stack(tmp_path_factory.mktemp("tiny")) as stack:
        yield stack


@pytest.fixture
def name() -> str:
    """A job's name that no other test uses."""
    return f"cli-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    (tmp_path / "cat.png").write_bytes(sample_picture())
    return tmp_path / "cat.png"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    (tmp_path / "voice.wav").write_bytes(sample_sound())
    return tmp_path / "voice.wav"
