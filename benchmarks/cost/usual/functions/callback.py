"""The gateway's callback: taken once, by Powertools' idempotency, and kept for the next look."""

import json
import os
from typing import Any

import boto3
import gateway  # type: ignore[import-not-found]  # beside it in the asset
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent

logger = Logger()
table = boto3.resource("dynamodb").Table(os.environ["JOBS"])
once = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY"])


@logger.inject_lambda_context
@idempotent(persistence_store=once, config=IdempotencyConfig(event_key_jmespath="[rawPath, body]"))
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    path, told = event["pathParameters"], gateway.read(json.loads(event["body"]))
    if not told["done"]:
        return {"statusCode": 202}
    try:
        table.update_item(
            Key={"job_id": path["job_id"]},
            UpdateExpression="SET #url = :url",
            ConditionExpression="#token = :token",
            ExpressionAttributeNames={"#url": "url", "#token": "token"},
            ExpressionAttributeValues={":url": told["url"], ":token": path["token"]},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return {"statusCode": 403}
    logger.info("ended")
    return {"statusCode": 202}
