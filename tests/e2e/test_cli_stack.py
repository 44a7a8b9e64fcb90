"""`dropreel budget` and `doctor`, and how a verb finds its stack."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.exits import FAILED, INVALID, UNREACHABLE
from local.gateways import SimulatedGateways
from tests.e2e.harness import PROJECT, QUICK, Stack, running_stack, started
from tests.e2e.tiny import eventually
from tests.e2e.verbs import dead_letters, dropped, dropreel, lines, one, until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def poor(gateways: SimulatedGateways) -> Iterator[Stack]:
    """A stack whose day's budget is one film."""
    with running_stack({**QUICK, "daily_budget_usd": "1.00"}, gateways_url=gateways.url) as stack:
        yield stack


def test_a_budget_that_is_used_up_holds_and_says_so(poor: Stack, name: str) -> None:
    assert dropped(poor, name, name, "--watch")["status"] == "SUCCEEDED"
    held = dropped(poor, f"{name}-2", f"{name}-2")
    until(poor, held["job_id"], "HELD")
    spent = one(dropreel(poor, "budget", "--json"))
    assert (spent["days"][0]["usd"], spent["held_jobs"]) == (0.6, 1)
    assert "0.60 of 1.00 USD" in dropreel(poor, "budget").stdout
    assert "daily_budget_usd" in dropreel(poor, "show", held["job_id"]).stdout
    told = " ".join(dropreel(poor, "doctor", status=FAILED).stdout.split())
    assert f"job {held['job_id']} of 0.60 does not fit; 1 job held, the next look whether there is room" in told
    dropreel(poor, "give-up", held["job_id"], "--yes")
    assert poor.manifest(f"veo-3-1-fast/{name}-2")["error"]["code"] == "given_up"


def test_a_missing_key_and_a_dead_letter_are_found(poor: Stack) -> None:
    for gateway in ("pixazo", "aimlapi"):
        poor.client("secretsmanager").put_secret_value(SecretId=f"dropreel/local/{gateway}", SecretString=" ")
    poor.client("sqs").send_message(QueueUrl=dead_letters(poor), MessageBody="{}")
    try:
        ran = dropreel(poor, "doctor", "--json", status=FAILED)
    finally:
        poor.client("secretsmanager").put_secret_value(SecretId="dropreel/local/pixazo", SecretString="a-key")
    found = {check["name"]: check["state"] for check in lines(ran)}
    assert (found["pixazo gateway"], found["aimlapi gateway"]) == ("fine", "fine")
    bad = {check["name"]: check["todo"] for check in lines(ran) if check["state"] == "bad"}
    assert {"pixazo key", "aimlapi key", "intake dead letters"} <= set(bad)
    assert "put-secret-value --secret-id dropreel/local/aimlapi" in bad["aimlapi key"]
    assert "dropreel redrive --queue intake" in bad["intake dead letters"]
    found = {check["name"]: check["state"] for check in lines(dropreel(poor, "doctor", "--json", status=FAILED))}
    assert (found["pixazo key"], found["aimlapi key"]) == ("fine", "look")


def test_no_budget_is_said_to_be_none(laptop: Stack) -> None:
    assert "has no daily budget" in dropreel(laptop, "budget").stdout
    assert one(dropreel(laptop, "budget", "--json"))["daily_budget_usd"] is None


def test_a_stack_that_is_not_there_has_its_own_exit_status(laptop: Stack) -> None:
    nobody = dropreel(None, "jobs", "--endpoint-url", "http://localhost:9", status=UNREACHABLE).stderr
    assert "nothing answers at http://localhost:9" in nobody
    page = dropreel(None, "jobs", "--endpoint-url", laptop.addresses["console_url"], status=UNREACHABLE).stderr
    assert "what answers there is not AWS" in page
    absent = dropreel(laptop, "jobs", "--env", "prod", status=UNREACHABLE).stderr
    assert "there is no stack Dropreel-prod" in absent
    assert "no environment nope" in dropreel(laptop, "jobs", "--env", "nope", status=INVALID).stderr


def test_a_running_stack_is_found_without_being_named(laptop: Stack) -> None:
    note = PROJECT / ".build" / "laptops" / f"{laptop.process.pid}.json"
    assert json.loads(note.read_text())["aws_endpoint_url"] == laptop.addresses["aws_endpoint_url"]
    dropreel(None, "jobs")


def test_a_stack_that_ends_takes_its_note_along(tmp_path: Path) -> None:
    with started(log=tmp_path / "log") as process:
        note = PROJECT / ".build" / "laptops" / f"{process.pid}.json"
        assert eventually(note.exists, 90), (tmp_path / "log").read_text()
        process.terminate()
        assert process.wait(15) == 0
    assert not note.exists()


def test_the_verbs_do_not_wait_for_what_they_do_not_need() -> None:
    """The help must come at once, so it must not load what only running stacks need."""
    program = "import sys, cli.app; print([name for name in ('moto', 'av', 'numpy', 'aws_cdk') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
