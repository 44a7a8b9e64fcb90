"""A gateway that misbehaves in every way at once, through `dropreel up`: each job ends as the contract says."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from local.gateways import SimulatedGateways
from tests.e2e.harness import Stack, running_stack
from tests.e2e.tiny import eventually

pytestmark = pytest.mark.thorough

#: Seconds within which all of them must have ended.
PATIENCE = 300
SETTINGS = {
    "quiet_seconds": "0",
    "first_poll_seconds": "4",
    "poll_seconds": "2",
    "held_retry_seconds": "2",
    "deadline_seconds": "25",
    "max_error_retries": "2",
}


@dataclass(frozen=True)
class Expected:
    """What a misbehaviour must come to."""

    status: str = "SUCCEEDED"
    #: POSTs that reached the gateway: accepted ones and refused ones.
    accepted: int = 1
    refused: int = 0
    code: str = ""
    outputs: int = 1


CASES: Mapping[str, tuple[str, Expected]] = {
    "plain": ("", Expected()),
    "no-callback": ("[sim:no-callback]", Expected()),
    "duplicate": ("[sim:duplicate=5]", Expected()),
    "late-callback": ("[sim:late=3]", Expected()),
    "early-callback": ("[sim:early]", Expected()),
    "out-of-order": ("[sim:out-of-order]", Expected()),
    "slow-answer": ("[sim:slow-answer=3]", Expected()),
    "error-twice": ("[sim:error=2]", Expected(accepted=3)),
    "error-for-ever": ("[sim:error=9]", Expected("FAILED", accepted=3, code="error", outputs=0)),
    "failed": ("[sim:failed]", Expected("FAILED", code="failed", outputs=0)),
    "declined": ("[sim:400=9]", Expected("FAILED", accepted=0, refused=1, code="declined", outputs=0)),
    "answered-500": ("[sim:500]", Expected()),
    "answer-lost": ("[sim:drop]", Expected()),
    "never-taken": ("[sim:drop-unaccepted]", Expected("EXPIRED", accepted=0, refused=1, code="expired", outputs=0)),
    "never-ends": ("[sim:seconds=600]", Expected("EXPIRED", code="expired", outputs=0)),
    "slow-media": ("[sim:slow-media=3]", Expected()),
    "truncated-media": ("[sim:truncated-media=2]", Expected()),
    "expired-media": ("[sim:expired-media]", Expected()),
    "redirected-media": ("[sim:redirect-media]", Expected()),
    "forbidden-media": ("[sim:forbidden-media]", Expected("FAILED", code="output_unavailable", outputs=0)),
    "vanished-media": ("[sim:vanished-media]", Expected("FAILED", code="output_unavailable", outputs=0)),
    "page-first": ("[sim:page-media=1]", Expected()),
    "page-only": ("[sim:page-media]", Expected("FAILED", code="output_unavailable", outputs=0)),
    "packed-media": ("[sim:packed-media]", Expected()),
    "object-output": ("[sim:object-output]", Expected()),
    "no-output": ("[sim:no-output]", Expected("FAILED", code="output_unavailable", outputs=0)),
    "succeeded": ("[sim:succeeded]", Expected()),
    "cancelled": ("[sim:cancelled]", Expected("FAILED", code="failed", outputs=0)),
    "object-error": ("[sim:object-error]", Expected("FAILED", code="failed", outputs=0)),
    "long-error": ("[sim:long-error]", Expected("FAILED", code="failed", outputs=0)),
    "mistake": ("[sim:422=9]", Expected("FAILED", accepted=0, refused=1, code="declined", outputs=0)),
    "several-outputs": ("[sim:many=3]", Expected(outputs=3)),
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile() -> Any:
    with (
        SimulatedGateways(seconds=0.5, scale=0.1) as gateways,
        running_stack(SETTINGS, gateways_url=gateways.url) as up,
    ):
        for name, (marker, _) in CASES.items():
            up.drop(f"veo-3-1-fast/{name}/film.txt", f"{marker} film of {name}.")
        end = time.monotonic() + PATIENCE
        while len(up.manifests("veo-3-1-fast/")) < len(CASES) and time.monotonic() < end:
            time.sleep(0.5)
        yield up, gateways


@pytest.mark.parametrize("name", CASES)
def test_misbehaviour_ends_as_the_contract_says(hostile: tuple[Stack, SimulatedGateways], name: str) -> None:
    stack, gateways = hostile
    expected = CASES[name][1]
    (manifest,) = stack.manifests(f"veo-3-1-fast/{name}/")
    assert (manifest["status"], (manifest["error"] or {}).get("code", "")) == (expected.status, expected.code)
    posts = [post for post in gateways.posts if f"film of {name}." in json.dumps(post.body)]
    assert sum(post.request_id is not None for post in posts) == expected.accepted
    assert sum(post.request_id is None for post in posts) == expected.refused
    bodies = [stack.output(output["key"])["Body"] for output in manifest["outputs"]]
    assert len(bodies) == expected.outputs
    assert len(stack.outbox(f"veo-3-1-fast/{name}/")) == expected.outputs + 1
    if bodies:
        served = gateways.media_sha256(manifest["request_id"])
        assert [hashlib.sha256(body).hexdigest() for body in bodies] == served


def test_refusal_holds_everything_and_all_goes_on_by_itself(hostile: tuple[Stack, SimulatedGateways]) -> None:
    stack, gateways = hostile
    gateways.refuse(402)
    before = len(gateways.posts)
    names = [f"held-{number}" for number in range(12)]
    for name in names:
        stack.drop(f"veo-3-1-fast/{name}/film.txt", f"film of {name}.")
    began = time.monotonic()

    def held() -> bool:
        return [job["status"] for job in stack.jobs() if "/held-" in str(job["place"])] == ["HELD"] * len(names)

    assert eventually(held), stack.jobs()
    time.sleep(4)
    # Several may be on their way when the first is refused; after that it is one probe in two seconds.
    posted = len(gateways.posts) - before
    assert posted <= 8 + 1 + (time.monotonic() - began) / 2
    assert held(), "a probe that is refused leaves everything as it was"
    gateways.refuse(None)
    manifests = [stack.manifest(f"veo-3-1-fast/{name}/") for name in names]
    assert {manifest["status"] for manifest in manifests} == {"SUCCEEDED"}
    accepted = [post for post in gateways.posts[before:] if post.request_id]
    assert len(accepted) == len(names)
