"""One look: has a callback said that it is over, or does the gateway say so?"""

import os
from typing import Any

import boto3
import gateway  # type: ignore[import-not-found]  # beside it in the asset
from aws_lambda_powertools import Logger

logger = Logger()
table = boto3.resource("dynamodb").Table(os.environ["JOBS"])


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if os.environ["CALLBACKS"]:
        job = table.get_item(Key={"job_id": event["job_id"]})["Item"]
        if "url" in job:
            return {**event, "done": True, "url": job["url"]}
    return {**event, **gateway.status(event["request_id"])}
