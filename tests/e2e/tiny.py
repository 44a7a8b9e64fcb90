"""A stack of a few lines: what the laptop does with a template is tried on this, without dropreel's own functions."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import botocore

from local.assembly import Assembly
from local.stack import Laptop

_Value = TypeVar("_Value")

_HANDLER = """
import base64, json, os, time

def note(what):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps(what) + "\\n")

def messages(event, context):
    note({"at": time.time(), "event": event})
    bodies = {record["messageId"]: json.loads(record["body"]) for record in event["Records"]}
    if any(body.get("crash") for body in bodies.values()):
        os._exit(1)
    if any(body.get("raise") for body in bodies.values()):
        raise ValueError("as asked")
    time.sleep(max(body.get("sleep", 0) for body in bodies.values()))
    failures = [{"itemIdentifier": key} for key, body in bodies.items() if body.get("fail")]
    return {"batchItemFailures": failures}

def http(event, context):
    if event["pathParameters"]["name"] == "broken":
        raise ValueError("as asked")
    if event["pathParameters"]["name"] == "binary":
        body = base64.b64encode(bytes(range(256))).decode()
        return {"statusCode": 201, "headers": {"Content-Type": "image/x"}, "body": body, "isBase64Encoded": True}
    return {"statusCode": 202, "body": json.dumps(event)}

def step(event, context):
    note({"at": time.time(), "event": event})
    if event["left"] == event.get("fails_at"):
        event["fails_at"] = None
        raise ValueError("as asked")
    left = event["left"] - 1
    return {**event, "left": left, "done": left == 0}

def relay(event, context):
    note({"at": time.time(), "event": event})
    return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in event["Records"] if work(r)]}

# Makes the first call that the message names; SAME is the message with that call behind the others.
def work(record):
    from botocore.session import get_session
    client = get_session().create_client
    told = json.loads(record["body"])
    if "Records" in told:
        place = told["Records"][0]["s3"]
        told = json.load(client("s3").get_object(Bucket=place["bucket"]["name"], Key=place["object"]["key"])["Body"])
    told = told.get("detail", told)
    if not told.get("calls"):
        return False
    service, method, arguments = told["calls"][0]
    body = json.dumps({**told, "calls": told["calls"][1:] + told["calls"][:1]})
    words = {"SAME": body, "RECEIPT": record.get("receiptHandle")}
    words["EVENT"] = json.dumps({"Records": [{"body": body, "messageId": "none"}]})
    getattr(client(service), method)(**filled(arguments, words))
    return told.get("fail", 0) and told["fail"] > int(record["attributes"]["ApproximateReceiveCount"])

def filled(value, words):
    if isinstance(value, dict):
        return {name: filled(each, words) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, words) for each in value]
    return words.get(value, value) if isinstance(value, str) else value
"""

_ANYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
_ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17"},
        "Policies": [{"PolicyName": "all", "PolicyDocument": _ANYTHING}],
    },
}
_CODE = {"S3Bucket": "assets", "S3Key": "tiny"}


#: what the client of AWS consists of
_CLIENT = ("botocore", "dateutil", "jmespath", "six.py", "urllib3")


def _function(handler: str, notes: Path) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Code": _CODE,
        "Handler": f"handler.{handler}",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.11",
        "Timeout": 2,
        "Environment": {"Variables": {"NOTES": str(notes)}},
    }
    if handler == "relay":
        properties |= {"Layers": [{"Ref": "Client"}], "Timeout": 20}
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def _queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def _relay(name: str, notes: Path) -> dict[str, Any]:
    """A queue, its dead letters, and a function that does what the messages say."""
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": [f"{name}Dead", "Arn"]}, "maxReceiveCount": 30}
    mapping = {
        "EventSourceArn": {"Fn::GetAtt": [f"{name}Queue", "Arn"]},
        "FunctionName": {"Ref": name},
        "BatchSize": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    return {
        name: _function("relay", notes),
        f"{name}Dead": _queue(),
        f"{name}Queue": _queue(VisibilityTimeout=20, RedrivePolicy=redrive),
        f"{name}Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
    }


def _machine() -> dict[str, Any]:
    step = {
        "Type": "Task",
        "Resource": "STEP",
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Wait"}],
        "Next": "Done?",
    }
    choices = [{"Variable": "$.done", "BooleanEquals": True, "Next": "Done"}]
    states = {
        "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Step"},
        "Step": step,
        "Done?": {"Type": "Choice", "Choices": choices, "Default": "Wait"},
        "Done": {"Type": "Succeed"},
    }
    before, after = json.dumps({"StartAt": "Wait", "States": states}).split("STEP")
    definition = {"Fn::Join": ["", [before, {"Fn::GetAtt": ["Step", "Arn"]}, after]]}
    properties = {"DefinitionString": definition, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def _template(notes: Path) -> dict[str, Any]:
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 2}
    mapping = {
        "EventSourceArn": {"Fn::GetAtt": ["Work", "Arn"]},
        "FunctionName": {"Ref": "Messages"},
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 2},
    }
    told = [{"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["Told", "Arn"]}}]
    bucket = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "NotificationConfiguration": {"QueueConfigurations": told},
    }
    loop = [{"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["RelayQueue", "Arn"]}}]
    integration = {
        "ApiId": {"Ref": "Api"},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": {"Fn::GetAtt": ["Http", "Arn"]},
        "PayloadFormatVersion": "2.0",
    }
    target = {"Fn::Join": ["", ["integrations/", {"Ref": "Integration"}]]}
    route = {"ApiId": {"Ref": "Api"}, "RouteKey": "POST /things/{name}", "Target": target}
    table = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    resources = {
        **_relay("Relay", notes),
        **_relay("Other", notes),
        "Client": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": {**_CODE, "S3Key": "client"}}},
        "Loop": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"NotificationConfiguration": {"QueueConfigurations": loop}},
        },
        "Role": _ROLE,
        "Messages": _function("messages", notes),
        "Http": _function("http", notes),
        "Step": _function("step", notes),
        "Dead": _queue(),
        "Work": _queue(VisibilityTimeout=2, RedrivePolicy=redrive),
        "Told": _queue(DelaySeconds=1),
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": table},
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "tiny-bus"}},
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "tiny/secret"}},
        "Machine": _machine(),
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "tiny", "ProtocolType": "HTTP"}},
        "Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": integration},
        "Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
    }
    outputs: dict[str, Any] = {
        name: {"Ref": name} for name in ("Dead", "Work", "Told", "Bucket", "Table", "Bus", "Secret", "Loop", "Step")
    }
    relays = [f"{name}{kind}" for name in ("Relay", "Other") for kind in ("", "Queue", "Dead")]
    outputs |= {name: {"Ref": name} for name in relays}
    outputs["Machine"] = {"Fn::GetAtt": ["Machine", "Arn"]}
    outputs["Api"] = {"Fn::GetAtt": ["Api", "ApiEndpoint"]}
    return {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}


class Tiny:
    """The stack while it is up."""

    def __init__(self, laptop: Laptop, notes: Path) -> None:
        self.laptop = laptop
        self._notes = notes
        self.client: Callable[[str], Any] = laptop.client

    def __getitem__(self, output: str) -> str:
        return self.laptop.outputs[output]

    def notes(self, word: str) -> list[dict[str, Any]]:
        """What functions noted of the events that hold a word."""
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        return [json.loads(line) for line in lines if word in line]


def _client(layer: Path) -> Path:
    """A layer with the AWS client that this process uses."""
    (layer / "python").mkdir(parents=True)
    for name in _CLIENT:
        installed = Path(botocore.__file__).parent.with_name(name)
        (layer / "python" / name).symlink_to(installed)
    return layer


@contextmanager
def tiny_stack(folder: Path) -> Iterator[Tiny]:
    """Runs the stack for as long as the context lasts."""
    code, notes = folder / "code", folder / "notes"
    code.mkdir()
    (code / "handler.py").write_text(_HANDLER)
    assets = {"tiny": code, "client": _client(folder / "client")}
    laptop = Laptop(name="tiny")
    try:
        laptop.start(Assembly(_template(notes), assets))
        yield Tiny(laptop, notes)
    finally:
        laptop.stop()


def eventually(ask: Callable[[], _Value], seconds: float = 60) -> _Value:
    """The first answer that is true, or the last one when time is up.

    Whoever has waited for long is asked seldom: the stack that answers is what is waited for.
    """
    began = time.monotonic()
    while not (answer := ask()) and (waited := time.monotonic() - began) < seconds:
        time.sleep(min(0.02 + waited / 10, 0.25))
    return answer
