"""What must stay within bounds whatever fails: requests, messages, and the jobs that were not sent."""

from __future__ import annotations

from collections.abc import Iterator

from dropreel.jobs import Job, Status, next_wait
from tests.simulation.cloud import MAX_RECEIVES
from tests.simulation.gateway import Post
from tests.simulation.ledger import Ledger, order_of
from tests.simulation.world import START, World

#: Names of counts of what may double a message, or the work on it, by one.
MISHAPS = ("deaths", "stalls in", "leaps of", "duplicate", "AWS answers lost", "AWS calls failed", "dead letters")
#: Failed downloads in a row, and what is asked or sent besides the looks, by the book.
MOST_TRIES, FEW = 9, 3
#: The writes that decide who may POST.
INTENTS = frozenset({"PutItem", "TransactWriteItems"})


def unbounded(world: World, ledger: Ledger) -> Iterator[str]:
    """Everything that grew beyond its bounds, and every job that was lost for nothing."""
    for job in world.account.jobs().values():
        yield from _sent(world, ledger, job)
        yield from _asked(world, job)
    yield from _crowded(world)
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
        if len(moments) > (most := _most(world, post, max(moments, default=0.0))):
            yield f"{post.request_id} was asked for {len(moments)} times, not at most {most}"


def _most(world: World, post: Post, last: float) -> int:
    plan, passed, looks, rounds = world.plan, last - post.at, 0, 0
    while passed > 0:
        passed -= next_wait(looks, first=plan.poll_seconds)
        looks += 1
    rounds = max(0, int((last - post.at - plan.deadline_seconds) / 60))
    news = sum(1 for call, _ in world.answers if call.token == post.token and call.kind != "forged")
    again = MAX_RECEIVES if plan.outages or plan.broken else 1
    tries = MOST_TRIES if post.script.slow else min(post.script.broken, MOST_TRIES)
    tries += MOST_TRIES if post.script.gone or not post.script.outputs else 0
    return (1 + mishaps(world)) * (looks + tries + again * (news + rounds) + FEW)


def _crowded(world: World) -> Iterator[str]:
    """There is one look at an attempt, and the next; whatever comes twice goes on twice. News may lie side by side."""
    chains = 1 + mishaps(world)
    for about, most in world.sqs.most.items():
        looks = "-" in about
        news = 0 if looks else len(world.answers) + world.counts["invocations of poll"]
        if most > 2 * chains + 1 + news:
            yield f"{most} messages about {about} lay on the deliver queue at once"


def _heeded(world: World) -> Iterator[str]:
    """Whoever drops the files again once a manifest says FAILED has them tried again, record or no record."""
    for job in world.account.jobs().values():
        name = order_of(job)
        again = name and world.plan.orders[int(name.removeprefix("order"))].upon_failure
        if again and job.status is Status.FAILED and job.attempt < 2:
            yield f"{name} was dropped again upon its manifest, and not tried again"


def troubled_until(world: World) -> float:
    """When the last outage was over; -inf if there was none."""
    return max((START + outage.ends for outage in world.plan.outages), default=float("-inf"))
