"""A batch of queue messages: what failed or is early comes again, when it should, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dropreel.aws import batch
from dropreel.aws.queues import ComeAgain, Queue


class Sqs:
    """As much of SQS as sets a message's visibility."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.hidden: dict[str, int] = {}
        self._breaks = breaks

    def change_message_visibility(self, **asked: Any) -> None:
        if self._breaks:
            raise ClientError({"Error": {"Code": "RequestThrottled"}}, "ChangeMessageVisibility")
        self.hidden[asked["ReceiptHandle"]] = asked["VisibilityTimeout"]


def _event(*bodies: str, receives: int = 1) -> dict[str, list[dict[str, Any]]]:
    attributes = {"ApproximateReceiveCount": str(receives)}
    return {
        "Records": [
            {"messageId": f"id-{body}", "receiptHandle": f"handle-{body}", "body": body, "attributes": attributes}
            for body in bodies
        ]
    }


def _each(event: dict[str, Any], take: Callable[[str, str], None], sqs: Sqs) -> Any:
    client: Any = sqs
    return batch.each(event, Queue(client, "a-queue"), take)


def test_failed_message_is_named_and_the_others_are_taken() -> None:
    taken, sqs = [], Sqs()

    def take(body: str, message_id: str) -> None:
        if body == "bad":
            raise ValueError(body)
        taken.append((body, message_id))

    answer = _each(_event("one", "bad", "two"), take, sqs)
    assert taken == [("one", "id-one"), ("two", "id-two")]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-bad"}]}
    assert sqs.hidden == {"handle-bad": 15}


def test_batch_without_failures_names_none() -> None:
    sqs = Sqs()
    assert _each(_event("one"), lambda body, message_id: None, sqs) == {"batchItemFailures": []}
    assert sqs.hidden == {}


def _early(body: str, message_id: str) -> None:
    raise ComeAgain(41.2)


@pytest.mark.parametrize("receives", [1, 7])
def test_early_message_comes_again_when_it_is_due(receives: int, caplog: pytest.LogCaptureFixture) -> None:
    sqs = Sqs()
    answer = _each(_event("early", receives=receives), _early, sqs)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-early"}]}
    assert sqs.hidden == {"handle-early": 42}
    assert caplog.records == [], "it is no failure"


@pytest.mark.parametrize(
    ("receives", "seconds"), [(1, 15), (2, 30), (3, 60), (6, 480), (7, 900), (8, 900), (1000, 900)]
)
def test_message_that_goes_on_failing_comes_again_later_each_time(receives: int, seconds: float) -> None:
    assert batch.pause(receives) == seconds


def test_message_whose_visibility_can_not_be_set_comes_again_all_the_same() -> None:
    answer = _each(_event("early"), _early, Sqs(breaks=True))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-early"}]}


def test_end_of_the_process_is_no_failure_of_a_message() -> None:
    def take(body: str, message_id: str) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        _each(_event("one"), take, Sqs())
