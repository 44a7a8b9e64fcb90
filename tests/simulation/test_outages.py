"""AWS does not do what it is asked for a while: nothing is lost or paid twice, nobody is asked more often for it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from dropreel.jobs import Status
from tests.simulation.account import Accounts
from tests.simulation.crashes import FAILED_FIRST
from tests.simulation.schedules import Mishap, run
from tests.simulation.script import Generation, Order, Outage, Plan, Trouble

#: As it is deployed by default; a film takes nearly an hour, and nobody calls back.
DEFAULT = Plan(deadline_seconds=3600, poll_seconds=10)
SLOWLY = replace(DEFAULT, orders=(Order(generations=(Generation(seconds=3400.0, calls="never"),)),))
MEANWHILE = replace(DEFAULT, orders=(Order(generations=(Generation(seconds=1000.0, calls="never"),)),))
BREAKS_OFF = replace(DEFAULT, orders=(Order(generations=(Generation(broken=3),)),))
REFUSED = replace(DEFAULT, troubles=(Trouble("pixazo", 402, 0, 400),))
REFUSED_TWICE = replace(REFUSED, orders=(Order(), Order("message")))

#: What fails, and a plan that goes well otherwise.
OUTAGES: dict[str, tuple[Plan, Outage]] = {
    "no key can be read to send with": (DEFAULT, Outage("GetSecretValue", "unreachable", 0, 600, "submit")),
    "nobody may read the keys": (DEFAULT, Outage("secretsmanager", "denied", 0, 2700)),
    "no key can be read to ask with": (SLOWLY, Outage("GetSecretValue", "unreachable", 0, 1800, "poll")),
    "the outbox may not be written": (DEFAULT, Outage("PutObject", "denied", 0, 2700, "deliver")),
    "the outbox is unreachable": (SLOWLY, Outage("PutObject", "unreachable", 3000, 4200, "deliver")),
    "S3 is busy": (DEFAULT, Outage("s3", "throttled", 0, 1200)),
    "events are not taken": (DEFAULT, Outage("events", "broken", 0, 2700)),
    "no watch starts": (DEFAULT, Outage("StartExecution", "throttled", 0, 1200, "submit")),
    "events are not taken, and it is dropped again upon its manifest": (
        replace(DEFAULT, orders=(Order(generations=FAILED_FIRST, upon_failure=True),)),
        Outage("events", "denied", 0, 2700),
    ),
    "no watch is stopped": (DEFAULT, Outage("StopExecution", "denied", 0, 2700)),
    "nothing can be hidden": (BREAKS_OFF, Outage("ChangeMessageVisibility", "denied", 0, 2700)),
    "held jobs can not be let go": (REFUSED_TWICE, Outage("SendMessageBatch", "denied", 0, 2700, "probe")),
    "the tables are throttled": (SLOWLY, Outage("dynamodb", "throttled", 600, 1800)),
    "records can not be written": (SLOWLY, Outage("UpdateItem", "broken", 60, 1200)),
    "the queues are down": (MEANWHILE, Outage("sqs", "unreachable", 600, 1800)),
    "callbacks can not be passed on": (DEFAULT, Outage("SendMessage", "denied", 0, 2700, "callback")),
    "marks can not be taken away": (REFUSED, Outage("DeleteItem", "throttled", 0, 1200, "probe")),
    "jobs can not be held": (REFUSED, Outage("PutItem", "throttled", 5.5, 600, "probe")),
    "the budget's sum is busy": (
        replace(REFUSED, budget=Decimal(5)),
        Outage("TransactWriteItems", "throttled", 5.5, 900, "probe"),
    ),
}


#: Those whose many tries take seconds.
THOROUGH = (
    "the outbox may not be written",
    "events are not taken",
    "events are not taken, and it is dropped again upon its manifest",
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.thorough] if name in THOROUGH else []) for name in OUTAGES]
)
def test_an_outage_delays_a_job_and_does_nothing_else(aws: Accounts, name: str) -> None:
    plan, outage = OUTAGES[name]
    ran = run(replace(plan, outages=(outage,)), Mishap(), aws)
    assert ran.complaints == []
    assert {job.status for job in ran.world.account.jobs().values()} == {Status.SUCCEEDED}
    assert ran.counts["AWS calls failed in an outage"] > 0


@pytest.mark.parametrize("place", range(4))
def test_a_held_job_that_can_not_be_sent_does_not_keep_the_others_back(aws: Accounts, place: int) -> None:
    orders = tuple(Order("pair" if number == place else "drop") for number in range(4))
    plan = Plan(orders, troubles=(Trouble("pixazo", 402, 0, 2000),), withdrawn=("veed-fabric-1-0-api-130", 1000.0))
    ran = run(plan, Mishap(), aws)
    assert ran.complaints == []
    others = [job for job in ran.world.account.jobs().values() if job.model == "veo-3-1-fast"]
    assert [job.status for job in others] == [Status.SUCCEEDED] * 3
