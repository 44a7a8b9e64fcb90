"""MiniStack: a second implementation of everything that the template asks of AWS, which runs the functions itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx

from local.assembly import STACK, Assembly
from local.cloudformation import LOCAL_KEY
from local.moto_server import ACCOUNT, REGION
from tests.e2e.harness import Stack
from tests.e2e.tiny import eventually
from tests.judges.processes import BIN, free_ports, running

#: what `cdk bootstrap` leaves in an account
_ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
_VERSION = "/cdk-bootstrap/hnb659fds/version"


@contextmanager
def ministack(folder: Path) -> Iterator[Stack]:
    """An account with nothing in it."""
    (port,) = free_ports()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        # Else it listens for these as well.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }
    log = folder / "ministack.log"
    with running([str(BIN / "ministack")], log=log, environment=environment, answers=lambda: _answers(url)) as process:
        yield Stack({"aws_endpoint_url": url, "region": REGION}, cast("Any", process), log)  # whose output nobody reads


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_ministack/health").is_success
    except httpx.TransportError:
        return False


def deployed(account: Stack, assembly: Assembly, folder: Path) -> Stack:
    """The same account with the stack in it, made as the CDK's command line does."""
    _bootstrap(account)
    for key, asset in assembly.assets.items():
        if key.endswith(".zip"):
            packed = shutil.make_archive(str(folder / key), "zip", asset)
            account.client("s3").upload_file(packed, _ASSETS, key)
    stacks = account.client("cloudformation")
    template = _reachable(_without_cloudwatch(assembly.template), account.addresses["aws_endpoint_url"])
    stacks.create_stack(StackName=STACK, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert eventually(lambda: _stack(stacks)["StackStatus"] != "CREATE_IN_PROGRESS")
    assert _stack(stacks)["StackStatus"] == "CREATE_COMPLETE", stacks.describe_stack_events(StackName=STACK)
    secrets = account.client("secretsmanager")
    for secret in secrets.list_secrets()["SecretList"]:
        secrets.put_secret_value(SecretId=secret["ARN"], SecretString=LOCAL_KEY)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in _stack(stacks)["Outputs"]}
    named = {
        "inbox_bucket": outputs["InboxBucket"],
        "outbox_bucket": outputs["OutboxBucket"],
        "queue_url": outputs["QueueUrl"],
        "callback_base_url": outputs["CallbackUrl"],
        "jobs_table": outputs["JobsTable"],
        "event_bus": outputs["EventBus"],
    }
    return Stack({**account.addresses, **named}, account.process, account.log)


def _bootstrap(account: Stack) -> None:
    account.client("s3").create_bucket(Bucket=_ASSETS)
    account.client("ssm").put_parameter(Name=_VERSION, Value="30", Type="String")


def _stack(stacks: Any) -> Any:
    return stacks.describe_stacks(StackName=STACK)["Stacks"][0]


def _without_cloudwatch(template: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody watches alarms here."""
    resources = template["Resources"].items()
    return {
        **template,
        "Resources": {name: each for name, each in resources if not each["Type"].startswith("AWS::CloudWatch::")},
    }


def _reachable(template: Mapping[str, Any], url: str) -> dict[str, Any]:
    """MiniStack gives an API a name of its own below localhost, which only its path makes known to every machine."""
    (api,) = (name for name, each in template["Resources"].items() if each["Type"] == "AWS::ApiGatewayV2::Api")
    by_path = {"Fn::Join": ["", [f"{url}/_aws/execute-api/", {"Ref": api}, "/$default"]]}
    named = json.dumps({"Fn::GetAtt": [api, "ApiEndpoint"]})
    filled: dict[str, Any] = json.loads(json.dumps(template).replace(named, json.dumps(by_path)))
    return filled
