"""One account in this process for all the runs of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.account import Accounts, accounts


@pytest.fixture(scope="session")
def aws() -> Iterator[Accounts]:
    with accounts() as made:
        yield made
