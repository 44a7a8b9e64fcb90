"""The benchmark of a job's cost counts what the simulation counts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.simulation.test_requests import FORGED, REQUESTS

#: What is asked of others than AWS.
_NOT_AWS = ("GET:gateway", "POST:gateway", "GET:media", "read:media")


@pytest.mark.long
def test_a_message_makes_the_same_requests_on_a_laptop_as_in_the_simulation() -> None:
    command = [sys.executable, "-m", "benchmarks.cost.one", "--seconds=40", "--message"]
    bill = json.loads(subprocess.check_output(command))
    invocations = [effects for invocation, effects in REQUESTS["a message"] if (invocation, effects) != FORGED]
    effects = [effect for each in invocations for effect in each.split() if effect not in _NOT_AWS]
    expected = Counter(effect.partition(":")[0] for effect in effects)
    made = Counter({name.split()[1]: count for name, count in bill["requests"].items()})
    assert {name: made[name] for name in expected} == expected
    assert bill["units"]["TRANSITIONS"] == 2
    assert bill["units"]["INVOCATIONS"] == len(invocations)
