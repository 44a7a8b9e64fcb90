"""`dropreel adopt` and `give-up`: what only a person can decide, beside `retry`."""

import json
import time
from typing import Annotated

import typer

from cli import actions, stack
from cli.exits import ask
from cli.following import finish
from cli.options import AJob, EndpointUrl, Env, Json, Yes
from cli.stack import Stack
from cli.summary import as_json
from cli.wording import OUT
from dropreel.errors import NotSent, StatusUnavailable
from dropreel.jobs import Job, Status

Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow the job to its end.")]
RequestId = Annotated[
    str, typer.Argument(metavar="REQUEST", help="The request's id, as the gateway's own list has it.")
]


def adopt(
    named: AJob,
    request_id: RequestId,
    yes: Yes = False,
    watch: Watch = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Tell an UNKNOWN or EXPIRED job which request at the gateway is its own, and have its film fetched; free."""
    there = stack.find(env, endpoint_url)
    job = there.job(named)
    if job.status in (Status.UNKNOWN, Status.EXPIRED):
        _known(there, job, request_id, yes=yes)
    after = there.operator.adopt(job.job_id, request_id, deadline_seconds=there.settings.deadline_seconds)
    tell(there, job, after, f"{request_id} is its request; its film is being waited for", json_=json_, watch=watch)


def give_up(
    named: AJob,
    yes: Yes = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """End a job that is WAITING, HELD or UNKNOWN, as FAILED; what an UNKNOWN one may have cost is spent."""
    there = stack.find(env, endpoint_url)
    job = there.job(named)
    action = actions.give_up(job)
    if action.asks:
        ask(action.asks, yes=yes)
    tell(there, job, actions.act(there, job, action), action.done, json_=json_, watch=False)


def _known(there: Stack, job: Job, request_id: str, *, yes: bool) -> None:
    """Ask the gateway whether it knows the request: a job that adopts a wrong one waits for it to its deadline."""
    from dropreel.gateways.access import Keys, gateways

    gateway = gateways(there.settings, Keys(there.client("secretsmanager"), time.time))(job.gateway)
    try:
        gateway.status(request_id)
    except (StatusUnavailable, NotSent) as problem:
        ask(f"The gateway did not say how {request_id} stands: {problem}.", yes=yes)


def tell(there: Stack, before: Job, after: Job, done: str, *, json_: bool, watch: bool) -> None:
    """What was done to a job, or all that comes of it until its end."""
    if watch:
        finish(there, [after.job_id], json_=json_, timeout=None, newer=before)
    elif json_:
        print(json.dumps(as_json(after, there.env)))
    else:
        OUT.print(f"{after.job_id}: {done}", soft_wrap=True)
