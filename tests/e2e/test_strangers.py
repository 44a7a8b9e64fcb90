"""Strangers at the callback's door: whatever they send, no 5xx, and nothing forged is taken.

`make strangers` goes on for minutes; here it is a few hundred requests.
"""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.gateways import SimulatedGateways
from tests.e2e.harness import Stack
from tests.e2e.tiny import eventually

#: What a stranger may be told; 404, 405 and the like come from the HTTP API itself.
ALLOWED = frozenset({400, 403, 404, 405, 408, 411, 413, 414, 431})

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


class Long(bytes):
    """A body that is told by its beginning, as a failure's report would drown in it."""

    def __repr__(self) -> str:
        return f"{bytes(self[:60])!r}… ({len(self)} bytes)"


STATUSES = st.sampled_from(["QUEUED", "PROCESSING", "COMPLETED", "FAILED", "ERROR", "completed", "", "DONE"])
#: Bodies of the documented form, nearly so, and not at all.
CALLBACKS = st.fixed_dictionaries({"request_id": st.text(max_size=30), "status": STATUSES}, optional={"output": JSON})
BODIES = st.one_of(
    CALLBACKS.map(lambda found: json.dumps(found).encode()),
    JSON.map(lambda found: json.dumps(found).encode()),
    st.binary(max_size=300),
    st.integers(1, 60_000).map(lambda depth: Long(b"[" * depth)),
    st.just(Long(b'{"status":"COMPLETED","request_id":"x","pad":"' + b"a" * 300_000 + b'"}')),
)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "X-Forwarded-For", "Accept", "Content-Encoding", "Authorization"]),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40),
    max_size=3,
)  # fmt: skip
METHODS = st.sampled_from(["POST", "POST", "POST", "POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])


@pytest.fixture(scope="module")
def door(laptop: Stack, gateways: SimulatedGateways) -> str:
    """The callback address of a job that is under way, and stays so."""
    name = uuid.uuid4().hex
    laptop.drop(f"veo-3-1-fast/{name}/a.txt", f"[sim:no-callback][sim:seconds=1000] {name}")
    (post,) = eventually(lambda: [post for post in gateways.posts if name in json.dumps(post.body)])
    url = str(post.headers["x-webhook-url"])
    assert eventually(lambda: _job(laptop, urlsplit(url).path)["status"] == "SUBMITTED"), "the answer is on record"
    return url


def knock(url: str, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send a request as raw as a client can, and return its answer's status."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, path, body=body, headers={name: value.strip() for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


def spoiled(path: str) -> st.SearchStrategy[str]:
    """Paths near the real one, and far from it, but never the real one."""
    _, kind, job_id, token = path.split("/")
    segment = st.text(max_size=60).map(lambda text: quote(text, safe=""))
    near = st.one_of(
        st.integers(0, len(token) - 1).map(
            lambda at: token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        ),
        st.integers(0, len(token) - 1).map(lambda at: token[:at]),
        segment,
        st.just(token.swapcase()),
        st.just(token + "%00"),
        st.just(token * 20),
    )
    paths = st.one_of(
        near.map(lambda other: f"/{kind}/{job_id}/{other}"),
        segment.map(lambda other: f"/{kind}/{other}/{token}"),
        st.lists(segment, max_size=6).map(lambda steps: "/" + "/".join(steps)),
        st.sampled_from(
            [f"/{kind}/{job_id}/{token}/more", f"/{kind}/{job_id}", f"//{kind}/{job_id}/x", "/", "/%ff/%fe"]
        ),
    )
    return paths.filter(lambda other: other != path)


def test_stranger_is_never_let_in_and_never_breaks_anything(laptop: Stack, door: str) -> None:
    path = urlsplit(door).path

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(METHODS, spoiled(path), BODIES, HEADERS)
    def besiege(method: str, other: str, body: bytes, headers: dict[str, str]) -> None:
        if method in ("GET", "HEAD") and not unquote(other).strip("/"):
            return  # the console's own page
        assert knock(door, method, other, body, headers) in ALLOWED

    before = _job(laptop, path)
    besiege()
    assert _job(laptop, path) == before, "nothing that they sent has touched the job"


def test_one_who_knows_the_address_is_told_400_for_whatever_is_no_callback(door: str) -> None:
    path = urlsplit(door).path
    nonsense = st.one_of(
        JSON.filter(lambda found: not isinstance(found, dict)).map(lambda f: json.dumps(f).encode()), st.binary()
    )

    @settings(deadline=None)
    @given(nonsense)
    def besiege(body: bytes) -> None:
        assert knock(door, "POST", path, body, {}) == 400

    besiege()


def _job(laptop: Stack, path: str) -> dict[str, Any]:
    (job,) = [job for job in laptop.jobs() if job["job_id"] == path.split("/")[2]]
    return job
