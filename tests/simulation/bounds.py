"""What must stay within bounds whatever fails: requests, messages, executions, and the jobs that were not sent."""

from __future__ import annotations

from collections.abc import Iterator

from dropreel.aws.gates import BUDGET
from dropreel.aws.queues import resume
from dropreel.jobs import Job, Status
from tests.simulation.functions import FIRST_POLL
from tests.simulation.gateway import Post
from tests.simulation.ledger import Ledger, number_of, order_of
from tests.simulation.machines import Execution
from tests.simulation.script import Plan
from tests.simulation.world import START, World

#: Names of counts of what may double a message, or the work on it, by one.
MISHAPS = ("deaths", "stalls in", "leaps of", "duplicate", "AWS answers lost", "AWS calls failed")
#: Failed downloads in a row, and what is asked or sent besides the looks, by the book.
MOST_TRIES, FEW = 9, 3
#: How often a message, or a task, is tried while an outage lasts, for each time that it would be.
AGAIN = 12
#: The writes that decide who may POST.
INTENTS = frozenset({"PutItem", "TransactWriteItems"})


def unbounded(world: World, ledger: Ledger) -> Iterator[str]:
    """Everything that grew beyond its bounds, and every job that was lost for nothing."""
    for job in world.account.jobs().values():
        yield from _sent(world, ledger, job)
        yield from _asked(world, job)
        yield from _woken(world, job)
        yield from _released(world, ledger, job)
    for execution in world.machines.executions.values():
        yield from _executed(world, execution)
    yield from _heeded(world)


def mishaps(world: World) -> int:
    """How often something went wrong that was not part of an outage."""
    counts = {name: count for name, count in world.counts.items() if "outage" not in name}
    twice = counts.get("deaths before an effect", 0) + counts.get("deaths after an effect", 0)  # "deaths in …", again
    return sum(count for name, count in counts.items() if name.startswith(MISHAPS)) - twice


def _sent(world: World, ledger: Ledger, job: Job) -> Iterator[str]:
    """A job expires unsent if its submitter died, never learned that it may POST, or could not write of a refusal."""
    life = ledger.intents.get((job.job_id, job.attempt))
    if job.status is not Status.EXPIRED or job.request_id or life is None or life.dead:
        return
    unsure = any(effect in INTENTS and way == "timed out" for effect, way in life.failures)
    posts = [post for post in world.gateways.posts if post.life is life and post.order == order_of(job)]
    stubborn = sum(1 for effect, _ in life.failures if effect in INTENTS) > 1
    if (all(post.refused for post in posts) if posts else not unsure) and not stubborn:
        yield f"{order_of(job)} was never sent, although it could be: {life.failures}"


def _asked(world: World, job: Job) -> Iterator[str]:
    """The status requests are those of the looks, of the news, and of downloads that break off."""
    posts = [post for post in world.gateways.posts if post.request_id and post.order == order_of(job)]
    for post in posts:
        moments = [at for at, request_id in world.gateways.asked if request_id == post.request_id]
        if len(moments) > (most := _most_asked(world, post, max(moments, default=0.0))):
            yield f"{post.request_id} was asked for {len(moments)} times, not at most {most}"


def _most_asked(world: World, post: Post, last: float) -> int:
    looks = _looks(world.plan, post.gateway, last - post.at)
    news = sum(1 for call, _ in world.answers if call.token == post.token and call.kind != "forged")
    tries = MOST_TRIES if post.script.slow else min(post.script.broken, MOST_TRIES)
    tries += MOST_TRIES if post.script.gone or not post.script.outputs else 0
    again = AGAIN if world.plan.outages else 1
    return (1 + mishaps(world)) * (again * (looks + news) + tries + FEW)


def _looks(plan: Plan, gateway: str, seconds: float) -> int:
    """The looks at an attempt in so many seconds: soon at first, then seldom, as the contract has it."""
    calls_back = plan.webhooks and gateway == "pixazo"
    wait = float(FIRST_POLL if calls_back else plan.poll_seconds)
    growing, longest = plan.poll_seconds * (1.0 if calls_back else 1.5), 300.0 if calls_back else 60.0
    looks = 0
    while seconds > 0:
        seconds -= wait
        looks += 1
        wait = growing
        growing = min(growing * 1.5, longest)
    return looks


def _woken(world: World, job: Job) -> Iterator[str]:
    """A delivery is woken by news of an end, and by looks where that came to nothing."""
    times = world.sqs.sent["deliver", f'{{"job_id": "{job.job_id}"}}']
    ends = sum(1 for call, _ in world.answers if call.job_id == job.job_id and call.kind not in ("forged", "progress"))
    troubled = world.plan.outages or world.plan.broken or job.late or job.status is Status.EXPIRED
    overdue = world.now - job.submitting_at if troubled and job.attempt else 0.0
    most = (1 + mishaps(world)) * (ends + FEW * max(1, job.attempt) + _looks(world.plan, job.gateway, overdue))
    if times > most:
        yield f"the delivery of {order_of(job)} was woken {times} times, not at most {most}"


def _released(world: World, ledger: Ledger, job: Job) -> Iterator[str]:
    """A held job is let go once for each time that a gate was closed."""
    times = world.sqs.sent["intake", resume(job.job_id)]
    most = (1 + mishaps(world)) * (ledger.closings() + job.attempt + FEW)
    if times > most:
        yield f"{order_of(job)} was let go {times} times, not at most {most}"


def _executed(world: World, execution: Execution) -> Iterator[str]:
    """Every execution ends by itself or is stopped, and goes no more rounds than it has to."""
    what = f"the execution {execution.machine} {execution.name}"
    if execution.ended not in ("SUCCEEDED", "ABORTED"):
        yield f"{what} ended {execution.ended or 'never'} after {execution.rounds} rounds"
    lasted = execution.ended_at - execution.began_at
    if execution.machine == "watch":
        gateway = "pixazo" if execution.state["calls_back"] else "aimlapi"
        slow = any(script.slow for order in world.plan.orders for script in order.generations)
        # While it is copied, the watch looks whenever the lease would be over, which is renewed before.
        most = _looks(world.plan, gateway, lasted) + FEW + int(slow and lasted / 45)
    else:
        pause = 3600 if execution.state["gate"] == BUDGET else world.plan.held_retry_seconds
        # Where there is no connection, the first pauses are shorter, and a 429 may say when.
        soon = 7 if execution.state["gate"] != BUDGET else 0
        pause = min(pause, 120 if any(trouble.kind == 429 for trouble in world.plan.troubles) else pause)
        most = int(lasted / pause) + soon + FEW + len(world.plan.orders)
    most *= (1 + mishaps(world)) * (AGAIN if world.plan.outages else 1)
    if execution.rounds > most:
        yield f"{what} went {execution.rounds} rounds in {lasted} s, not at most {most}"


def _heeded(world: World) -> Iterator[str]:
    """Whoever drops the files again once a manifest says FAILED has them tried again, record or no record."""
    for job in world.account.jobs().values():
        name = order_of(job)
        again = name and world.plan.orders[number_of(name)].upon_failure
        if again and job.status is Status.FAILED and job.attempt < 2:
            yield f"{name} was dropped again upon its manifest, and not tried again"


def troubled_until(world: World) -> float:
    """When the last outage was over; -inf if there was none."""
    return max((START + outage.ends for outage in world.plan.outages), default=float("-inf"))
