"""The page of an environment in somebody's account, which the CDK's command line deployed: their keys, their rights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from moto.iam.models import iam_backends

from dropreel.aws.items import to_item
from dropreel.jobs import Status
from local.moto_server import REGION
from tests.browser.visitor import Visitor, open_tab
from tests.e2e.cdk_cli import accounts, cdk
from tests.e2e.harness import COMMAND, PROJECT
from tests.e2e.stack_keeping import keep_stacks_as_aws_does
from tests.e2e.tiny import eventually
from tests.unit.stacks import job

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

#: An account that is nobody's by default.
OTHER = "210987654321"


@pytest.fixture
def operator() -> Iterator[Mapping[str, str]]:
    """The keys of somebody in an account that is not ours, as a shell has them."""
    with accounts() as url:
        people = iam_backends[OTHER]["aws"]
        people.create_user(REGION, "operator")
        key = people.create_access_key("operator")
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_REGION": REGION,
        }


def client(keys: Mapping[str, str], service: str) -> Any:
    session = boto3.Session(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    return session.client(service, endpoint_url=keys["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]


@contextmanager
def console(keys: Mapping[str, str]) -> Iterator[str]:
    """The address that `dropreel console` prints for env dev, until Ctrl-C is pressed."""
    command = [*COMMAND, "console", "--env", "dev", "--json"]
    surroundings = {**os.environ, **keys}
    with subprocess.Popen(command, cwd=PROJECT, env=surroundings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield str(json.loads(process.stdout.readline())["console_url"])
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_page_of_an_environment_works_with_a_persons_own_keys(
    browser: Browser, operator: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_stacks_as_aws_does(monkeypatch)
    url, out = operator["AWS_ENDPOINT_URL"], str(tmp_path / "assembly")
    cdk(url, "bootstrap", f"aws://{OTHER}/{REGION}", **operator)
    cdk(url, "deploy", "-c", "env=dev", "--require-approval", "never", "--output", out, **operator)
    (stack,) = client(operator, "cloudformation").describe_stacks(StackName="Dropreel-dev")["Stacks"]
    named = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    with console(operator) as address, open_tab(browser, address) as visitor:
        assert httpx.get(address.partition("?")[0]).status_code == 403
        assert visitor.page.title() == "dev: dropreel"
        assert visitor.run("JSON.parse(document.getElementById('facts').textContent).stack") == "Dropreel-dev"
        assert visitor.page.text_content("#stack") == f"dev account {OTHER}, {REGION}"
        assert visitor.page.inner_text("#gateways").startswith(
            "Jobs go to pixazo at https://gateway.pixazo.ai and aimlapi"
        )
        assert visitor.barriers() == []
        drop(visitor)
        found = client(operator, "s3").get_object(Bucket=named["InboxBucket"], Key="veo-3-1-fast/monday/cat.txt")
        assert found["Body"].read() == b"A cat"
        # No function runs in this account, so the job is written by hand.
        failed = job(Status.FAILED, created_at=time.time(), place="veo-3-1-fast/tuesday/dog")
        client(operator, "dynamodb").put_item(TableName=named["JobsTable"], Item=to_item(failed))
        visitor.status("tuesday/dog", "FAILED")
        visitor.job("tuesday/dog").get_by_role("button", name="Send again").click()
        visitor.page.locator("#asking").get_by_role("button", name="Send again").click()
        visitor.status("tuesday/dog", "HELD")
        assert visitor.barriers() == []
    queue = client(operator, "sqs")

    def asked() -> bool:
        taken = queue.receive_message(QueueUrl=named["QueueUrl"], MaxNumberOfMessages=10).get("Messages", [])
        return any(failed.job_id in message["Body"] for message in taken)

    assert eventually(asked, 30)


def drop(visitor: Visitor) -> None:
    """A film of a prompt, as a person asks for it."""
    visitor.choose("veo-3-1-fast")
    visitor.page.fill("#prompt", "A cat")
    visitor.page.fill("#name", "monday/cat")
    visitor.until("document.querySelector('#send').ariaDisabled === 'false'")
    visitor.page.click("#send")
    visitor.page.locator("#jobs > li", has_text="monday/cat").wait_for()
