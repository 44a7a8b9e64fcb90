"""What the page tells people about the stack that it belongs to."""

from collections.abc import Mapping
from typing import Any, get_args

from cli.stack import Stack
from console.models import described
from dropreel.catalog.fields import KIND_OF
from dropreel.catalog.model import Gateway
from dropreel.intake.inbox import LONGEST_TEXT

#: The stack's outputs in the words of `dropreel up --json`.
_ADDRESSES = {
    "InboxBucket": "inbox_bucket",
    "OutboxBucket": "outbox_bucket",
    "QueueUrl": "queue_url",
    "CallbackUrl": "callback_base_url",
    "JobsTable": "jobs_table",
    "EventBus": "event_bus",
}


def facts(there: Stack, paid_gateways: Mapping[str, str]) -> dict[str, Any]:
    """Everything that the page needs to know before it asks."""
    region, account = there.settings.watch_arn.split(":")[3:5]
    endpoint = {"aws_endpoint_url": there.access.endpoint_url} if there.access.endpoint_url else {}
    outputs = {name: there.outputs[output] for output, name in _ADDRESSES.items() if output in there.outputs}
    return {
        "env": there.env,
        "stack": there.name,
        "account": account,
        "region": region,
        "addresses": {**endpoint, "region": region, **outputs},
        "paid_gateways": dict(paid_gateways),
        "quiet_seconds": there.settings.quiet_seconds,
        "kinds": dict(KIND_OF),
        "longest_text": LONGEST_TEXT,
        "models": described(),
    }


def gateways(there: Stack) -> dict[str, str]:
    """The address of each gateway that a stack sends jobs to."""
    return {name: getattr(there.settings, f"{name}_url") for name in get_args(Gateway)}
