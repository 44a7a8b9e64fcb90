"""`dropreel retry`: one job once more, or all that stand alike; each of many by the very rules of one."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import typer

from cli import actions, stack
from cli.deciding import Watch, tell
from cli.exits import FAILED, INVALID, Trouble, ask
from cli.listing import ModelOption, Newer, Older, StatusOption, wanted
from cli.options import EndpointUrl, Env, Json, OneJob, Yes
from cli.retrial import SENDABLE, Retry, carry_out, decide
from cli.search import Wanted, search
from cli.stack import Stack
from cli.table import table
from cli.wording import OUT, count, counted_usd, money, said
from dropreel.errors import Mistake
from dropreel.jobs import Job, Status

AndThen = Annotated[bool, typer.Option("--and-then", help="Go on with the steps that follow a job that has its film.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="With --status: the newest, so many.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done, and what that may cost.")]

#: What sending many again may cost, by how they stand.
_RISKS = {
    Status.UNKNOWN: "answers lost, so they may have been paid and may be paid a second time",
    Status.FAILED: "new requests, paid anew",
    Status.EXPIRED: "new requests, paid anew; the gateway may still deliver the old ones",
    Status.HELD: "sent now, and not by themselves later",
}


def retry(
    named: OneJob = None,
    statuses: StatusOption = None,
    model: ModelOption = None,
    newer: Newer = None,
    older: Older = None,
    limit: Limit = 100,
    and_then: AndThen = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    watch: Watch = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Try a job once more: fetch its output again, which pays nothing, or send it again, which may.

    With --status in place of a job, all jobs that stand so, after one question that names the sum. Then it ends with 1
    if one of them could not be tried.
    """
    which = wanted(statuses, model, newer, older)
    _refuse_mixtures(named, which, {"--watch": watch, "--and-then": and_then}, dry_run=dry_run)
    there = stack.find(env, endpoint_url)
    if named is None:
        _many(there, which, limit, dry_run=dry_run, yes=yes, json_=json_)
        return
    job = there.job(named)
    if and_then:
        following = actions.go_on(job)
        ask(following.asks, yes=yes)
        tell(there, job, actions.act(there, job, following), following.done, json_=json_, watch=False)
        return
    plan = decide(there, job)
    if plan.problem:
        raise Trouble(plan.problem, INVALID)
    if dry_run:
        _report(plan, done=False, json_=json_)
        return
    if plan.action.asks:
        ask(plan.action.asks, yes=yes)
    tell(there, job, carry_out(there, plan), plan.said(done=True), json_=json_, watch=watch)


def _refuse_mixtures(named: str | None, which: Wanted, of_one: Mapping[str, bool], *, dry_run: bool) -> None:
    given = [name for name, is_given in of_one.items() if is_given]
    if named is not None and which != Wanted():
        raise Mistake("--status, --model, --newer, --older", "choose among all jobs, and go with none that is named")
    if named is None and given:
        raise Mistake(given[0], "goes with one job, which must be named")
    if named is None and not which.statuses:
        raise Trouble("name a JOB, or say by --status which jobs are to be tried again", INVALID)
    unfit = which.statuses - set(SENDABLE)
    if named is None and unfit:
        raise Mistake("--status", f"{', '.join(unfit)} can not be tried again together", ", ".join(SENDABLE))
    if dry_run and given:
        raise Mistake("--dry-run", f"does not go with {given[0]}")


def _many(there: Stack, which: Wanted, limit: int, *, dry_run: bool, yes: bool, json_: bool) -> None:
    """Ends the command with FAILED if one could not be tried."""
    found = search(there, which, limit=limit)
    plans = [_fresh(there, which, listed) for listed in found.jobs]
    ready = [plan for plan in plans if not plan.problem]
    if not plans:
        said(f"no such jobs in {there.name}")
    if ready and not json_:
        OUT.print(table([plan.job for plan in ready], time.time(), OUT.width))
        OUT.print("\n".join(_sums(there, ready)), soft_wrap=True)
    if ready and not dry_run:
        ask(f"{count(len(ready), 'job')}: {_sum(there, ready)}.", yes=yes)
    ended = []
    for plan in plans:
        ended.append(plan if dry_run else _tried(there, plan))
        _report(ended[-1], done=not dry_run, json_=json_)
    if found.more:
        said(f"these were the newest {limit}; there are older ones: --older chooses them")
    if any(plan.problem for plan in ended):
        said(f"{sum(bool(plan.problem) for plan in ended)} of {count(len(ended), 'job')} could not be tried")
        raise typer.Exit(FAILED)


def _fresh(there: Stack, which: Wanted, listed: Job) -> Retry:
    """What is to be done to a job of a list, which may be a moment behind."""
    job = there.job(listed.job_id)
    if job.status not in which.statuses:
        return Retry(job=job, problem=f"it is {job.status} by now, so nothing was done")
    return decide(there, job)


def _sums(there: Stack, ready: Sequence[Retry]) -> Iterator[str]:
    """What each kind of them may cost, a line each."""
    fetched = [plan for plan in ready if plan.fetches]
    for status, risk in _RISKS.items():
        if sent := [plan for plan in ready if plan.job.status is status and not plan.fetches]:
            yield f"{len(sent)} {status}, {risk}: {_sum(there, sent)}"
    if fetched:
        yield f"{len(fetched)} whose output is fetched again, which pays nothing"


def _sum(there: Stack, ready: Sequence[Retry]) -> str:
    """What they may cost together; an unknown price counts as it does in the budget."""
    prices = [plan.job.price_usd for plan in ready if not plan.fetches]
    unknown = there.settings.default_price_usd
    guessed = prices.count(None)
    if not prices:
        return "nothing is paid"
    usd = money(counted_usd(prices, unknown))
    return f"up to {usd} USD" + (f", {guessed} of unknown price at {money(unknown)}" if guessed else "")


def _tried(there: Stack, plan: Retry) -> Retry:
    if plan.problem:
        return plan
    try:
        carry_out(there, plan)
    except Mistake as mistake:
        return replace(plan, problem=str(mistake).removeprefix(f"job {plan.job.job_id}: "))
    return plan


def _report(plan: Retry, *, done: bool, json_: bool) -> None:
    if json_:
        print(json.dumps(plan.as_json(done=done)), flush=True)
    else:
        OUT.print(f"{plan.job.job_id}: {plan.said(done=done)}", soft_wrap=True)
