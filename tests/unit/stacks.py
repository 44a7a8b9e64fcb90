"""A stack of moto's, as the command line finds it: tables, queues, and state machines whose executions run."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from unittest import mock

from moto import mock_aws

from cli.stack import Access, Stack
from dropreel.aws.executions import Executions
from dropreel.jobs import Job, Status
from dropreel.settings import SubmitSettings
from tests import quick_moto
from tests.tables import create_tables

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/any"
WAIT = {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Poll"}
#: The watch's machine, whose look leaves everything as it is.
LOOKING = {
    "Wait": WAIT,
    "Poll": {"Type": "Pass", "Next": "Done?"},
    "Done?": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "Done"}],
        "Default": "Wait",
    },
    "Done": {"Type": "Succeed"},
    "Pause": {"Type": "Wait", "Seconds": 900, "Next": "Poll"},
}


def job(status: Status = Status.SUBMITTED, **more: Any) -> Job:
    """One at its first attempt, which no other test knows."""
    values = {"attempt": 1, "token_hash": uuid.uuid4().hex, "deadline_at": 1_780_003_600.0, **more}
    name = uuid.uuid4().hex[:26].translate(str.maketrans("0189", "abcd"))
    return Job(name, "veo-3-1-fast", "pixazo", status, **{"place": "veo-3-1-fast/sea", **values})


@contextmanager
def a_stack(*, created_at: float = 0.0, **settings: Any) -> Iterator[Stack]:
    """One with nothing in it."""
    quick_moto.install()
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "any")
    with mock.patch.dict(os.environ, keys), mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        access = Access(endpoint_url=None, region=REGION)
        machines = {name: machine(access, name, "Wait", LOOKING) for name in ("watch", "gate")}
        create_tables(access.client("dynamodb"))
        queues = {name: access.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("intake", "deliver")}
        values = _settings(queues, machines) | settings
        there = Stack(
            name="Dropreel-local",
            env="local",
            access=access,
            status="CREATE_COMPLETE",
            created_at=created_at or time.time(),
            outputs={},
            settings=SubmitSettings(**values),
        )
        yield there
        for each in there.states.list_state_machines()["stateMachines"]:
            _stop_all(there, each["stateMachineArn"])


def forget_jobs(there: Stack) -> None:
    """Leave the jobs table empty."""
    for item in there.dynamodb.scan(TableName="jobs")["Items"]:
        there.dynamodb.delete_item(TableName="jobs", Key={"job_id": item["job_id"]})


def machine(access: Access, name: str, start: str, states: Mapping[str, object]) -> str:
    """The ARN of a new state machine."""
    made = access.client("stepfunctions").create_state_machine(
        name=name, roleArn=ROLE, definition=json.dumps({"StartAt": start, "States": states})
    )
    return str(made["stateMachineArn"])


def begin(there: Stack, arn: str, name: str, **state: object) -> None:
    """Start an execution, and wait until it has come as far as it gets for now."""
    Executions(there.states, arn).start(name, {"looks": 0, "wait": 600, "done": False, **state})
    execution = f"{arn.replace(':stateMachine:', ':execution:')}:{name}"
    for _ in range(100):
        events = there.states.get_execution_history(executionArn=execution)["events"]
        if events and events[-1]["type"] == "WaitStateEntered":
            return
        # moto writes the last event a moment before it says that the execution has ended.
        if there.states.describe_execution(executionArn=execution)["status"] != "RUNNING":
            return
        time.sleep(0.05)
    raise AssertionError(events)


def _stop_all(there: Stack, arn: str) -> None:
    for running in there.states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
        Executions(there.states, arn).stop(running["name"])


def _settings(queues: Mapping[str, str], machines: Mapping[str, str]) -> dict[str, Any]:
    gateways = dict.fromkeys(("pixazo_url", "pixazo_secret", "aimlapi_url", "aimlapi_secret"), "x")
    return {
        **gateways,
        "allow_loopback": True,
        "jobs_table": "jobs",
        "gates_table": "gates",
        "inbox_bucket": "inbox",
        "outbox_bucket": "outbox",
        "intake_queue_url": queues["intake"],
        "deliver_queue_url": queues["deliver"],
        "watch_arn": machines["watch"],
        "gate_arn": machines["gate"],
        "event_bus": "bus",
        "callback_base_url": "x",
        "quiet_seconds": 5,
        "webhooks": True,
        "progress": False,
        "first_poll_seconds": 180,
        "poll_seconds": 10,
        "deadline_seconds": 3600,
        "held_retry_seconds": 300,
        "daily_budget_usd": None,
        "default_price_usd": Decimal(1),
    }
