"""What the command line and the pages say of the stack is so."""

from __future__ import annotations

import json
from pathlib import Path

from cli.looks import PAUSE
from dropreel.aws.batch import pause
from tests.infra.synthesized import Assembly, Json, listed, readable

DOCS = Path(__file__).parents[2] / "docs"
FUNCTIONS = ("submit", "callback", "poll", "probe", "deliver")
#: By the ends of their ARNs, what has a function invoked.
WAYS = {
    "QueuesIntakeQueue.Arn": "intake queue",
    "QueuesDeliverQueue.Arn": "deliver queue",
    "Watch": "an execution, the watch",
    "Gate": "an execution, a gate",
}


def text(page: str) -> str:
    return " ".join((DOCS / f"{page}.md").read_text().split())


def watch(assembly: Assembly) -> Json:
    machines = assembly.of_type("AWS::StepFunctions::StateMachine").values()
    (found,) = (each for each in machines if readable(each["StateMachineName"]).endswith("-Watch"))
    return json.loads(readable(found["DefinitionString"]))


def test_the_command_knows_when_a_watch_that_waits_goes_on(each: Assembly) -> None:
    waits = {name: state for name, state in watch(each)["States"].items() if state["Type"] == "Wait"}
    assert waits["Wait"]["SecondsPath"] == "$.wait"
    assert {state["Seconds"] for name, state in waits.items() if name != "Wait"} == {PAUSE}


def test_the_pages_say_how_often_a_message_is_received_and_how_long_it_is_kept(dev: Assembly) -> None:
    queues = dev.of_type("AWS::SQS::Queue")
    receives = [queues[f"Queues{name}Queue"]["RedrivePolicy"]["maxReceiveCount"] for name in ("Intake", "Deliver")]
    intake, deliver = receives
    assert f"{intake} receives, six hours of failures; on the deliver queue for {deliver}, a day" in text(
        "architecture"
    )
    assert round(sum(map(pause, range(1, intake))) / 3600) == 6
    assert round(sum(map(pause, range(1, deliver))) / 3600) == 36
    assert f"failed {intake} times in submit, which takes six hours" in text("operations")
    assert f"failed {deliver} times in deliver, which takes a day and a half" in text("operations")
    kept, longer = sorted({queue["MessageRetentionPeriod"] // 86_400 for queue in queues.values()})
    assert f"lasts {kept} days ({longer} among the dead letters)" in text("scale")


def test_the_page_lists_every_way_to_have_another_function_invoked_and_no_other(dev: Assembly) -> None:
    rows = (
        (DOCS / "architecture.md")
        .read_text()
        .partition("| from | by way of |")[2]
        .partition("\n\n")[0]
        .splitlines()[2:]
    )
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    said = {(function, way) for functions, way, *_ in cells for function in functions.split(", ")}
    may = {
        (_function(role), WAYS[readable(on).rpartition("-")[2]])
        for role, statement in dev.statements()
        if {"sqs:SendMessage", "states:StartExecution"} & set(listed(statement["Action"]))
        for on in listed(statement["Resource"])
    }
    assert may == said


def _function(role: str) -> str:
    """The function whose role it is: IntakeSubmitRole is submit's."""
    (found,) = (name for name in FUNCTIONS if name in role.removesuffix("Role").lower())
    return found
