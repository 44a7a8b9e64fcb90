"""A callback as one usually writes it with Powertools: routed, parsed, done once, passed on over HTTP."""

import os
from typing import Any

import boto3
import httpx
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.parser import BaseModel, parse

logger = Logger()
metrics = Metrics()
app = APIGatewayHttpResolver()
client = httpx.Client()
table = DynamoDBPersistenceLayer(os.environ["TABLE"], boto3_client=boto3.client("dynamodb"))


class News(BaseModel):
    request_id: str
    status: str
    output: dict[str, Any] | None = None


@app.post("/callbacks/<job_id>/<token>")
def callback(job_id: str, token: str) -> Response[str]:
    news = parse(app.current_event.json_body, model=News)
    take(news=news.model_dump())
    return Response(202)


@idempotent_function(  # type: ignore[untyped-decorator]
    data_keyword_argument="news", persistence_store=table, config=IdempotencyConfig(event_key_jmespath="request_id")
)
def take(*, news: dict[str, Any]) -> int:
    return client.post(os.environ["URL"], json=news).status_code


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
