"""The CDK's own command line bootstraps an account and deploys the stack, here into moto's."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from moto.core.base_backend import BackendDict
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

import infra  # noqa: F401  # puts the Node that came from PyPI in place
from dropreel.aws.items import to_item
from dropreel.jobs import Status
from local import cloudformation  # noqa: F401  # the resource types that moto lacks
from local.moto_server import ACCOUNT, REGION, MotoServer
from tests.e2e.harness import COMMAND, PROJECT
from tests.e2e.stack_keeping import keep_stacks_as_aws_does
from tests.e2e.tiny import eventually
from tests.unit.stacks import job

#: The newest of the major version whose cloud assemblies this library writes.
CDK = "aws-cdk@2.1148.1"
#: An account that is nobody's by default.
OTHER = "210987654321"

pytestmark = pytest.mark.cdk_cli


@pytest.fixture
def account() -> Iterator[str]:
    BackendDict.reset()  # what another test has deployed is in another account
    server = MotoServer(port=0, invoke=lambda _name, _event: None)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def operator(account: str) -> Mapping[str, str]:
    """The keys of somebody in an account that is not ours, as a shell has them."""
    people = iam_backends[OTHER]["aws"]
    people.create_user(REGION, "operator")
    key = people.create_access_key("operator")
    return {
        "AWS_ENDPOINT_URL": account,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_REGION": REGION,
    }


def client(account: str, service: str) -> Any:
    """Speak to a service of this account."""
    return boto3.Session("any", "any", region_name=REGION).client(service, endpoint_url=account)  # type: ignore[call-overload]


def cdk(account: str, *arguments: str, **keys: str) -> str:
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
        **keys,
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


@contextmanager
def console(keys: Mapping[str, str]) -> Iterator[httpx.Client]:
    """A browser on the page of env dev, which somebody with these keys has opened, until they press Ctrl-C."""
    command = [*COMMAND, "console", "--env", "dev", "--json"]
    surroundings = {**os.environ, **keys}
    with subprocess.Popen(command, cwd=PROJECT, env=surroundings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["console_url"]
        with httpx.Client(base_url=address.partition("/?")[0], timeout=60) as browser:
            assert browser.get("/").status_code == 403
            assert browser.get(address, follow_redirects=True).status_code == 200
            yield browser
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_the_page_of_an_environment_works_with_a_persons_own_keys(
    account: str, operator: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_stacks_as_aws_does(monkeypatch)
    cdk(account, "bootstrap", f"aws://{OTHER}/{REGION}", **operator)
    out = str(tmp_path / "assembly")
    cdk(account, "deploy", "-c", "env=dev", "--require-approval", "never", "--output", out, **operator)
    theirs = boto3.Session(operator["AWS_ACCESS_KEY_ID"], operator["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    (stack,) = theirs.client("cloudformation", endpoint_url=account).describe_stacks(StackName="Dropreel-dev")["Stacks"]
    named = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    with console(operator) as page:
        told = json.loads(page.get("/").text.partition('id="facts">')[2].partition("</script>")[0])
        assert (told["env"], told["stack"], told["account"]) == ("dev", "Dropreel-dev", OTHER)
        assert told["paid_gateways"]["pixazo"] == "https://gateway.pixazo.ai"
        key = "veo-3-1-fast/monday/cat.txt"
        assert page.put(f"/api/inbox/{key}", content=b"A cat").status_code == 201
        found = theirs.client("s3", endpoint_url=account).get_object(Bucket=named["InboxBucket"], Key=key)
        assert found["Body"].read() == b"A cat"
        # No function runs in this account, so the job is written by hand.
        failed = job(Status.FAILED, created_at=time.time())
        theirs.client("dynamodb", endpoint_url=account).put_item(TableName=named["JobsTable"], Item=to_item(failed))
        (listed,) = page.get("/api/jobs?status=FAILED").json()["jobs"]
        assert (listed["job_id"], [each["name"] for each in listed["actions"]]) == (failed.job_id, ["retry"])
        assert page.post(f"/api/jobs/{failed.job_id}/actions/retry").json()["job"]["status"] == "HELD"
    queue = theirs.client("sqs", endpoint_url=account)

    def asked() -> bool:
        taken = queue.receive_message(QueueUrl=named["QueueUrl"], MaxNumberOfMessages=10).get("Messages", [])
        return any(failed.job_id in message["Body"] for message in taken)

    assert eventually(asked, 30)
