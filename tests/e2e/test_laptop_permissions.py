"""A role's session is told no where its policies do not say yes, in the words of each service; people never are."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.moto_server import ACCOUNT, REGION
from local.stack import StartFailed
from tests.e2e.tiny import Tiny

pytestmark = pytest.mark.thorough

_TRUST = (
    '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
)


class Role:
    """A role, and clients with a session of it."""

    def __init__(self, tiny: Tiny) -> None:
        self._iam, self._name = tiny.client("iam"), f"role-{uuid.uuid4().hex}"
        arn = self._iam.create_role(RoleName=self._name, AssumeRolePolicyDocument=_TRUST)["Role"]["Arn"]
        session = tiny.client("sts").assume_role(RoleArn=arn, RoleSessionName="tried")["Credentials"]
        self._keys: dict[str, Any] = {
            "aws_access_key_id": session["AccessKeyId"],
            "aws_secret_access_key": session["SecretAccessKey"],
            "aws_session_token": session["SessionToken"],
            "endpoint_url": tiny.laptop.aws.url,
            "region_name": REGION,
        }
        #: what its errors call it
        self.user = f"arn:aws:sts::{ACCOUNT}:assumed-role/{self._name}/tried"

    def client(self, service: str) -> Any:
        config = Config(signature_version="s3v4") if service == "s3" else None
        return boto3.client(service, config=config, **self._keys)  # type: ignore[call-overload]

    def allow(self, *actions: str, on: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": on}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        self._iam.put_role_policy(RoleName=self._name, PolicyName=uuid.uuid4().hex, PolicyDocument=json.dumps(document))


@pytest.fixture
def role(tiny: Tiny) -> Role:
    return Role(tiny)


def refused(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    return str(caught.value)


def test_what_no_policy_allows_is_denied_with_who_what_and_where(tiny: Tiny, role: Role) -> None:
    dynamodb, key = role.client("dynamodb"), {"id": {"S": "x"}}
    assert refused(dynamodb.get_item, TableName=tiny["Table"], Key=key).endswith(
        f"User: {role.user} is not authorized to perform: dynamodb:GetItem on resource: "
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{tiny['Table']} because no identity-based policy allows the "
        "dynamodb:GetItem action"
    )
    role.allow("dynamodb:GetItem", on=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{tiny['Table']}")
    dynamodb.get_item(TableName=tiny["Table"], Key=key)
    refused(dynamodb.put_item, TableName=tiny["Table"], Item=key)
    tiny.client("dynamodb").put_item(TableName=tiny["Table"], Item=key)


def test_a_transaction_that_may_not_do_all_does_nothing(tiny: Tiny, role: Role) -> None:
    role.allow("dynamodb:PutItem", on="*")
    dynamodb, name = role.client("dynamodb"), uuid.uuid4().hex
    put = {"Put": {"TableName": tiny["Table"], "Item": {"id": {"S": name}}}}
    check = {"TableName": tiny["Table"], "Key": {"id": {"S": "y"}}, "ConditionExpression": "attribute_not_exists(id)"}
    items = [put, {"ConditionCheck": check}]
    assert "dynamodb:ConditionCheckItem" in refused(dynamodb.transact_write_items, TransactItems=items)
    assert "Item" not in tiny.client("dynamodb").get_item(TableName=tiny["Table"], Key={"id": {"S": name}})
    dynamodb.transact_write_items(TransactItems=[put])


def test_every_service_in_use_refuses(tiny: Tiny, role: Role) -> None:
    refused(role.client("sqs").send_message, QueueUrl=tiny["Work"], MessageBody="x")
    refused(role.client("secretsmanager").get_secret_value, SecretId=tiny["Secret"])
    refused(role.client("stepfunctions").start_execution, stateMachineArn=tiny["Machine"], input="{}")
    entry = {"Source": "x", "DetailType": "x", "Detail": "{}", "EventBusName": tiny["Bus"]}
    refused(role.client("events").put_events, Entries=[entry])
    refused(role.client("lambda").invoke, FunctionName=tiny["Step"], Payload=b"{}")


def test_the_connection_of_a_refused_upload_takes_the_next_one(tiny: Tiny, role: Role) -> None:
    s3 = role.client("s3")
    asked = {"Bucket": tiny["Bucket"], "Key": uuid.uuid4().hex, "Body": b"x" * 100_000}
    refused(s3.put_object, **asked)
    role.allow("s3:PutObject", on=f"arn:aws:s3:::{tiny['Bucket']}/*")
    s3.put_object(**asked)
    assert "s3:GetObject on resource" in refused(s3.get_object, Bucket=asked["Bucket"], Key=asked["Key"])
    with pytest.raises(ClientError, match="403"):
        s3.head_object(Bucket=asked["Bucket"], Key=asked["Key"])


def test_a_missing_object_is_denied_to_whoever_may_not_list_its_bucket(tiny: Tiny, role: Role) -> None:
    s3, asked = role.client("s3"), {"Bucket": tiny["Bucket"], "Key": uuid.uuid4().hex}
    role.allow("s3:GetObject", on=f"arn:aws:s3:::{tiny['Bucket']}/*")
    assert "s3:ListBucket" in refused(s3.get_object, **asked)
    role.allow("s3:ListBucket", on=f"arn:aws:s3:::{tiny['Bucket']}")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(**asked)


def test_a_presigned_url_can_do_what_its_maker_may_do_when_it_is_used(tiny: Tiny, role: Role) -> None:
    asked = {"Bucket": tiny["Bucket"], "Key": f"a b/{uuid.uuid4().hex}"}
    tiny.client("s3").put_object(**asked, Body=b"film")
    url = role.client("s3").generate_presigned_url("get_object", Params=asked)
    denied = httpx.get(url)
    assert (denied.status_code, "<Code>AccessDenied</Code>" in denied.text) == (403, True)
    role.allow("s3:GetObject", on=f"arn:aws:s3:::{tiny['Bucket']}/*")
    assert httpx.get(url).content == b"film"


def test_a_queue_feeds_no_function_whose_role_may_not_take_from_it(tiny: Tiny) -> None:
    definition = next(iter(tiny.laptop._functions.values())).definition
    arn = tiny.client("iam").create_role(RoleName=f"role-{uuid.uuid4().hex}", AssumeRolePolicyDocument=_TRUST)
    powerless = replace(definition, role=arn["Role"]["Arn"])
    with pytest.raises(StartFailed, match=f"the role of {definition.name} does not allow sqs:ReceiveMessage on queue"):
        tiny.laptop._check_that_lambda_may_take(powerless, "queue")
