"""`dropreel retry`, `adopt` and `give-up`: what only a person can decide."""

import json
import time
from typing import Annotated

import typer

from cli import stack
from cli.exits import INVALID, Trouble, ask
from cli.following import finish
from cli.options import EndpointUrl, Env, JobId, Json, Yes
from cli.stack import Stack
from cli.summary import as_json
from cli.wording import OUT, due, money
from dropreel.aws.gates import Gate
from dropreel.errors import NotSent, StatusUnavailable
from dropreel.jobs import Job, Status

Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow the job to its end.")]
RequestId = Annotated[
    str, typer.Argument(metavar="REQUEST", help="The request's id, as the gateway's own list has it.")
]
AndThen = Annotated[bool, typer.Option("--and-then", help="Go on with the steps that follow a job that has its film.")]

#: What sending it again may cost, by how the job stands.
_RISKS = {
    Status.UNKNOWN: "Its answer was lost, so it may have been paid. Sending it again may pay a second time",
    Status.FAILED: "Sending it again is a new request, which is paid anew",
    Status.EXPIRED: "The gateway may still deliver it. Sending it again is a new request, which is paid anew",
}

#: What fetching an output that is there already may lead to.
_ANEW = "Its output is there. Fetching it again pays nothing, but fails the job if the gateway has it no more."


def retry(
    job_id: JobId,
    and_then: AndThen = False,
    yes: Yes = False,
    watch: Watch = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Try a job once more: fetch its output again, which pays nothing, or send it again, which may."""
    there = stack.find(env, endpoint_url)
    job = there.job(job_id)
    if and_then:
        ask("Of the steps that follow, those without a film are sent, and paid.", yes=yes)
        _said(there, job, there.operator.go_on(job.job_id), "what follows it is made", json_=json_, watch=False)
        return
    if job.status is Status.HELD and job.gate:
        _not_behind(there.gates.get(job.gate), job)
    if job.status is Status.SUCCEEDED or (job.error or {}).get("code") == "output_unavailable":
        if job.status is Status.SUCCEEDED:
            ask(_ANEW, yes=yes)
        after = there.operator.redeliver(job.job_id, deadline_seconds=there.settings.deadline_seconds)
        done = "its output is fetched again; nothing is paid"
    else:
        if job.status in _RISKS:
            price = f"{money(job.price_usd)} USD" if job.price_usd is not None else "price unknown"
            ask(f"{_RISKS[job.status]} ({price}).", yes=yes)
        after = there.operator.resend(job.job_id)
        done = "it is sent again"
    _said(there, job, after, done, json_=json_, watch=watch)


def adopt(
    job_id: JobId,
    request_id: RequestId,
    yes: Yes = False,
    watch: Watch = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Tell an UNKNOWN or EXPIRED job which request at the gateway is its own, and have its film fetched; free."""
    there = stack.find(env, endpoint_url)
    job = there.job(job_id)
    if job.status in (Status.UNKNOWN, Status.EXPIRED):
        _known(there, job, request_id, yes=yes)
    after = there.operator.adopt(job.job_id, request_id, deadline_seconds=there.settings.deadline_seconds)
    _said(there, job, after, f"{request_id} is its request; its film is being waited for", json_=json_, watch=watch)


def give_up(
    job_id: JobId,
    yes: Yes = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """End a job that is WAITING, HELD or UNKNOWN, as FAILED; what an UNKNOWN one may have cost is spent."""
    there = stack.find(env, endpoint_url)
    job = there.job(job_id)
    if job.status is Status.UNKNOWN:
        ask("It may have been paid, and its film would still come by a callback.", yes=yes)
    elif job.status is Status.HELD:
        ask("It would be sent by itself once the gateway takes it.", yes=yes)
    after = there.operator.give_up(job.job_id)
    done = "the place is forgotten; its files stay in the inbox" if job.status is Status.WAITING else "it is given up"
    _said(there, job, after, done, json_=json_, watch=False)


def _not_behind(gate: Gate, job: Job) -> None:
    """Raises Trouble where the job's gate is closed: whatever was sent for it would only be held again."""
    if gate.closed:
        raise Trouble(
            f"nothing was sent: the gate {gate.name} holds it ({gate.reason}), and lets it go by itself; "
            f"{due(gate, time.time())}",
            INVALID,
        )


def _known(there: Stack, job: Job, request_id: str, *, yes: bool) -> None:
    """Ask the gateway whether it knows the request: a job that adopts a wrong one waits for it to its deadline."""
    from dropreel.gateways.access import Keys, gateways

    gateway = gateways(there.settings, Keys(there.client("secretsmanager"), time.time))(job.gateway)
    try:
        gateway.status(request_id)
    except (StatusUnavailable, NotSent) as problem:
        ask(f"The gateway did not say how {request_id} stands: {problem}.", yes=yes)


def _said(there: Stack, before: Job, after: Job, done: str, *, json_: bool, watch: bool) -> None:
    if watch:
        finish(there, [after.job_id], json_=json_, timeout=None, newer=before)
    elif json_:
        print(json.dumps(as_json(after, there.env)))
    else:
        OUT.print(f"{after.job_id}: {done}", soft_wrap=True)
