"""Taking news of a job, from a callback or from a poll: one conditional write.

News are hints. The write verifies them as far as a stranger can be told from the gateway, and dedupes them; what
really happened, the delivery asks the gateway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dropreel.aws.jobs_table import JobsTable, Verdict
from dropreel.jobs import ENDED_RANK, RANK
from dropreel.measures import measure


def settle(store: JobsTable, job_id: str, *, status: str, request_id: str, proof: Mapping[str, Any]) -> Verdict:
    """Take a piece of news: from a callback, which proves itself by its token, or from a poll of an attempt."""
    rank = RANK[status]
    progress = status if rank < ENDED_RANK else ""
    verdict = store.settle(job_id, rank=rank, progress=progress, proof=proof, request_id=request_id)
    if verdict is Verdict.NEWS and rank == ENDED_RANK:
        measure("EndByCallback" if "token" in proof else "EndByPoll")
    return verdict
