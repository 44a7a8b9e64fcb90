"""The machine's last task: stream the film to the outbox, write a manifest, tell of it."""

import json
import os
import time
from typing import Any

import boto3
import httpx
from aws_lambda_powertools import Logger

logger = Logger()
s3, events = boto3.client("s3"), boto3.client("events")
table = boto3.resource("dynamodb").Table(os.environ["JOBS"])


class _Body:
    """What upload_fileobj reads from."""

    def __init__(self, response: httpx.Response) -> None:
        self._chunks = response.iter_raw(1024 * 1024)
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        while not 0 <= size <= len(self._left) and (chunk := next(self._chunks, b"")):
            self._left += chunk
        size = len(self._left) if size < 0 else size
        taken, self._left = self._left[:size], self._left[size:]
        return taken


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    outbox, key = os.environ["OUTBOX"], f"{event['stem']}-{event['job_id']}"
    status = "SUCCEEDED" if event["url"] else "FAILED"
    if event["url"]:
        with httpx.stream("GET", event["url"], timeout=30) as response:
            response.raise_for_status()
            extra = {"ContentType": response.headers["Content-Type"]}
            s3.upload_fileobj(_Body(response), outbox, f"{key}.mp4", ExtraArgs=extra)  # type: ignore[arg-type]
    manifest = json.dumps({**event, "status": status, "completed_at": time.time()})
    s3.put_object(Bucket=outbox, Key=f"{key}.json", Body=manifest.encode(), ContentType="application/json")
    entry: Any = {
        "Source": "usual",
        "DetailType": f"Job {status}",
        "Detail": manifest,
        "EventBusName": os.environ["BUS"],
    }
    events.put_events(Entries=[entry])
    table.update_item(
        Key={"job_id": event["job_id"]},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": status},
    )
    logger.info(status)
