"""A gateway's callback, from anybody's hand: its form, its proof, and what its sender is told."""

from __future__ import annotations

from dropreel.aws.jobs_table import JobsTable, Verdict
from dropreel.aws.queues import Deliveries
from dropreel.gateways.words import parsed
from dropreel.jobs import ENDED_RANK, RANK, is_address, is_request_id, token_hash
from dropreel.outcome.settle import settle

#: Bytes of the largest callback that is read.
LARGEST_CALLBACK = 256 * 1024


def take_callback(store: JobsTable, deliveries: Deliveries, job_id: str, token: str, body: bytes) -> int:
    """Take a callback and return its HTTP status: 202, 200, 400, 403 or 413.

    Whoever brings the end first has the delivery woken. It may die between its write and its message: the watch makes
    that good; after an expired job's watch is over, whoever brings the end again does.
    """
    if len(body) > LARGEST_CALLBACK:
        return 413
    news = _read(body)
    if news is None:
        return 400
    if not is_address(job_id, token):
        return 403
    status, request_id = news
    proof = {"token": token_hash(token)}
    verdict = settle(store, job_id, status=status, request_id=request_id, proof=proof)
    if verdict in (Verdict.NEWS, Verdict.AGAIN) and RANK[status] == ENDED_RANK:
        deliveries.wake(job_id)
    return {Verdict.NEWS: 202, Verdict.STRANGER: 403}.get(verdict, 200)


def _read(body: bytes) -> tuple[str, str] | None:
    """Status and request id of a callback of the documented form, or None.

    The rest is not looked at: what it says of outputs and errors, the gateway is asked for.
    """
    found = parsed(body)
    if not isinstance(found, dict):
        return None
    status, request_id = found.get("status"), found.get("request_id")
    known = isinstance(status, str) and status in RANK and is_request_id(request_id)
    return (str(status), str(request_id)) if known else None
