"""Events that leave S3 and EventBridge, with every field that AWS gives them.

See docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html, "How to enable and configure event notifications"
there for the test event, and eb-events-structure.html in EventBridge's user guide.
"""

import secrets
import time
import uuid
from typing import Any

from moto.events.models import Rule, events_backends
from moto.s3 import notifications

from local.strict.moto import replace_in

#: how an object came to be, by the last word of S3's own name for it
_REASONS = {"Put": "PutObject", "Copy": "CopyObject", "Post": "POST Object"}


def apply() -> None:
    """Repairs moto in this process."""
    test_event, to_queue = notifications._get_test_event, Rule._send_to_sqs_queue

    def with_request(bucket_name: str) -> dict[str, Any]:
        return {**test_event(bucket_name), "RequestId": secrets.token_hex(8).upper(), "HostId": "local"}

    def with_account(rule: Rule, queue: str, event: dict[str, Any], group_id: str | None = None) -> None:
        # What a rule makes of an event is left as it is.
        whole = {"detail-type", "source", "detail"} <= event.keys()
        to_queue(rule, queue, {"account": rule.account_id, **event} if whole else event, group_id)

    replace_in(notifications, "_get_test_event", with_request)
    replace_in(notifications, "_send_event_bridge_message", _tell_the_default_bus)
    replace_in(Rule, "_send_to_sqs_queue", with_account)


def _tell_the_default_bus(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
    """A service's events come on no other bus."""
    event: Any = _event(account_id, bucket, event_name, key)
    for rule in events_backends[account_id][bucket.region_name].event_buses["default"].rules.values():
        rule.send_to_targets(event, transform_input=False)


def _event(account_id: str, bucket: Any, event_name: str, key: Any) -> dict[str, Any]:
    (told,) = notifications._get_s3_event(event_name, bucket, key, "")["Records"]
    thing, how = told["s3"]["object"], event_name.rpartition(":")[2]
    version = {"version-id": thing["versionId"]} if "versionId" in thing else {}
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": notifications._detail_type(event_name),
        "source": "aws.s3",
        "account": account_id,
        "time": time.time(),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": {
            "version": "0",
            "event-version": "1.0",
            "bucket": {"name": bucket.name},
            "object": {
                "key": key.name,
                "size": thing["size"],
                "etag": thing["eTag"],
                **version,
                "sequencer": thing["sequencer"],
            },
            "request-id": told["responseElements"]["x-amz-request-id"],
            "requester": account_id,
            "source-ip-address": told["requestParameters"]["sourceIPAddress"],
            "reason": _REASONS.get(how, how),
        },
    }
