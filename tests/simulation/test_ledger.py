"""The money's ledger under real threads, and the marks of held jobs: where one thread at a time would prove little."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dropreel.aws.budget import Budget
from dropreel.aws.gates import Gates
from dropreel.aws.jobs_table import JobsTable
from dropreel.jobs import Job, Status

DAY = "2030-01-01"


class OneByOne:
    """A client whose calls are isolated from each other, as DynamoDB's are.

    moto's are not: a transaction that fails puts the tables back as they were, without what others wrote meanwhile.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return partial(self._call, found) if inspect.ismethod(found) else found

    def _call(self, operation: Callable[..., Any], *names: str, **arguments: Any) -> Any:
        time.sleep(0)  # let the others in
        with self._lock:
            return operation(*names, **arguments)


NOW = 1_893_456_000.0


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="localhost", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    try:
        yield OneByOne(session.client("dynamodb", endpoint_url=f"http://localhost:{port}"))
    finally:
        server.stop()


@pytest.fixture
def ledger(dynamodb: Any, request: pytest.FixtureRequest) -> tuple[JobsTable, Gates, Budget]:
    name = request.node.name
    for table, keys in ((f"jobs-{name}"[:200], ["job_id"]), (f"gates-{name}"[:200], ["name", "item"])):
        dynamodb.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    jobs, gates = f"jobs-{name}"[:200], f"gates-{name}"[:200]
    budget = Budget(dynamodb, gates, jobs, lambda: NOW)
    return JobsTable(dynamodb, jobs, lambda: NOW), Gates(dynamodb, gates), budget


def an_attempt(number: int, usd: Decimal) -> Job:
    job = Job(f"job{number}", "veo-3-1", "pixazo", Status.SUBMITTING, f"veo-3-1/{number}", attempt=1)
    return job.evolve(reserved_day=DAY, reserved_usd=usd)


def test_no_number_of_submitters_overspends_by_a_cent(ledger: tuple[JobsTable, Gates, Budget]) -> None:
    store, _, budget = ledger
    price, limit = Decimal("0.37"), Decimal("3.70")
    attempts = [an_attempt(number, price) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda job: budget.reserve(store.intent(job, None), DAY, price, limit), attempts))
    assert sum(won) == 10
    assert budget.spent(DAY) == limit
    assert sum(store.get(job.job_id) is not None for job in attempts) == 10, "a job without a reservation has no intent"


def test_a_reservation_is_given_back_once_whoever_asks(ledger: tuple[JobsTable, Gates, Budget]) -> None:
    store, _, budget = ledger
    job, other = an_attempt(1, Decimal("1.20")), an_attempt(2, Decimal("1.20"))
    for attempt in (job, other):
        assert budget.reserve(store.intent(attempt, None), DAY, Decimal("1.20"), Decimal(5))
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: budget.release(job), range(16))) == 1
    assert budget.spent(DAY) == Decimal("1.20")


def test_one_job_is_begun_once_whoever_tries(ledger: tuple[JobsTable, Gates, Budget]) -> None:
    store, _, budget = ledger
    tries = [an_attempt(1, Decimal(1)).evolve(token_hash=str(number)) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda job: budget.reserve(store.intent(job, None), DAY, Decimal(1), Decimal(9)), tries))
    assert sum(won) == 1
    assert budget.spent(DAY) == Decimal(1)


def test_a_job_that_was_held_again_keeps_its_mark(ledger: tuple[JobsTable, Gates, Budget]) -> None:
    _, gates, _ = ledger
    job = Job("a-job", "veo-3-1", "pixazo", Status.HELD, "veo-3-1/1")
    gates.mark("pixazo", job)
    seen = gates.held("pixazo", 10)
    gates.mark("pixazo", job)
    gates.unmark("pixazo", "a-job", seen["a-job"])
    assert list(gates.held("pixazo", 10)) == ["a-job"], "somebody else's mark was taken away"
    gates.unmark("pixazo", "a-job")
    assert gates.held("pixazo", 10) == {}
