"""The usual pattern as a template: S3 starts a state machine, which submits, looks every ten seconds, and copies.

What a competent team would write: a name for each content that no second execution can take, a record of each job, a
callback that is taken once, the key in Secrets Manager, a stream instead of a file, retries of every task.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.assembly import Assembly

FUNCTIONS = Path(__file__).parent / "functions"
#: MB of each function: as much as dropreel's, where it does the same.
MEMORY = {"start": 256, "submit": 512, "poll": 256, "copy_output": 1024, "callback": 256}
#: Seconds between two looks.
POLL_SECONDS = 10

Resource = dict[str, Any]
_LAYER = {"S3Bucket": "assets", "S3Key": "layer"}


def assembly(*, layer: Path, gateway: str, gateway_url: str, callbacks: bool) -> Assembly:
    """The stack for one gateway, with a layer of third parties."""
    variables = {
        "INBOX": {"Ref": "Inbox"},
        "OUTBOX": {"Ref": "Outbox"},
        "JOBS": {"Ref": "Jobs"},
        "IDEMPOTENCY": {"Ref": "Idempotency"},
        "BUS": "usual",
        "SECRET": {"Ref": "Secret"},
        "GATEWAY": gateway,
        "GATEWAY_URL": gateway_url,
        "CALLBACKS": {"Fn::GetAtt": ["Api", "ApiEndpoint"]} if callbacks else "",
    }
    functions = {_logical(name): _function(name, variables) for name in MEMORY if name != "start"}
    resources: dict[str, Resource] = {
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": _LAYER}},
        **functions,
        "Start": _function("start", variables | {"MACHINE": {"Fn::GetAtt": ["Machine", "Arn"]}}),
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}}},
        "Inbox": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "Outbox": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "Jobs": _table("job_id"),
        "Idempotency": _table("id"),
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "usual"}},
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "usual/key"}},
        "Machine": _machine(),
        **_api(),
    }
    outputs = {name: {"Value": {"Ref": name}} for name in ("Inbox", "Outbox")}
    return Assembly({"Resources": resources, "Outputs": outputs}, {"functions": FUNCTIONS, "layer": layer})


def _logical(name: str) -> str:
    return name.title().replace("_", "")


def _function(name: str, variables: Resource) -> Resource:
    properties = {
        "Code": {"S3Bucket": "assets", "S3Key": "functions"},
        "Handler": f"{name}.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.13",
        "Timeout": 900 if name == "copy_output" else 60,
        "MemorySize": MEMORY[name],
        "Layers": [{"Ref": "Layer"}],
        "Environment": {"Variables": {"POWERTOOLS_SERVICE_NAME": name, "POWERTOOLS_LOG_LEVEL": "INFO", **variables}},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def _table(key: str) -> Resource:
    properties = {
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


def _task(function: str, **more: Any) -> Resource:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "BackoffRate": 2, "MaxAttempts": 3}]
    return {"Type": "Task", "Resource": f"<{function}>", "Retry": [] if function == "Submit" else retry, **more}


def _machine() -> Resource:
    choices = [{"Variable": "$.done", "BooleanEquals": True, "Next": "Copy"}]
    states = {
        "Submit": _task("Submit", Next="Wait"),
        "Wait": {"Type": "Wait", "Seconds": POLL_SECONDS, "Next": "Poll"},
        "Poll": _task("Poll", Next="Done?"),
        "Done?": {"Type": "Choice", "Choices": choices, "Default": "Wait"},
        "Copy": _task("CopyOutput", End=True),
    }
    text = json.dumps({"StartAt": "Submit", "TimeoutSeconds": 7200, "States": states})
    names = ("Submit", "Poll", "CopyOutput")
    parts: list[Any] = [text]
    for name in names:
        parts = [piece for part in parts for piece in (_split(part, name) if isinstance(part, str) else [part])]
    definition = {"Fn::Join": ["", parts]}
    properties = {"DefinitionString": definition, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def _split(text: str, function: str) -> list[Any]:
    before, found, after = text.partition(f"<{function}>")
    return [before, {"Fn::GetAtt": [function, "Arn"]}, after] if found else [text]


def _api() -> dict[str, Resource]:
    integration = {
        "ApiId": {"Ref": "Api"},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": {"Fn::GetAtt": ["Callback", "Arn"]},
        "PayloadFormatVersion": "2.0",
    }
    target = {"Fn::Join": ["", ["integrations/", {"Ref": "Integration"}]]}
    route = {"ApiId": {"Ref": "Api"}, "RouteKey": "POST /callbacks/{job_id}/{token}", "Target": target}
    return {
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "usual", "ProtocolType": "HTTP"}},
        "Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": integration},
        "Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
    }
