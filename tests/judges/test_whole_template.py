"""The whole local template in MiniStack, and what is dropped there: each job ends as the contract says."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from local.gateways import SimulatedGateways
from local.gateways.journal import Post
from local.gateways.samples import sample_picture, sample_sound
from tests.e2e.harness import Stack
from tests.e2e.tiny import eventually

pytestmark = pytest.mark.judge

#: seconds within which all must have ended
PATIENCE = 400
_PROMPT = "veo-3-1-fast/{name}/film.txt"


@dataclass(frozen=True)
class Case:
    """What is asked for, and what it must come to."""

    marker: str = ""
    status: str = "SUCCEEDED"
    #: POSTs that reached the gateway: accepted ones and refused ones
    accepted: int = 1
    refused: int = 0
    code: str = ""
    outputs: int = 1


CASES: Mapping[str, Case] = {
    "plain": Case(),
    "no-callback": Case("[sim:no-callback][sim:asked=2]"),
    "duplicate-callbacks": Case("[sim:duplicate=5]"),
    "early-callback": Case("[sim:early]"),
    "several-outputs": Case("[sim:many=3]", outputs=3),
    "slow-media": Case("[sim:slow-media=20]"),
    "vanished-media": Case("[sim:vanished-media]", "FAILED", code="output_unavailable", outputs=0),
    "truncated-media": Case("[sim:truncated-media=1]"),
    "page-first": Case("[sim:page-media=1]"),
    "error-once": Case("[sim:error=1]", accepted=2),
    "error-for-ever": Case("[sim:error=9]", "FAILED", accepted=3, code="error", outputs=0),
    "failed": Case("[sim:failed]", "FAILED", code="failed", outputs=0),
    "refused-once": Case("[sim:402=1]", refused=1),
    "declined": Case("[sim:422=9]", "FAILED", accepted=0, refused=1, code="declined", outputs=0),
    "answer-lost": Case("[sim:500]"),
    "connection-lost": Case("[sim:drop]"),
}


def pair(stack: Stack, name: str, *order: str) -> None:
    samples = {"png": sample_picture(), "wav": sample_sound()}
    for extension in order:
        stack.drop(f"veed-fabric-1-0-api-130/{name}/film.{extension}", samples[extension])


def request(name: str) -> dict[str, Any]:
    return {"model": "veo-3-1-fast", "input": {"prompt": f"film of {name}."}, "id": name, "output": name}


def through_sns(stack: Stack, name: str) -> None:
    """Publish a request on a topic of one's own that leads to the queue."""
    sns = stack.client("sns")
    topic = sns.create_topic(Name="orders")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn(stack))
    sns.publish(TopicArn=topic, Message=json.dumps(request(name)))


def through_eventbridge(stack: Stack, name: str) -> None:
    """The same as the detail of an event, by a rule of one's own."""
    events = stack.client("events")
    events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": queue_arn(stack)}])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "Film", "Detail": json.dumps(request(name))}])


def queue_arn(stack: Stack) -> str:
    url = stack.addresses["queue_url"]
    attributes = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(attributes["QueueArn"])


def with_defaults(stack: Stack, name: str) -> None:
    stack.drop(f"veo-3-1-fast/{name}/_defaults.json", {"duration": 4})
    stack.drop(_PROMPT.format(name=name), f"film of {name}.")


#: What comes another way than as a prompt, by name; each becomes one film.
WAYS: Mapping[str, Callable[[Stack, str], None]] = {
    "picture-and-sound": lambda stack, name: pair(stack, name, "png", "wav"),
    "sound-and-picture": lambda stack, name: pair(stack, name, "wav", "png"),
    "with-defaults": with_defaults,
    "a-name-with-é-&-1+1": lambda stack, name: stack.drop(_PROMPT.format(name=name), f"film of {name}."),
    "message": lambda stack, name: stack.send(request(name)),
    "through-sns": through_sns,
    "through-eventbridge": through_eventbridge,
}


@pytest.fixture(scope="module")
def ended(stack: Stack) -> Stack:
    """The stack when everything has been dropped, and has ended."""
    for name, case in CASES.items():
        stack.drop(_PROMPT.format(name=name), f"{case.marker} film of {name}.")
    for name, way in WAYS.items():
        way(stack, name)
    assert eventually(lambda: len(stack.manifests()) == len(CASES) + len(WAYS), PATIENCE), stack.jobs()
    return stack


def only_manifest(stack: Stack, name: str) -> dict[str, Any]:
    (found,) = (
        each for model in ("veo-3-1-fast", "veed-fabric-1-0-api-130") for each in stack.manifests(f"{model}/{name}/")
    )
    return found


def posts(gateways: SimulatedGateways, name: str) -> list[Post]:
    """The paid POSTs of a job, which its prompt or the addresses of its media name."""
    return [post for post in gateways.posts if f"film of {name}." in str(post.body) or f"/{name}/" in str(post.body)]


@pytest.mark.parametrize("name", CASES)
def test_drop_ends_as_the_contract_says(ended: Stack, gateways: SimulatedGateways, name: str) -> None:
    case, manifest = CASES[name], only_manifest(ended, name)
    assert (manifest["status"], (manifest["error"] or {}).get("code", "")) == (case.status, case.code)
    sent = Counter(post.request_id is not None for post in posts(gateways, name))
    assert (sent[True], sent[False]) == (case.accepted, case.refused)
    assert delivered(ended, gateways, manifest) == case.outputs


@pytest.mark.parametrize("name", WAYS)
def test_every_way_in_becomes_one_film(ended: Stack, gateways: SimulatedGateways, name: str) -> None:
    manifest = only_manifest(ended, name)
    assert manifest["status"] == "SUCCEEDED", manifest
    assert len(posts(gateways, name)) == 1
    assert delivered(ended, gateways, manifest) == 1


def delivered(stack: Stack, gateways: SimulatedGateways, manifest: dict[str, Any]) -> int:
    """How many outputs there are, each byte for byte what was served."""
    bodies = [stack.output(output["key"])["Body"] for output in manifest["outputs"]]
    if bodies:
        served = gateways.media_sha256(manifest["request_id"])
        assert [hashlib.sha256(body).hexdigest() for body in bodies] == served
    return len(bodies)


def test_same_files_again_pay_nothing(ended: Stack, gateways: SimulatedGateways) -> None:
    ended.drop(_PROMPT.format(name="plain"), " film of plain.")
    ended.drop(_PROMPT.format(name="last"), "film of last.")
    assert ended.manifest("veo-3-1-fast/last/")["status"] == "SUCCEEDED"
    assert len(posts(gateways, "plain")) == 1


def test_watch_waits_and_looks_until_the_end_is_known(ended: Stack) -> None:
    history = executions(ended, "Dropreel-local-Watch", only_manifest(ended, "no-callback")["job_id"])[0]
    entered = [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]
    assert entered[:5] == ["Wait", "Poll", "Done?", "Wait", "Poll"], entered


def test_gate_waits_probes_and_ends(ended: Stack) -> None:
    states = ended.client("stepfunctions")
    machines = {each["name"]: each["stateMachineArn"] for each in states.list_state_machines()["stateMachines"]}

    def statuses() -> set[str]:
        own = states.list_executions(stateMachineArn=machines["Dropreel-local-Gate"])["executions"]
        return {each["status"] for each in own}

    assert eventually(lambda: statuses() == {"SUCCEEDED"}), statuses()


def executions(stack: Stack, machine: str, job_id: str) -> list[list[dict[str, Any]]]:
    """The histories of a job's executions."""
    states = stack.client("stepfunctions")
    machines = {each["name"]: each["stateMachineArn"] for each in states.list_state_machines()["stateMachines"]}
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machines[machine])
    own = [each["executionArn"] for page in pages for each in page["executions"] if each["name"].startswith(job_id)]
    return [states.get_execution_history(executionArn=arn, maxResults=1000)["events"] for arn in own]


def test_nothing_is_a_dead_letter(ended: Stack) -> None:
    sqs = ended.client("sqs")
    dead = [url for url in sqs.list_queues()["QueueUrls"] if "Dead" in url]
    assert len(dead) == 2
    for url in dead:
        assert "Messages" not in sqs.receive_message(QueueUrl=url), url
