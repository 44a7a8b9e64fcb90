"""An AWS account in this process: DynamoDB, S3, Secrets Manager and EventBridge are moto's, behind real boto3 clients.

The effect boundaries are botocore's own hooks, so that every call counts, those of paginators included.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
from botocore import UNSIGNED, xform_name
from moto import mock_aws
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.exceptions import DynamodbException
from moto.dynamodb.responses import DynamoHandler

from dropreel.aws.clients import CONFIG
from dropreel.aws.items import from_item
from dropreel.jobs import Job
from local import strict
from tests import quick_moto
from tests.simulation.effects import Effects
from tests.tables import create_tables

REGION = "us-east-1"
INBOX, OUTBOX, JOBS, GATES, BUS = "the-inbox", "the-outbox", "jobs", "gates", "bus"
KEYS = {"pixazo": "key-of-pixazo-TOPSECRET", "aimlapi": "key-of-aimlapi-TOPSECRET"}
#: Operations that moto does not repeat as AWS does, which knows a repetition by a token of the client's.
REPEATED_BY_TOKEN = frozenset({"TransactWriteItems"})


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object."""

    key: str
    body: bytes
    metadata: dict[str, str]


@dataclass(slots=True)
class Account:
    """The account that is current, and what is true of it whoever looks."""

    effects: Effects
    #: Virtual epoch seconds.
    clock: Callable[[], float]
    clients: dict[str, Any]
    #: Every entry that was put on the event bus.
    events: list[dict[str, Any]] = field(default_factory=list)

    def jobs(self) -> dict[str, Job]:
        """Every record of the jobs table, read past the API and so without an effect."""
        return {job_id: from_item(found) for job_id, found in self._records()}

    def jobs_and_hints(self) -> tuple[dict[str, Job], dict[str, int]]:
        """Every record, and the rank of the newest news of each."""
        records = list(self._records())
        hints = {job_id: int(found["hint"]["N"]) for job_id, found in records if "hint" in found}
        return {job_id: from_item(found) for job_id, found in records}, hints

    def _records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, item in _backend("dynamodb").tables[JOBS].items.items():
            yield str(key.value), item.to_json()["Attributes"]

    def expire(self) -> None:
        """DynamoDB's TTL: take away every record whose time has come."""
        items = _backend("dynamodb").tables[JOBS].items
        for key, item in list(items.items()):
            expires = item.to_json()["Attributes"].get("expires_at")
            if expires and int(expires["N"]) <= self.clock():
                del items[key]

    def gates(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Every item of the gates table."""
        items = _backend("dynamodb").tables[GATES].items
        return {
            (name.value, item.value): found.to_json()["Attributes"]
            for name, row in items.items()
            for item, found in row.items()
        }

    def versions(self, bucket: str) -> list[Stored]:
        """Every version of every object that a bucket ever held, oldest first."""
        keys = _backend("s3", "aws").buckets[bucket].keys
        return [
            Stored(name, key.value, {label.removeprefix("x-amz-meta-"): text for label, text in key.metadata.items()})
            for name in list(keys)
            for key in keys.getlist(name)
        ]

    def objects(self, bucket: str) -> dict[str, Stored]:
        """The newest version of each."""
        return {stored.key: stored for stored in self.versions(bucket)}


def _backend(service: str, region: str = REGION) -> Any:
    return get_backend(service)[DEFAULT_ACCOUNT_ID][region]  # type: ignore[call-overload]


class Accounts:
    """Makes fresh accounts quickly: the clients and all that has no state of its own are kept."""

    def __init__(self) -> None:
        self._current: Account | None = None
        self._clients = {name: self._client(name) for name in ("dynamodb", "s3", "secretsmanager", "events")}
        self._clients["events"].create_event_bus(Name=BUS)
        for name, key in KEYS.items():
            self._clients["secretsmanager"].create_secret(Name=name, SecretString=key)

    def fresh(self, effects: Effects, clock: Callable[[], float]) -> Account:
        """An empty account; the one before is gone."""
        self._current = None
        for service, region in (("dynamodb", REGION), ("s3", "aws")):
            _backend(service, region).reset()
        create_tables(self._clients["dynamodb"])
        for bucket in (INBOX, OUTBOX):
            self._clients["s3"].create_bucket(Bucket=bucket)
            self._clients["s3"].put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self._current = Account(effects, clock, self._clients)
        return self._current

    def now(self) -> datetime:
        """What moto's S3 takes for the present."""
        seconds = self._current.clock() if self._current else 0.0
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)

    def _client(self, service: str) -> Any:
        client = boto3.client(service, region_name=REGION, config=CONFIG)  # type: ignore[call-overload]
        client.meta.events.register("before-call", self._before)
        client.meta.events.register("after-call", self._after)
        client.meta.events.register_first("needs-retry", self._again)
        client.meta.events.register("choose-signer", lambda **_: UNSIGNED)
        client.meta.events.register("provide-client-params.events.PutEvents", self._event)
        client.meta.events.register("provide-client-params.dynamodb.GetItem", self._read)
        client.meta.events.register("provide-client-params.s3.PutObject", _immutable)
        return client

    def _before(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
        """A call begins. What DynamoDB is asked, moto's operation answers at once: without HTTP that takes a third."""
        if self._current:
            self._current.effects.before(model.name)
        if model.service_model.service_name != "dynamodb":
            return None
        if self._again(model, 1) is not None:
            _answered(model.name, params["body"])
        return _answered(model.name, params["body"])

    def _after(self, model: Any, **_: Any) -> None:
        if self._current:
            self._current.effects.after(model.name)

    def _again(self, operation: Any, attempts: int, **_: Any) -> float | None:
        repeatable = self._current is not None and attempts == 1 and operation.name not in REPEATED_BY_TOKEN
        return 0.0 if repeatable and self._current and self._current.effects.answer_lost(operation.name) else None

    def _event(self, params: dict[str, Any], **_: Any) -> None:
        if self._current:
            self._current.events += [json.loads(entry["Detail"]) for entry in params["Entries"]]

    def _read(self, params: dict[str, Any], **_: Any) -> None:
        life = self._current.effects.life if self._current else None
        if life and params["TableName"] == GATES and params["Key"]["item"]["S"] == "gate":
            life.reads_gate = params["Key"]["name"]["S"]


def _answered(operation: str, body: bytes) -> tuple[Any, dict[str, Any]]:
    """What moto's DynamoDB says to a request, as botocore hands it on."""
    if operation == "GetItem":
        asked = json.loads(body)
        found = _backend("dynamodb").get_item(asked["TableName"], asked["Key"])
        return SimpleNamespace(status_code=200), {"Item": found.to_json()["Attributes"]} if found else {}
    handler = DynamoHandler()
    handler.region, handler.current_account = REGION, DEFAULT_ACCOUNT_ID
    handler.body = handler.params = json.loads(body)
    try:
        result = getattr(handler, xform_name(operation))().result
    except DynamodbException as error:
        told = json.loads(error.description)
        words = {"Code": told.pop("__type").rpartition("#")[2], "Message": told.get("message") or told.get("Message")}
        return SimpleNamespace(status_code=400), told | {"Error": words}
    return SimpleNamespace(status_code=200), result or {}


def _immutable(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    """botocore takes a bytearray as a body; moto, in the same process, does not."""
    return params | ({"Body": bytes(params["Body"])} if isinstance(params.get("Body"), bytearray) else {})


@contextmanager
def accounts() -> Iterator[Accounts]:
    """AWS in this process, for as long as the context lasts."""
    quick_moto.install()
    strict.apply()
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
    with mock.patch.dict(os.environ, credentials), mock_aws():
        os.environ.pop("AWS_ENDPOINT_URL", None)
        made = Accounts()
        gc.freeze()  # what moto and botocore have loaded stays; looking through it again takes a tenth of a run
        # S3's times are what the quiet time is measured by, so they have to be virtual too.
        with mock.patch("moto.s3.models.utcnow", made.now):
            yield made
