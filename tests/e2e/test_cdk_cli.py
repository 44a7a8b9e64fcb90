"""The CDK's own command line bootstraps an account and deploys the stack, here into moto's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest

import infra  # noqa: F401  # puts the Node that came from PyPI in place
from local import cloudformation  # noqa: F401  # the resource types that moto lacks
from local.moto_server import ACCOUNT, REGION, MotoServer

PROJECT = Path(__file__).parents[2]
#: The newest of the major version whose cloud assemblies this library writes.
CDK = "aws-cdk@2.1148.1"

pytestmark = pytest.mark.cdk_cli


@pytest.fixture
def account() -> Iterator[str]:
    server = MotoServer(port=0, invoke=lambda _name, _event: None)
    server.start()
    yield server.url
    server.stop()


def cdk(account: str, *arguments: str) -> str:
    """Run the command line against this account; it must succeed."""
    node = Path(os.environ["JSII_NODE"])
    surroundings: Mapping[str, str] = {
        **os.environ,
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": account,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": REGION,
        "CI": "true",
    }
    npx = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    command = [str(node), str(npx), "--yes", CDK, *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_bootstrap_and_deploy_of_an_environment_complete(account: str, tmp_path: Path) -> None:
    cdk(account, "bootstrap", f"aws://{ACCOUNT}/{REGION}")
    out = str(tmp_path / "assembly")
    cdk(account, "deploy", "-c", "env=dev", "-c", "quiet_seconds=7", "--require-approval", "never", "--output", out)
    session = boto3.Session("any", "any", region_name=REGION)
    resources = session.client("cloudformation", endpoint_url=account).describe_stack_resources(
        StackName="Dropreel-dev"
    )["StackResources"]
    kinds = [resource["ResourceType"] for resource in resources]
    assert kinds.count("AWS::Lambda::Function") == 4
    assert kinds.count("AWS::S3::Bucket") == kinds.count("AWS::DynamoDB::Table") == 2
    assert not [kind for kind in kinds if kind.startswith("Custom::")]
    queues = session.client("sqs", endpoint_url=account)
    delays = [
        queues.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]["DelaySeconds"]
        for url in queues.list_queues()["QueueUrls"]
    ]
    assert sorted(delays) == ["0", "0", "0", "7"]


def test_wrong_setting_is_a_clear_error(account: str) -> None:
    with pytest.raises(AssertionError, match="quiet_seconds"):
        cdk(account, "synth", "-c", "env=dev", "-c", "quiet_seconds=soon")


def test_command_line_makes_the_template_that_a_laptop_runs(account: str, tmp_path: Path) -> None:
    cdk(account, "synth", "--quiet", "-c", "env=local", "--output", str(tmp_path))
    template = json.loads((tmp_path / "Dropreel-local.template.json").read_text())
    assert set(template["Outputs"]) == {
        "InboxBucket", "OutboxBucket", "QueueUrl", "CallbackUrl", "JobsTable", "EventBus",
    }  # fmt: skip
