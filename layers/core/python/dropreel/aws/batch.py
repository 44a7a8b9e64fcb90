"""A batch of queue messages, of which only those that failed, or are too early, come again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from dropreel.aws.queues import ComeAgain, Queue
from dropreel.measures import measure

logger = logging.getLogger(__name__)

#: Seconds until a message that failed comes again: the first time, and at most; doubled each time.
FIRST_PAUSE, LONGEST_PAUSE = 15.0, 900.0


def each(event: Mapping[str, Any], queue: Queue, take: Callable[[str, str], None]) -> dict[str, list[dict[str, str]]]:
    """Give every message to `take`, as its body and its id; answer in SQS's words which ones are to come again."""
    again = []
    for record in event["Records"]:
        try:
            take(record["body"], record["messageId"])
        except ComeAgain as early:
            queue.hide(record["receiptHandle"], max(early.seconds, _pause_of(record) if early.later else 0))
        except Exception:  # whatever it was, the others are not to wait for it
            logger.exception("the message %s failed; it comes again", record["messageId"])
            measure("Failure")
            queue.hide(record["receiptHandle"], _pause_of(record))
        else:
            continue
        again.append({"itemIdentifier": str(record["messageId"])})
    return {"batchItemFailures": again}


def _pause_of(record: Mapping[str, Any]) -> float:
    return pause(int(record["attributes"]["ApproximateReceiveCount"]))


def pause(receives: int) -> float:
    """Seconds until a message comes again that has failed after so many receives."""
    return float(min(FIRST_PAUSE * 2.0 ** min(receives - 1, 10), LONGEST_PAUSE))
