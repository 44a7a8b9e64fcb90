"""A batch of queue messages: what failed comes again, and nothing else."""

from __future__ import annotations

import pytest

from dropreel import batch


def _event(*bodies: str) -> dict[str, list[dict[str, str]]]:
    return {"Records": [{"messageId": f"id-{body}", "body": body} for body in bodies]}


def test_failed_message_is_named_and_the_others_are_taken() -> None:
    taken = []

    def take(body: str, message_id: str) -> None:
        if body == "bad":
            raise ValueError(body)
        taken.append((body, message_id))

    answer = batch.each(_event("one", "bad", "two"), take)
    assert taken == [("one", "id-one"), ("two", "id-two")]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-bad"}]}


def test_batch_without_failures_names_none() -> None:
    assert batch.each(_event("one"), lambda body, message_id: None) == {"batchItemFailures": []}


def test_end_of_the_process_is_no_failure_of_a_message() -> None:
    def take(body: str, message_id: str) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        batch.each(_event("one"), take)
