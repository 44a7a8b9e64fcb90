"""Fixtures: a host with a film and a bucket for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.copies import LONG, PART, PIECE, film
from tests.unit.hosts import Bucket, FilmHost

#: Which modules go by them.
SIZES = {"PART": ("buffers", "downloading", "uploading"), "PIECE": ("buffers", "copying", "downloading", "fetching")}


@pytest.fixture
def in_full() -> None:
    """Parts and pieces have the size that they have in a function."""


@pytest.fixture
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    if "in_full" not in request.fixturenames:
        for name, value in {"PART": PART, "PIECE": PIECE}.items():
            for module in SIZES[name]:
                monkeypatch.setattr(f"dropreel.transfer.{module}.{name}", value)
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
