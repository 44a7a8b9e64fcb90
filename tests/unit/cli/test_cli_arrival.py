"""`dropreel doctor --wait`: whether what is dropped arrives, and whether the account has room for what it sets off."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from cli import arrival, quota
from cli.check import State
from cli.stack import Stack
from dropreel.errors import Mistake
from dropreel.intake import drops
from tests.unit.stacks import a_stack


@pytest.fixture
def there() -> Iterator[Stack]:
    with a_stack() as made:
        for bucket in ("inbox", "outbox"):
            made.s3.create_bucket(Bucket=bucket)
        yield made


def objects(there: Stack, bucket: str) -> list[str]:
    return [item["Key"] for item in there.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_an_inbox_is_live_once_a_drop_is_answered_and_nothing_of_it_is_left(
    there: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "AGAIN", 0.0)
    monkeypatch.setattr(arrival, "LOOK_AGAIN", 0.0)
    dropped: list[str] = []

    def answer(params: dict[str, Any], **_: Any) -> None:
        """S3 tells nobody of the first two."""
        if params["Bucket"] == "inbox":
            dropped.append(params["Key"])
            if len(dropped) == 3:
                key = f"rejected/{params['Key'].removesuffix('.txt')}-a-job.json"
                there.s3.put_object(Bucket="outbox", Key=key, Body=b"{}")

    there.s3.meta.events.register("provide-client-params.s3.PutObject", answer)
    found = arrival.inbox(there)
    assert (found.state, found.said.partition(":")[0]) == (State.FINE, "live")
    assert len(dropped) == 3
    assert len(set(dropped)) == 1
    assert objects(there, "inbox") == objects(there, "outbox") == []


def test_what_is_dropped_to_see_can_be_no_job() -> None:
    with pytest.raises(Mistake, match="is not a model"):
        drops.parse(f"{arrival.FOLDER}/x.txt")
    assert not drops.ignored(f"{arrival.FOLDER}/x.txt")


def test_an_inbox_of_which_nobody_is_told_is_given_up_after_a_while(there: Stack) -> None:
    times = iter([0.0, 0.0, arrival.MOST])
    found = arrival.inbox(there, clock=lambda: next(times))
    assert found.state is State.BAD
    assert found.said == "nothing that is dropped is answered within 15 min 0 s"
    assert objects(there, "inbox") == []


def an_account(there: Stack, allowed: int | None) -> Stack:
    """One of which Lambda says that it may run so many functions, or nothing at all."""

    def settings() -> dict[str, Any]:
        if allowed is None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAccountSettings")
        return {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": allowed}}

    def mappings(EventSourceArn: str) -> dict[str, Any]:  # noqa: N803
        most = {"intake": 20, "deliver": 10}[EventSourceArn.rpartition(":")[2]]
        return {"EventSourceMappings": [{"ScalingConfig": {"MaximumConcurrency": most}}]}

    lambda_ = SimpleNamespace(get_account_settings=settings, list_event_source_mappings=mappings)
    return cast("Stack", SimpleNamespace(client=lambda _: lambda_, sqs=there.sqs, settings=there.settings))


@pytest.mark.parametrize(("allowed", "state"), [(10, State.LOOK), (39, State.LOOK), (40, State.FINE)])
def test_a_small_quota_of_the_account_is_told_with_what_to_do(there: Stack, allowed: int, state: State) -> None:
    found = quota.concurrency(an_account(there, allowed))
    assert found.state is state
    assert found.said == f"{allowed} functions may run at the same time; the queues ask for 30 at most"
    assert ("request-service-quota-increase" in found.todo) is (state is State.LOOK)


def test_whoever_may_not_see_the_quota_is_told_so(there: Stack) -> None:
    assert quota.concurrency(an_account(there, None)).said == "not looked at: AccessDeniedException"
