"""The events of events/, told of a test's own world."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from dropreel.jobs import Job
from local.gateways.journal import Post
from tests.integration.world import INBOX

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
#: What the samples call the inbox, the request and the token.
SAMPLE_INBOX = "dropreel-dev-inbox-example"
SAMPLE_REQUEST = "veo-3-1-fast_019d42ce-ae71-7999-24c9-5d76447ecafb4"
SAMPLE_TOKEN = "EXAMPLE-token-which-opens-nothing-012345678"
#: The picture of the s3-created samples.
PICTURE = "veed-fabric/campaign 7+/café.png"


def sample(path: str) -> Any:
    """A sample as it lies in events/, but of this world's inbox (and with hashes that are right again)."""
    event = json.loads((EVENTS / path).read_text())
    for record in event.get("Records", []):
        record["body"] = record["body"].replace(SAMPLE_INBOX, INBOX)
        record["md5OfBody"] = hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
    return event


def called_back(path: str, post: Post) -> Any:
    """A sample callback as the gateway would send it for this POST: to its address, of its request."""
    event = json.loads((EVENTS / path).read_text())
    job_id, token = post.headers["x-webhook-url"].split("/")[-2:]
    event["pathParameters"] = {"job_id": job_id, "token": token}
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"/callbacks/{job_id}/{token}"
    body = body_of(event).replace(SAMPLE_REQUEST, str(post.request_id))
    return with_body(event, body)


def with_body(event: Any, body: str) -> Any:
    """A callback with another body, encoded as it was."""
    encoded = base64.b64encode(body.encode()).decode() if event["isBase64Encoded"] else body
    return {**event, "body": encoded}


def body_of(event: Any) -> str:
    body: str = event["body"]
    return base64.b64decode(body).decode() if event["isBase64Encoded"] else body


def queued(body: str, message_id: str = "059f36b4-87a3-44ab-83d2-661975830a7d") -> Any:
    """One queue message as a function's event."""
    event = sample("submit/message.json")
    event["Records"][0] |= {"body": body, "messageId": message_id}
    return event


def for_job(event: Any, job: Job) -> Any:
    """A sample of deliver/ or poll/ about this very attempt."""
    known = sample("poll/look.json")
    text = json.dumps(event).replace(known["watch"], job.execution_name)
    return json.loads(text.replace(known["job_id"], job.job_id))
