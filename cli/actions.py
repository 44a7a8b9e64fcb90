"""What a person may do to a job as it stands: what each act may cost or lose, and how it is done.

The verbs and the page say the same words and do the same things, for both take them from here.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cli.exits import INVALID, Trouble
from cli.stack import Stack
from cli.wording import due, money
from dropreel.jobs import Job, Status


@dataclass(frozen=True, kw_only=True)
class Action:
    """One act, on one job."""

    #: retry, fetch-again, give-up or go-on.
    name: str
    #: For a button.
    label: str
    #: What it may cost or lose; "" where nothing need be asked.
    asks: str = ""
    #: What is said once it is done.
    done: str


#: What sending it again may cost, by how the job stands.
_RISKS = {
    Status.UNKNOWN: "Its answer was lost, so it may have been paid. Sending it again may pay a second time",
    Status.FAILED: "Sending it again is a new request, which is paid anew",
    Status.EXPIRED: "The gateway may still deliver it. Sending it again is a new request, which is paid anew",
}
#: What giving it up may lose, by how the job stands.
_LOSSES = {
    Status.UNKNOWN: "It may have been paid, and its film would still come by a callback.",
    Status.HELD: "It would be sent by itself once the gateway takes it.",
}


def retry(job: Job) -> Action:
    """Send it again."""
    risk, price = _RISKS.get(job.status), "price unknown" if job.price_usd is None else f"{money(job.price_usd)} USD"
    asks = f"{risk} ({price})." if risk else ""
    return Action(name="retry", label="Send again", asks=asks, done="it is sent again")


def fetch_again(job: Job) -> Action:
    """Fetch its output once more."""
    there = "Its output is there. Fetching it again pays nothing, but fails the job if the gateway has it no more."
    asks = there if job.status is Status.SUCCEEDED else ""
    return Action(
        name="fetch-again", label="Fetch again", asks=asks, done="its output is fetched again; nothing is paid"
    )


def give_up(job: Job) -> Action:
    """End it without a film."""
    asks = _LOSSES.get(job.status, "")
    done = "the place is forgotten; its files stay in the inbox" if job.status is Status.WAITING else "it is given up"
    return Action(name="give-up", label="Give up", asks=asks, done=done)


def go_on(_: Job) -> Action:
    """Have made what follows it in a row."""
    asks = "Of the steps that follow, those without a film are sent, and paid."
    return Action(name="go-on", label="Go on with the steps", asks=asks, done="what follows it is made")


#: Every act by its name.
ACTIONS: Mapping[str, Callable[[Job], Action]] = {
    "retry": retry,
    "fetch-again": fetch_again,
    "give-up": give_up,
    "go-on": go_on,
}


def retried(job: Job) -> Action:
    """How a job is tried once more: its output is fetched where there is one to be had, else it is sent."""
    return fetch_again(job) if _has_output(job) else retry(job)


def offered(job: Job) -> Iterator[Action]:
    """What can be done to a job as it stands; one that a gate holds is sent by itself."""
    sendable = job.status in _RISKS or (job.status is Status.HELD and not job.gate)
    if job.request_id if _has_output(job) else sendable:
        yield retried(job)
    if job.status in (Status.WAITING, Status.HELD, Status.UNKNOWN):
        yield give_up(job)
    if job.status is Status.SUCCEEDED and job.then:
        yield go_on(job)


def act(there: Stack, job: Job, action: Action) -> Job:
    """Do it; the job as it is then. Raises Mistake or Trouble where it can't be done, or can't any more."""
    deadline_seconds = there.settings.deadline_seconds
    match action.name:
        case "fetch-again":
            return there.operator.redeliver(job.job_id, deadline_seconds=deadline_seconds)
        case "give-up":
            return there.operator.give_up(job.job_id)
        case "go-on":
            return there.operator.go_on(job.job_id)
    if held := held_back(there, job):
        raise Trouble(held, INVALID)
    return there.operator.resend(job.job_id)


def _has_output(job: Job) -> bool:
    return job.status is Status.SUCCEEDED or (job.error or {}).get("code") == "output_unavailable"


def held_back(there: Stack, job: Job) -> str:
    """Why nothing is sent for a job behind a closed gate, which would only hold it again; "" where the way is free."""
    gate = there.gates.get(job.gate) if job.status is Status.HELD and job.gate else None
    if gate is None or not gate.closed:
        return ""
    held = f"nothing was sent: the gate {gate.name} holds it ({gate.reason}), and lets it go by itself"
    return f"{held}; {due(gate, time.time())}"
