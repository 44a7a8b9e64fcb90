"""The commands of the documents, run as they stand there: all blocks that are marked runnable, in one shell.

`aws` is a small stand-in (see aws_stand_in.py), which takes no option that AWS does not have.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.gateways import SimulatedGateways
from tests.e2e.harness import PROJECT, QUICK, Stack, running_stack

pytestmark = pytest.mark.long

PAGES = [PROJECT / "docs" / name for name in ("guide.md", "operations.md")]
README = PROJECT / "README.md"
OPERATIONS = (PROJECT / "docs" / "operations.md").read_text()
_BLOCK = re.compile(r"(<!-- runnable -->\n)?^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
#: What a laptop can't do: reach an account, or run for ever.
ELSEWHERE = (
    "make .venv",
    "make up",
    ".venv/bin/dropreel up",
    "dropreel up",
    "dropreel doctor --env",
    "dropreel drop --env",
    "aws cloudformation deploy",
)
#: Where the pages' stack is.
PORT = "4599"


def blocks(page: Path, *, runnable: bool) -> Iterator[tuple[str, str]]:
    for number, (mark, text) in enumerate(_BLOCK.findall(page.read_text().partition("\n## Deploying\n")[0]), start=1):
        if bool(mark) is runnable:
            yield f"{page.stem}-{number}", text


REST = {name: text for page in (README, *PAGES) for name, text in blocks(page, runnable=False)}


def session(port: str) -> str:
    """What somebody types who follows the README, the guide and the operators' page: each begins in the project."""
    lines = ["project=$PWD"]
    for page in (README, *PAGES):
        lines.append('cd "$project"')
        for name, text in blocks(page, runnable=True):
            lines += [f"echo '# {name}'", text.replace(f"localhost:{PORT}", f"localhost:{port}")]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def fresh(gateways: SimulatedGateways) -> Iterator[Stack]:
    """A stack that no other test misbehaves on."""
    with running_stack(QUICK, gateways_url=gateways.url) as stack:
        yield stack


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder as `make .venv` leaves it, with `aws` on the path: all that the pages take for granted."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "examples").symlink_to(PROJECT / "examples")
    python, stand_in = sys.executable, str(Path(__file__).with_name("aws_stand_in.py"))
    programs = {
        ".venv/bin/dropreel": [python, "-m", "cli"],
        ".venv/bin/python": [python],
        ".venv/bin/python3": [python],
        "bin/aws": [python, stand_in],
    }
    for name, program in programs.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n')
        path.chmod(0o755)
    (folder / ".venv/bin/activate").write_text(f"PATH={folder}/.venv/bin:$PATH\n")
    return folder


def surroundings(stack: Stack, place: Path) -> Mapping[str, str]:
    """A shell in which nothing has been said yet."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        # Other stacks may run on this machine, and have been started later.
        "DROPREEL_ENDPOINT_URL": stack.addresses["aws_endpoint_url"],
    }


def connected(stack: Stack, place: Path) -> Mapping[str, str]:
    """A shell that speaks to the stack by itself."""
    addresses = stack.addresses
    return {
        **surroundings(stack, place),
        "AWS_ENDPOINT_URL": addresses["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": addresses["region"],
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }


def test_the_documents_commands_run_in_one_shell_and_reject_nothing_but_what_is_wrong(
    fresh: Stack, place: Path
) -> None:
    port = fresh.addresses["aws_endpoint_url"].rpartition(":")[2]
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", session(port)],
        cwd=place,
        env=surroundings(fresh, place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    unlike = [manifest for manifest in fresh.manifests() if manifest["status"] != "SUCCEEDED"]
    assert [(manifest["status"], manifest["source"].get("keys")) for manifest in unlike] == [
        ("REJECTED", ["veo-3-1-fast/wrong.json"])
    ]


@pytest.mark.parametrize("text", REST.values(), ids=REST)
def test_a_block_that_does_not_run_here_has_a_reason(text: str) -> None:
    commands = text.replace("\\\n", " ").splitlines()
    assert [command for command in commands if not command.startswith(ELSEWHERE)] == []


def test_the_operators_page_lists_every_alarm(fresh: Stack) -> None:
    rows = re.findall(
        r"^\| (\w+(?:, \w+)*) \|", OPERATIONS.partition("\n| alarm |")[2].partition("\n\n")[0], re.MULTILINE
    )
    resources = fresh.client("cloudformation").describe_stack_resources(StackName="Dropreel-local")["StackResources"]
    alarms = [each["LogicalResourceId"] for each in resources if each["ResourceType"] == "AWS::CloudWatch::Alarm"]
    names = [re.sub(r"^Monitoring(\w+?)[0-9A-F]{8}$", r"\1", alarm) for alarm in alarms]
    assert sorted(name for row in rows for name in row.split(", ")) == sorted(names)


def test_a_fresh_stack_passes_every_check(fresh: Stack, place: Path) -> None:
    words = [str(place / ".venv/bin/dropreel"), "doctor", "--json"]
    ran = subprocess.run(words, env=surroundings(fresh, place), check=True, capture_output=True, text=True)
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    named = {"pixazo key", "aimlapi gateway", "callback", "intake dead letters", "deliver queue", "HELD jobs"}
    assert named <= {check["name"] for check in found}
    assert {check["state"] for check in found} == {"fine"}


def test_the_examples_folder_makes_three_films(fresh: Stack, place: Path) -> None:
    copied = ["aws", "s3", "cp", "--recursive", "examples/folder", f"s3://{fresh.addresses['inbox_bucket']}/"]
    subprocess.run(
        ["bash", "-c", shlex.join(copied)], cwd=place, env=connected(fresh, place), check=True, capture_output=True
    )
    for name in ("dawn", "noon", "dusk"):
        manifest = fresh.manifest(f"veo-3-1-fast/sea/{name}")
        assert (manifest["status"], manifest["price_usd"]) == ("SUCCEEDED", 0.4)


def test_the_examples_publisher_says_it_once(fresh: Stack, place: Path) -> None:
    words = [sys.executable, "examples/publish.py", fresh.addresses["queue_url"], "veo-3-1-fast"]
    asked = [*words, json.dumps({"prompt": "a cat", "duration": 4}), "--id", "order-1", "--output", "twice"]
    for _ in range(2):
        subprocess.run(asked, cwd=place, env=connected(fresh, place), check=True, capture_output=True)
    assert fresh.manifest("veo-3-1-fast/twice/order-1")["status"] == "SUCCEEDED"
    assert len(fresh.manifests("veo-3-1-fast/twice/")) == 1


def test_the_examples_rule_matches_a_film_that_succeeded_and_no_other(fresh: Stack) -> None:
    formation, events = fresh.client("cloudformation"), fresh.client("events")
    parameters = [{"ParameterKey": "EventBus", "ParameterValue": fresh.addresses["event_bus"]}]
    body = (PROJECT / "examples" / "on-success.yaml").read_text()
    formation.create_stack(StackName="films", TemplateBody=body, Parameters=parameters)
    (stack,) = formation.describe_stacks(StackName="films")["Stacks"]
    queue = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}["Films"]
    for kind in ("Job Succeeded", "Job Failed"):
        entry = {"Source": "dropreel", "DetailType": kind, "Detail": json.dumps({"status": kind})}
        events.put_events(Entries=[{**entry, "EventBusName": fresh.addresses["event_bus"]}])
    found = fresh.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    assert ["Job Succeeded" in message["Body"] for message in found["Messages"]] == [True]
