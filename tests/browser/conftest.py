"""The laptop stack, and the page that it serves, in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.gateways.samples import sample_picture, sample_sound
from tests.browser.visitor import Visitor, open_tab
from tests.e2e.harness import QUICK, Stack, running_stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def laptop() -> Iterator[Stack]:
    """`dropreel up` with its own simulated gateways."""
    with running_stack(QUICK) as stack:
        yield stack


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own; Playwright's builds would be another download."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS.split())
        yield found
        found.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser for all tests."""
    with chromium() as found:
        yield found


@pytest.fixture
def visitor(laptop: Stack, browser: Browser) -> Iterator[Visitor]:
    """Somebody at the laptop's page."""
    with open_tab(browser, laptop.addresses["console_url"]) as found:
        yield found


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture on the visitor's disk."""
    path = tmp_path_factory.mktemp("picture") / "cat.png"
    path.write_bytes(sample_picture())
    return path


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound on the visitor's disk."""
    path = tmp_path_factory.mktemp("sound") / "cat.wav"
    path.write_bytes(sample_sound())
    return path
