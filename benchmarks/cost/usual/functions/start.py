"""S3's event: once a picture and a sound of one name are there, their execution is started, under a name of its own."""

import hashlib
import json
import os
from typing import Any
from urllib.parse import unquote_plus

import boto3
from aws_lambda_powertools import Logger

logger = Logger()
s3, states = boto3.client("s3"), boto3.client("stepfunctions")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    for record in event["Records"]:
        stem = unquote_plus(record["s3"]["object"]["key"]).rpartition(".")[0]
        found = s3.list_objects_v2(Bucket=os.environ["INBOX"], Prefix=f"{stem}.").get("Contents", [])
        parts = {item["Key"].rpartition(".")[2]: item for item in found}
        if not parts.keys() >= {"png", "wav"}:
            continue
        # The same content is the same job: a repeated event finds the name taken.
        name = hashlib.sha256("".join([stem, *sorted(item["ETag"] for item in found)]).encode()).hexdigest()[:26]
        given = {"job_id": name, "stem": stem, "image": parts["png"]["Key"], "audio": parts["wav"]["Key"]}
        try:
            states.start_execution(stateMachineArn=os.environ["MACHINE"], name=name, input=json.dumps(given))
            logger.info("started %s", name)
        except states.exceptions.ExecutionAlreadyExists:
            logger.info("%s runs already", name)
