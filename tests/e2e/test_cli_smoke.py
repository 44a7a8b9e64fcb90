"""The command line's shortest way: a prompt is dropped, followed, listed and fetched. test_cli_*.py have the rest."""

from __future__ import annotations

import uuid

from tests.e2e.harness import Stack
from tests.e2e.verbs import dropped, dropreel, lines


def test_a_prompt_is_dropped_followed_and_listed(laptop: Stack) -> None:
    name = f"smoke-{uuid.uuid4().hex[:8]}"
    film = dropped(laptop, name, "a cat", "--watch")
    assert film["status"] == "SUCCEEDED"
    assert film["job_id"] in [job["job_id"] for job in lines(dropreel(laptop, "jobs", "--json"))]
