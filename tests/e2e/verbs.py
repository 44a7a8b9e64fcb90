"""The verbs of `dropreel`, as a shell has them: a process, what it prints, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from cli.exits import FINE
from local.gateways import SimulatedGateways
from tests.e2e.harness import COMMAND, PROJECT, Stack
from tests.e2e.tiny import eventually

Ran = subprocess.CompletedProcess[str]


def dropreel(stack: Stack | None, *words: object, status: int = FINE) -> Ran:
    """Runs a verb against a stack, without a terminal; it must end with this status."""
    surroundings = {**os.environ, "COLUMNS": "80"}
    if stack:
        surroundings["DROPREEL_ENDPOINT_URL"] = stack.addresses["aws_endpoint_url"]
    ran = subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=PROJECT,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == status, f"{ran.returncode}: {ran.stdout}\n{ran.stderr}"
    return ran


def lines(ran: Ran) -> list[dict[str, Any]]:
    """A line of JSON each."""
    return [json.loads(line) for line in ran.stdout.splitlines()]


def one(ran: Ran) -> dict[str, Any]:
    (found,) = lines(ran)
    return found


def dropped(stack: Stack, name: str, prompt: str, *more: object, status: int = FINE) -> dict[str, Any]:
    """A film of four seconds, followed to its end; what the last line of JSON says."""
    words = ("drop", "-m", "veo-3-1-fast", "-p", prompt, "--set", "duration=4", "--name", name, "--json", *more)
    return lines(dropreel(stack, *words, status=status))[-1]


def posts(gateways: SimulatedGateways, needle: str) -> list[Any]:
    return [post for post in gateways.posts if needle in json.dumps(post.body)]


def until(stack: Stack, job_id: str, status: str) -> dict[str, Any]:
    def shown() -> dict[str, Any] | None:
        found = [job for job in stack.jobs() if job["job_id"] == job_id]
        return found[0] if found and found[0]["status"] == status else None

    found = eventually(shown, 30)
    assert found, stack.jobs()
    return found


def dead_letters(stack: Stack) -> str:
    resources = stack.client("cloudformation").describe_stack_resources(StackName="Dropreel-local")["StackResources"]
    (url,) = [
        resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::SQS::Queue" and "IntakeDeadLetters" in resource["LogicalResourceId"]
    ]
    return str(url)
