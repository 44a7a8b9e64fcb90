"""Fixtures: a host with a film and a bucket for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.copies import LONG, film
from tests.unit.hosts import Bucket, FilmHost


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as running:
        yield running


@pytest.fixture
def host() -> Iterator[FilmHost]:
    with FilmHost(film(LONG)) as running:
        yield running


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is small enough for one request."""
    monkeypatch.setattr("dropreel.transfer.copying.MOST_AT_ONCE", 0)
