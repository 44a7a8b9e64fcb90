"""The CDK's own command line bootstraps an account and deploys the stack, here into moto's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.sts.models import sts_backends

from local.moto_server import ACCOUNT, REGION
from tests.e2e.cdk_cli import accounts, cdk
from tests.e2e.harness import PROJECT
from tests.e2e.stack_keeping import keep_stacks_as_aws_does

pytestmark = pytest.mark.cdk_cli


@pytest.fixture
def account() -> Iterator[str]:
    with accounts() as url:
        yield url


def client(account: str, service: str) -> Any:
    """Speak to a service of this account."""
    return boto3.Session("any", "any", region_name=REGION).client(service, endpoint_url=account)  # type: ignore[call-overload]


def test_bootstrap_and_deploy_of_an_environment_complete(account: str, tmp_path: Path) -> None:
    cdk(account, "bootstrap", f"aws://{ACCOUNT}/{REGION}")
    out = str(tmp_path / "assembly")
    cdk(account, "deploy", "-c", "env=dev", "-c", "quiet_seconds=7", "--require-approval", "never", "--output", out)
    session = boto3.Session("any", "any", region_name=REGION)
    resources = session.client("cloudformation", endpoint_url=account).describe_stack_resources(
        StackName="Dropreel-dev"
    )["StackResources"]
    kinds = [resource["ResourceType"] for resource in resources]
    assert kinds.count("AWS::Lambda::Function") == 5
    assert kinds.count("AWS::S3::Bucket") == kinds.count("AWS::DynamoDB::Table") == 2
    assert not [kind for kind in kinds if kind.startswith("Custom::")]
    queues = session.client("sqs", endpoint_url=account)
    delays = [
        queues.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]["DelaySeconds"]
        for url in queues.list_queues()["QueueUrls"]
    ]
    assert sorted(delays) == ["0", "0", "0", "7"]


def test_the_workflows_look_at_a_change_takes_the_lookup_role_and_no_other(account: str, tmp_path: Path) -> None:
    """Whoever opens a pull request may take no other (see examples/deploy-roles.yaml)."""
    cdk(account, "bootstrap", f"aws://{ACCOUNT}/{REGION}")
    workflow = (PROJECT / "examples" / "deploy.yml").read_text()
    (words,) = re.findall(r"npx --yes \$CDK (diff [^|>]*?) 2>&1", workflow)
    assert "Stack Dropreel-prod" in cdk(account, *words.split(), "--output", str(tmp_path / "assembly"))
    taken = {role.role_arn for role in sts_backends[ACCOUNT]["aws"].assumed_roles}
    assert [re.sub(r"^.*/cdk-hnb659fds-(\w+)-role-.*$", r"\1", role) for role in taken] == ["lookup"]


def run(account: str, verb: str, env: str, out: Path, *arguments: str) -> str:
    """Run a command on an environment's stack, which is synthesized by the first of them only."""
    made = (out / env / "manifest.json").exists()
    stack = ("--app", str(out / env)) if made else ("-c", f"env={env}", "--output", str(out / env))
    return cdk(account, verb, *stack, *arguments)


def deploy(account: str, env: str, out: Path) -> str:
    return run(account, "deploy", env, out, "--require-approval", "never")


def destroy(account: str, env: str, out: Path) -> str:
    return run(account, "destroy", env, out, "--force")


def status(account: str, env: str) -> tuple[str, bool] | None:
    """A stack's status, and whether it is guarded."""
    stacks = client(account, "cloudformation").describe_stacks()["Stacks"]
    found = {each["StackName"]: (each["StackStatus"], each["EnableTerminationProtection"]) for each in stacks}
    return found.get(f"Dropreel-{env}")


def secrets(account: str) -> set[str]:
    return {each["Name"] for each in client(account, "secretsmanager").list_secrets()["SecretList"]}


def buckets(account: str, env: str) -> list[str]:
    named = (each["Name"] for each in client(account, "s3").list_buckets()["Buckets"])
    return [name for name in named if name.startswith(f"dropreel-{env}-")]


def test_a_first_deploy_that_failed_is_repeated_and_environments_leave_each_other_alone(
    account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_stacks_as_aws_does(monkeypatch)
    cdk(account, "bootstrap", f"aws://{ACCOUNT}/{REGION}", "-c", "env=prod")
    vault, stacks = client(account, "secretsmanager"), client(account, "cloudformation")

    # Something stands in the way of a first deploy, which is guarded from then on.
    vault.create_secret(Name="dropreel/prod/aimlapi", SecretString="somebody's")
    with pytest.raises(AssertionError, match="ROLLBACK_COMPLETE"):
        deploy(account, "prod", tmp_path)
    assert status(account, "prod") == ("ROLLBACK_COMPLETE", True)
    assert secrets(account) == {"dropreel/prod/aimlapi"}
    assert buckets(account, "prod") == []
    kept = client(account, "dynamodb").list_tables()["TableNames"]
    assert all(name.startswith("Dropreel-prod-") for name in kept)  # under names that nobody needs again

    # The guard is in the way of the next one, until a person lifts it, as README says.
    vault.delete_secret(SecretId="dropreel/prod/aimlapi", ForceDeleteWithoutRecovery=True)
    with pytest.raises(AssertionError, match="TerminationProtection"):
        deploy(account, "prod", tmp_path)
    stacks.update_termination_protection(StackName="Dropreel-prod", EnableTerminationProtection=False)
    deploy(account, "prod", tmp_path)
    assert status(account, "prod") == ("CREATE_COMPLETE", True)
    assert secrets(account) == {"dropreel/prod/aimlapi", "dropreel/prod/pixazo"}

    # Another environment comes and goes beside it.
    deploy(account, "dev", tmp_path)
    assert status(account, "dev") == ("CREATE_COMPLETE", False)
    assert len(buckets(account, "dev")) == len(buckets(account, "prod")) == 2
    destroy(account, "dev", tmp_path)
    assert status(account, "dev") is None
    assert buckets(account, "dev") == []
    assert secrets(account) == {"dropreel/prod/aimlapi", "dropreel/prod/pixazo"}

    # What people own outlives a stack that is destroyed on purpose; by mistake it can't be.
    with pytest.raises(AssertionError, match="TerminationProtection"):
        destroy(account, "prod", tmp_path)
    stacks.update_termination_protection(StackName="Dropreel-prod", EnableTerminationProtection=False)
    destroy(account, "prod", tmp_path)
    assert status(account, "prod") is None
    assert len(buckets(account, "prod")) == 2
    assert secrets(account) == {"dropreel/prod/aimlapi", "dropreel/prod/pixazo"}


def test_wrong_setting_is_a_clear_error(account: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="quiet_seconds"):
        cdk(account, "synth", "-c", "env=dev", "-c", "quiet_seconds=soon", "--output", str(tmp_path))


def test_command_line_makes_the_template_that_a_laptop_runs(account: str, tmp_path: Path) -> None:
    cdk(account, "synth", "--quiet", "-c", "env=local", "--output", str(tmp_path))
    template = json.loads((tmp_path / "Dropreel-local.template.json").read_text())
    assert set(template["Outputs"]) == {
        "InboxBucket", "OutboxBucket", "QueueUrl", "CallbackUrl", "JobsTable", "EventBus",
    }  # fmt: skip
