"""What the simulation says of the account is what the template makes."""

from __future__ import annotations

import json

import pytest

from tests.infra.synthesized import Assembly, Json, readable
from tests.simulation.cloud import KEPT, QUEUES
from tests.simulation.functions import TIMEOUTS
from tests.simulation.machines import GATE, watch

#: How long a task may take and how its tries are spread: each simulated function has its timeout, and time is virtual.
_LEFT_OUT = {"TimeoutSeconds", "MaxDelaySeconds", "JitterStrategy", "Resource"}


@pytest.mark.parametrize("name", QUEUES)
def test_its_queues_hide_repeat_and_keep_messages_as_the_real_ones_do(prod: Assembly, name: str) -> None:
    queue = prod.of_type("AWS::SQS::Queue")[f"Queues{name.capitalize()}Queue"]
    assert queue["VisibilityTimeout"] == QUEUES[name].visibility
    assert queue["RedrivePolicy"]["maxReceiveCount"] == QUEUES[name].receives
    assert queue["MessageRetentionPeriod"] == KEPT


def test_its_functions_end_when_the_real_ones_do(prod: Assembly) -> None:
    assert {name: prod.function(name)["Timeout"] for name in TIMEOUTS} == TIMEOUTS


def test_its_state_machines_go_the_ways_of_the_real_ones(prod: Assembly) -> None:
    deadline = int(prod.function("poll")["Environment"]["Variables"]["DEADLINE_SECONDS"])
    simulated = {"Watch": watch(deadline), "Gate": GATE}
    for name, machine in simulated.items():
        real = json.loads(
            readable(prod.of_type("AWS::StepFunctions::StateMachine")[f"{name}Machine"]["DefinitionString"])
        )
        assert real.get("TimeoutSeconds") == machine.get("TimeoutSeconds")
        assert _ways(real["States"]) == _ways(machine["States"])


def _ways(states: Json) -> Json:
    match states:
        case dict():
            return {name: _ways(each) for name, each in states.items() if name not in _LEFT_OUT}
        case list():
            return [_ways(each) for each in states]
    return states
