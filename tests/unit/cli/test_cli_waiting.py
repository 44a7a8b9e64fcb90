"""What `dropreel doctor` says of gates, the budget and executions, and which of them it gives another execution."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.stub import Stubber

from cli import waiting
from cli.check import State
from cli.exits import INVALID, Trouble
from cli.retrying import retry
from cli.stack import Stack
from dropreel.aws.gates import BUDGET, LOST, Gate
from dropreel.aws.items import marshal, to_item
from dropreel.jobs import Job, Status, day_of
from tests.unit.stacks import a_stack, begin, job, machine


@pytest.fixture(scope="module")
def account() -> Iterator[Stack]:
    with a_stack() as stack:
        yield stack


@pytest.fixture
def there(account: Stack) -> Stack:
    """Nothing is held, no gate is closed."""
    for item in account.dynamodb.scan(TableName="gates")["Items"]:
        account.dynamodb.delete_item(TableName="gates", Key={name: item[name] for name in ("name", "item")})
    return account


def close(there: Stack, name: str, *, due_in: float = 200, closed: bool = True, runs: bool = True) -> Gate:
    """A gate that an execution sees to, or that lost it."""
    execution = f"{name}-{uuid.uuid4().hex}"
    if runs:
        begin(there, there.settings.gate_arn, execution)
    gate = Gate(name, closed, "the gateway answered 402: no", execution, time.time() + due_in, 1)
    assert there.gates.put(gate, Gate(name))
    return gate


def hold(there: Stack, gate: str, usd: str | None = None) -> Job:
    held = job(Status.HELD, gate=gate, reason="no", price_usd=Decimal(usd) if usd else None)
    there.dynamodb.put_item(TableName="jobs", Item=to_item(held))
    there.gates.mark(gate, held)
    return held


def inputs(there: Stack, name: str) -> str:
    arn = there.settings.gate_arn.replace(":stateMachine:", ":execution:")
    return str(there.states.describe_execution(executionArn=f"{arn}:{name}")["input"])


def test_an_open_gate_is_fine(there: Stack) -> None:
    assert waiting.gate(there, "pixazo").said == "open"


def test_a_closed_gate_tells_why_how_many_it_holds_and_when_it_is_probed_next(there: Stack) -> None:
    gate = close(there, "pixazo")
    hold(there, "pixazo")
    hold(there, "pixazo")
    found = waiting.gate(there, "pixazo")
    assert found.state is State.BAD
    assert found.said == "closed: the gateway answered 402: no; 2 jobs held, the next probe is in 3m"
    assert there.gates.get("pixazo").execution == gate.execution


@pytest.mark.parametrize(
    ("runs", "due_in"), [(False, 200.0), (True, -LOST - 60)], ids=["it has ended", "it is long overdue"]
)
def test_a_gate_whose_execution_was_lost_gets_another_one_and_says_so(there: Stack, runs: bool, due_in: float) -> None:
    lost = close(there, "pixazo", runs=runs, due_in=due_in)
    assert waiting.gate(there, "pixazo").said.endswith("; its execution was lost, so another one was started")
    now = there.gates.get("pixazo")
    assert now.closed
    assert now.execution != lost.execution
    assert '"gate": "pixazo"' in inputs(there, now.execution)
    assert "lost" not in waiting.gate(there, "pixazo").said


def test_another_execution_keeps_to_the_time_of_the_next_probe(there: Stack) -> None:
    lost = close(there, "pixazo", runs=False, due_in=3000)
    waiting.gate(there, "pixazo")
    assert there.gates.get("pixazo").next_probe_at == pytest.approx(lost.next_probe_at, abs=5)


def test_an_open_gate_that_still_lets_jobs_go_is_fine(there: Stack) -> None:
    close(there, "pixazo", closed=False)
    hold(there, "pixazo")
    found = waiting.gate(there, "pixazo")
    assert (found.state, found.said) == (State.FINE, "open; 1 job held are being let go")


def test_jobs_behind_an_open_gate_that_nobody_lets_go_get_an_execution(there: Stack) -> None:
    close(there, "pixazo", closed=False, runs=False)
    hold(there, "pixazo")
    assert waiting.gate(there, "pixazo").state is State.LOOK
    now = there.gates.get("pixazo")
    assert not now.closed
    assert '"open": false' in inputs(there, now.execution)


def test_who_may_start_nothing_is_told_what_is_lost(there: Stack) -> None:
    gate = close(there, "pixazo", runs=False)
    fresh = replace(there)
    with Stubber(fresh.states) as stub:
        stub.add_client_error("describe_execution", "ExecutionDoesNotExist")
        stub.add_client_error("start_execution", "AccessDeniedException")
        said = waiting.gate(fresh, "pixazo").said
    assert said.endswith("; its execution is lost, and no other could be started (AccessDeniedException)")
    assert there.gates.get("pixazo").execution == gate.execution


def with_budget(there: Stack, spent: str) -> Stack:
    item: dict[str, Any] = {"name": BUDGET, "item": f"spent#{day_of(time.time())}", "usd": Decimal(spent)}
    there.dynamodb.put_item(TableName="gates", Item=marshal(item))
    return replace(there, settings=replace(there.settings, daily_budget_usd=Decimal(5)))


def test_a_budget_names_the_job_that_does_not_fit_and_when_it_is_looked_at_again(there: Stack) -> None:
    poor = with_budget(there, "3.50")
    close(there, BUDGET)
    dear = hold(there, BUDGET, "3.60")
    hold(there, BUDGET, "0.60")
    said = waiting.budget(poor).said
    assert said.startswith(f"3.50 of 5.00 USD today, and job {dear.job_id} of 3.60 does not fit; 2 jobs held, ")
    assert said.endswith("the next look whether there is room is in 3m")


@pytest.mark.parametrize(("spent", "state"), [("3.99", State.FINE), ("4.00", State.LOOK)])
def test_a_budget_is_to_be_looked_at_when_four_fifths_are_gone(there: Stack, spent: str, state: State) -> None:
    assert waiting.budget(with_budget(there, spent)).state is state


def test_executions_that_failed_are_named_with_what_has_them_go_on(there: Stack) -> None:
    arn = machine(there.access, "failing", "Fail", {"Fail": {"Type": "Fail", "Error": "no", "Cause": "no"}})
    begin(there, arn, "bad")
    found = waiting.executions(there, "watch", arn)
    assert (found.state, found.said) == (State.BAD, "1 failed in the last day")
    assert f"redrive-execution --execution-arn {arn.replace(':stateMachine:', ':execution:')}:bad" in found.todo
    assert waiting.executions(there, "gate", there.settings.gate_arn).state is State.FINE


def test_a_job_behind_a_closed_gate_is_not_said_to_be_sent(there: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.stack.find", lambda *_: there)
    close(there, "pixazo")
    held = hold(there, "pixazo")
    with pytest.raises(Trouble, match=r"^nothing was sent: the gate pixazo holds it .*; the next probe is in") as told:
        retry(held.job_id)
    assert told.value.status == INVALID
    assert "Messages" not in there.sqs.receive_message(QueueUrl=there.settings.intake_queue_url)
