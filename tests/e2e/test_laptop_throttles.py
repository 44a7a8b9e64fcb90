"""A message whose function is throttled has been received all the same."""

import uuid
from typing import Any

import pytest
from moto.sqs.models import SQSBackend

from local import strict
from local.queues import Mapping, Poller
from local.runtime_api import Answer
from local.strict.functions import Throttled
from tests.e2e.tiny import eventually

pytestmark = pytest.mark.thorough


def test_throttled_receives_count_until_there_are_too_many() -> None:
    strict.apply()
    backend, name = SQSBackend("us-east-1", "123456789012"), uuid.uuid4().hex
    dead = backend.create_queue(f"{name}-dead")
    queue: Any = backend.create_queue(name, VisibilityTimeout="1")
    queue.dead_letter_queue, queue.redrive_policy = dead, {"maxReceiveCount": 2}
    asked = []

    def throttled(event: bytes) -> Answer:
        asked.append(event)
        raise Throttled

    backend.send_message(name, "{}")
    mapping = Mapping(queue_name=name, queue_arn=queue.queue_arn, batch_size=1, reports_failures=True)
    poller = Poller(mapping, backend=backend, region="us-east-1", invoke=throttled)
    poller.start()
    try:
        assert eventually(lambda: dead._messages)
    finally:
        poller.stop()
    assert [b'"ApproximateReceiveCount": "%d"' % count in event for count, event in enumerate(asked, start=1)] == [
        True
    ] * 2
