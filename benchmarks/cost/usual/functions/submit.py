"""The machine's first task: record the job, then POST it once."""

import os
import secrets
import time
from typing import Any

import boto3
import gateway  # type: ignore[import-not-found]  # beside it in the asset
from aws_lambda_powertools import Logger

logger = Logger()
s3, table = boto3.client("s3"), boto3.resource("dynamodb").Table(os.environ["JOBS"])


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    token = secrets.token_urlsafe(32)
    job = {"job_id": event["job_id"], "status": "SUBMITTED", "token": token, "created_at": int(time.time())}
    table.put_item(Item=job | {"image": event["image"], "audio": event["audio"]})
    base = os.environ["CALLBACKS"]
    body = {"image_url": _lent(event["image"]), "audio_url": _lent(event["audio"]), "resolution": "480p"}
    request_id = gateway.submit(body, f"{base}/callbacks/{event['job_id']}/{token}" if base else "")
    logger.info("submitted as %s", request_id)
    return {**event, "request_id": request_id}


def _lent(key: str) -> str:
    return s3.generate_presigned_url("get_object", Params={"Bucket": os.environ["INBOX"], "Key": key}, ExpiresIn=3600)
