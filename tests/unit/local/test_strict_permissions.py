"""What a request asks permission for, and which statements allow it; the pages are AWS's."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from moto import mock_aws
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from local.strict import permissions
from local.strict.permissions import Call

ACCOUNT, REGION = "123456789012", "us-east-1"
DYNAMODB, SQS = (f"arn:aws:{service}:{REGION}:{ACCOUNT}" for service in ("dynamodb", "sqs"))
_TRUST = (
    '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
)


@pytest.fixture(scope="module")
def session() -> Any:
    with mock_aws():
        boto3.client("iam").create_role(RoleName="submit", AssumeRolePolicyDocument=_TRUST)
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="inbox")
        s3.put_object(Bucket="inbox", Key="a/b c.png", Body=b"x")
        arn = f"arn:aws:iam::{ACCOUNT}:role/submit"
        yield boto3.client("sts", region_name=REGION).assume_role(RoleArn=arn, RoleSessionName="one")["Credentials"]


def called(session: Mapping[str, Any], service: str, method: str, **arguments: Any) -> list[tuple[str, str]]:
    """What a real client's call asks for."""
    sent: list[AWSPreparedRequest] = []

    def keep(request: AWSPreparedRequest, **_: Any) -> None:
        sent.append(request)
        raise InterruptedError

    client = _client(session, service)
    client.meta.events.register_first("before-send", keep)
    with pytest.raises(InterruptedError):
        getattr(client, method)(**arguments)
    return of(sent[0].method, sent[0].url, dict(sent[0].headers), sent[0].body)


def of(method: str, url: str, headers: Mapping[str, Any] | None = None, body: Any = b"") -> list[tuple[str, str]]:
    text = {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in (headers or {}).items()}
    environ = EnvironBuilder(path=url, method=method, headers=list(text.items()), data=body or b"").get_environ()
    asked = permissions.asked(Request(environ))
    assert asked is not None
    return [(call.action, call.resource) for call in asked.calls]


def _client(session: Mapping[str, Any], service: str) -> Any:
    names = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
    keys = {name: session[key] for name, key in {**names, "aws_session_token": "SessionToken"}.items()}
    endpoint = {"endpoint_url": "http://localhost:1", "region_name": REGION}
    config = Config(signature_version="s3v4") if service == "s3" else None
    return boto3.client(service, **endpoint, **keys, config=config)  # type: ignore[call-overload]


def test_a_transaction_is_its_single_writes_each_on_its_table(session: Any) -> None:
    key = {"id": {"S": "1"}}
    writes = [
        {"Put": {"TableName": "jobs", "Item": key}},
        {"Update": {"TableName": "gates", "Key": key, "UpdateExpression": "REMOVE a"}},
        {"Delete": {"TableName": "gates", "Key": key}},
        {"ConditionCheck": {"TableName": "jobs", "Key": key, "ConditionExpression": "attribute_exists(id)"}},
    ]
    assert called(session, "dynamodb", "transact_write_items", TransactItems=writes) == [
        ("dynamodb:PutItem", f"{DYNAMODB}:table/jobs"),
        ("dynamodb:UpdateItem", f"{DYNAMODB}:table/gates"),
        ("dynamodb:DeleteItem", f"{DYNAMODB}:table/gates"),
        ("dynamodb:ConditionCheckItem", f"{DYNAMODB}:table/jobs"),
    ]
    reads = [{"Get": {"TableName": "jobs", "Key": key}}]
    wanted = [("dynamodb:GetItem", f"{DYNAMODB}:table/jobs")]
    assert called(session, "dynamodb", "transact_get_items", TransactItems=reads) == wanted


def test_a_batch_is_an_action_of_its_own_on_each_table_and_an_index_a_resource(session: Any) -> None:
    items = {"jobs": {"Keys": [{"id": {"S": "1"}}]}, "gates": {"Keys": [{"id": {"S": "1"}}]}}
    assert called(session, "dynamodb", "batch_get_item", RequestItems=items) == [
        ("dynamodb:BatchGetItem", f"{DYNAMODB}:table/jobs"),
        ("dynamodb:BatchGetItem", f"{DYNAMODB}:table/gates"),
    ]
    asked = {"TableName": "jobs", "IndexName": "attention", "KeyConditionExpression": "a = :a"}
    wanted = [("dynamodb:Query", f"{DYNAMODB}:table/jobs/index/attention")]
    assert called(session, "dynamodb", "query", ExpressionAttributeValues={":a": {"S": "x"}}, **asked) == wanted


@pytest.mark.parametrize(
    ("method", "arguments", "action"),
    [
        ("send_message", {"MessageBody": "x"}, "SendMessage"),
        ("send_message_batch", {"Entries": [{"Id": "1", "MessageBody": "x"}]}, "SendMessage"),
        ("change_message_visibility", {"ReceiptHandle": "x", "VisibilityTimeout": 1}, "ChangeMessageVisibility"),
    ],
)
def test_a_batch_of_messages_is_its_single_action(session: Any, method: str, arguments: Any, action: str) -> None:
    url = f"http://localhost:1/{ACCOUNT}/intake"
    assert called(session, "sqs", method, QueueUrl=url, **arguments) == [(f"sqs:{action}", f"{SQS}:intake")]


def test_events_executions_and_secrets_are_named_by_their_arns(session: Any) -> None:
    entry = {"Source": "x", "DetailType": "x", "Detail": "{}"}
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus"
    entries = [entry | {"EventBusName": "own"}, entry | {"EventBusName": f"{bus}/other"}, entry]
    wanted = [("events:PutEvents", f"{bus}/{name}") for name in ("own", "other", "default")]
    assert called(session, "events", "put_events", Entries=entries) == wanted
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:Watch"
    assert called(session, "stepfunctions", "start_execution", stateMachineArn=machine) == [
        ("states:StartExecution", machine)
    ]
    execution = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:Watch:one"
    assert called(session, "stepfunctions", "stop_execution", executionArn=execution) == [
        ("states:StopExecution", execution)
    ]
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:pixazo-abc"
    assert called(session, "secretsmanager", "get_secret_value", SecretId=secret) == [
        ("secretsmanager:GetSecretValue", secret)
    ]


_OBJECT = {"Bucket": "inbox", "Key": "a/b c.png"}
_ARN = "arn:aws:s3:::inbox/a/b c.png"


@pytest.mark.parametrize(
    ("method", "arguments", "action", "resource"),
    [
        ("get_object", {**_OBJECT, "Range": "bytes=0-9"}, "GetObject", _ARN),
        ("head_object", _OBJECT, "GetObject", _ARN),
        ("get_object", {**_OBJECT, "VersionId": "7"}, "GetObjectVersion", _ARN),
        ("head_object", {**_OBJECT, "VersionId": "7"}, "GetObjectVersion", _ARN),
        ("put_object", _OBJECT, "PutObject", _ARN),
        ("create_multipart_upload", _OBJECT, "PutObject", _ARN),
        ("upload_part", {**_OBJECT, "UploadId": "u", "PartNumber": 1, "Body": b"x"}, "PutObject", _ARN),
        ("complete_multipart_upload", {**_OBJECT, "UploadId": "u"}, "PutObject", _ARN),
        ("abort_multipart_upload", {**_OBJECT, "UploadId": "u"}, "AbortMultipartUpload", _ARN),
        ("delete_object", _OBJECT, "DeleteObject", _ARN),
        ("get_object_tagging", _OBJECT, "GetObjectTagging", _ARN),
        ("list_objects_v2", {"Bucket": "inbox", "Prefix": "a/"}, "ListBucket", "arn:aws:s3:::inbox"),
        ("head_bucket", {"Bucket": "inbox"}, "ListBucket", "arn:aws:s3:::inbox"),
        ("list_object_versions", {"Bucket": "inbox"}, "ListBucketVersions", "arn:aws:s3:::inbox"),
    ],
)
def test_what_s3_is_asked_is_named_as_iam_names_it(
    session: Any, method: str, arguments: Any, action: str, resource: str
) -> None:
    assert called(session, "s3", method, **arguments) == [(f"s3:{action}", resource)]


def test_a_write_that_compares_reads_and_so_does_a_copy(session: Any) -> None:
    assert called(session, "s3", "put_object", **_OBJECT, IfMatch='"x"') == [
        ("s3:PutObject", _ARN),
        ("s3:GetObject", _ARN),
    ]
    assert called(session, "s3", "copy_object", **_OBJECT, CopySource={"Bucket": "other", "Key": "c"}) == [
        ("s3:PutObject", _ARN),
        ("s3:GetObject", "arn:aws:s3:::other/c"),
    ]


def test_that_an_object_is_missing_is_told_to_those_only_who_may_list(session: Any) -> None:
    assert called(session, "s3", "head_object", Bucket="inbox", Key="gone") == [
        ("s3:GetObject", "arn:aws:s3:::inbox/gone"),
        ("s3:ListBucket", "arn:aws:s3:::inbox"),
    ]


def test_a_presigned_url_asks_in_the_name_of_who_made_it(session: Any) -> None:
    url = _client(session, "s3").generate_presigned_url("get_object", Params={**_OBJECT, "VersionId": "7"})
    assert of("GET", url) == [("s3:GetObjectVersion", _ARN)]


def test_people_are_asked_nothing_whatever_their_key_is(session: Any) -> None:
    credential = "Credential=any/20300101/us-east-1/sqs/aws4_request"
    for headers in ({}, {"Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"}):
        assert permissions.asked(Request(EnvironBuilder(path="/", headers=list(headers.items())).get_environ())) is None


def allow(action: Any, resource: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([allow("s3:GetObject", "arn:aws:s3:::b/*")], True),
        ([allow(["s3:PutObject", "s3:getobject"], ["x", "arn:aws:s3:::b/?"])], True),
        ([allow("s3:Get*", "*")], True),
        ([], False),
        ([allow("s3:GetObjectVersion", "arn:aws:s3:::b/*")], False),
        ([allow("s3:Get", "arn:aws:s3:::b/*")], False),
        ([allow("s3:GetObject", "arn:aws:s3:::b")], False),
        ([allow("s3:GetObject", "arn:aws:s3:::B/*")], False),
        ([allow("s3:GetObject", "arn.aws:s3:::b/a")], False),
        ([allow("*", "*"), allow("s3:*", "arn:aws:s3:::b/*", "Deny")], False),
        ([allow("*", "*", Condition={"Bool": {"aws:SecureTransport": "true"}})], False),
    ],
)
def test_some_statement_allows_a_call_and_none_forbids_it(statements: list[Any], allowed: bool) -> None:
    assert permissions.allows(statements, Call("s3:GetObject", "arn:aws:s3:::b/a")) is allowed


def test_a_role_may_do_what_its_policies_say(session: Any) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": allow("sqs:SendMessage", "*")})
    boto3.client("iam").put_role_policy(RoleName="submit", PolicyName="own", PolicyDocument=document)
    role = f"arn:aws:iam::{ACCOUNT}:role/submit"
    assert permissions.may(role, Call("sqs:SendMessage", f"{SQS}:intake"))
    assert not permissions.may(role, Call("sqs:DeleteMessage", f"{SQS}:intake"))


def test_a_role_that_people_take_is_not_looked_at(session: Mapping[str, Any]) -> None:
    assert permissions._session(session["AccessKeyId"]) is not None
    boto3.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument='{"Statement": []}')
    arn = f"arn:aws:iam::{ACCOUNT}:role/deployer"
    taken = boto3.client("sts", region_name=REGION).assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    assert permissions._session(taken["AccessKeyId"]) is None
