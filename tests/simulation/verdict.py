"""What must be true when nothing more happens."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from dropreel.aws.gates import BUDGET
from dropreel.delivery.ending import manifest
from dropreel.jobs import ENDED, Job, Status, token_hash
from tests.simulation.account import KEYS, OUTBOX
from tests.simulation.bounds import mishaps, troubled_until, unbounded
from tests.simulation.ledger import Ledger, number_of, order_of
from tests.simulation.world import START, World

#: Failed downloads after which a job may give up.
MOST_BROKEN = 8
#: Seconds between the last looks at an expired job.
LAST_LOOKS = 600
#: Seconds within which what is known is done; and within which an end is known that nobody tells, or that comes after
#: EXPIRED: there is a look every five minutes.
MOMENTS, SOON = 60.0, 400.0
#: Seconds by which a mishap may put that off: a submission that died is tried again after half an hour, and an
#: execution whose function fails again and again pauses for 15 minutes.
MADE_GOOD = 2000.0


def complaints(world: World, ledger: Ledger) -> Iterator[str]:
    """Everything that is not as it should be."""
    yield from world.broken
    yield from _visible(world)
    yield from _manifests(world)
    for job in world.account.jobs().values():
        yield from _truthful(world, job)
    yield from _faithful(world)
    yield from _accounted(world, ledger)
    yield from _answered(world)
    yield from _sent_soon(world)
    yield from _fetched_soon(world)
    yield from unbounded(world, ledger)
    yield from _secret(world)


def _deaths(world: World) -> int:
    return sum(count for name, count in world.counts.items() if name.startswith("deaths in"))


def _visible(world: World) -> Iterator[str]:
    """Invariant 2: every accepted input has come to an end."""
    jobs = list(world.account.jobs().values())
    for number in range(len(world.plan.orders)):
        mine = [job for job in jobs if order_of(job) == f"order{number}"]
        if len(mine) != 1:
            yield f"order{number} has {len(mine)} records: {[str(job.status) for job in mine]}"
    yield from _followed(jobs)
    open_ = [job for job in jobs if job.status not in ENDED and not _withdrawn(world, job)]
    yield from (f"{order_of(job)} is left {job.status}: {job.reason}" for job in open_)


def _followed(jobs: Sequence[Job]) -> Iterator[str]:
    """A job that has its film is followed by the next of its row, and by nothing else; no other job is."""
    known = {job.job_id for job in jobs}
    wanted = {job.next_id: job for job in jobs if job.then and job.status is Status.SUCCEEDED}
    yield from (f"nothing follows {order_of(job)}" for job_id, job in wanted.items() if job_id not in known)
    steps = [job for job in jobs if job.step > 1]
    yield from (f"{order_of(job)} follows nothing" for job in steps if job.job_id not in wanted)


def _withdrawn(world: World, job: Job) -> bool:
    """Whether nobody knows its model any more."""
    return world.plan.withdrawn is not None and job.model == world.plan.withdrawn[0]


def _manifests(world: World) -> Iterator[str]:
    """Exactly one manifest a job, which says what the record says, and an event that says the same."""
    found = world.account.objects(OUTBOX)
    for job in world.account.jobs().values():
        if job.status not in ENDED:
            continue
        mine = [json.loads(stored.body) for key, stored in found.items() if key.endswith(f"-{job.job_id}.json")]
        if len(mine) != 1:
            yield f"{len(mine)} manifests of {order_of(job)}"
        elif mine[0] != (said := _as_then(job, mine[0])):
            yield f"the manifest {mine[0]} is not the record {said}"
        elif mine[0] not in world.account.events:
            yield f"no event says that {order_of(job)} {job.status}"


def _as_then(job: Job, written: dict[str, Any]) -> dict[str, Any]:
    """What the record says, but for what may differ.

    An expired job may have learned its request id since, from news that came too late. Of two that reject the same
    mistake at the same moment, one writes the record and the other may write the manifest.
    """
    said: dict[str, Any] = json.loads(json.dumps(manifest(job)))
    free = {Status.EXPIRED: ("request_id",), Status.REJECTED: ("created_at", "completed_at")}.get(job.status, ())
    return said | {name: written[name] for name in free}


def _truthful(world: World, job: Job) -> Iterator[str]:
    """What the record says of the gateway is what the gateway did."""
    name = order_of(job)
    posts = [post for post in world.gateways.posts if post.order == name]
    post = world.gateways.request(job.request_id)
    code = job.error["code"] if job.error else ""
    match job.status, code:
        case Status.SUCCEEDED, _:
            right = post is not None and post.script.outcome == "COMPLETED"
            right = (
                right
                and [output["sha256"] for output in job.outputs]
                == [hashlib.sha256(film).hexdigest() for film in world.gateways.films(job.request_id)][
                    : len(job.outputs)
                ]
            )
            right = right and len(job.outputs) > 0
        case Status.FAILED, "failed":
            # Gateway "aimlapi" knows no ERROR: all that went wrong is FAILED there.
            right = post is not None and post.script.outcome in ("FAILED", *(["ERROR"] * (post.gateway == "aimlapi")))
        case Status.FAILED, "error":
            right = sum(1 for other in posts if other.errored(world.now)) > 0
        case Status.FAILED, "declined":
            right = posts[-1].answer == "400"
        case Status.FAILED, "output_unavailable":
            script = post.script if post else None
            right = script is not None and (script.gone or script.outputs == 0 or script.broken >= MOST_BROKEN)
            right = right or (script is not None and script.slow > 0)
        case Status.REJECTED, _:
            right = world.plan.orders[number_of(name)].kind == "wrong" and not posts
        case Status.EXPIRED, _:
            right = _late(world, job)
        case _:
            right = job.status not in ENDED
    if not right and not _withdrawn(world, job):
        yield f"{name} says {job.status} {job.error}, but the gateway: {posts}"


def _late(world: World, job: Job) -> bool:
    """Whether an expired job had no outcome that it could have known of while it was looked at."""
    post = world.gateways.request(job.request_id)
    if post is None:
        token = job.token_hash
        heard = [call for call, status in world.answers if status in (200, 202) and token_hash(call.token) == token]
        return all(call.kind == "forged" for call in heard)
    if post.script.outcome != "COMPLETED":
        return True
    end = job.deadline_at + world.plan.deadline_seconds - LAST_LOOKS
    blind = [trouble for trouble in world.plan.troubles if trouble.kind == 503 and trouble.gateway == post.gateway]
    blind_until = max((START + trouble.ends for trouble in blind), default=0.0)
    # Only a callback told of this request, and died over it: what nobody looks after by then, nobody knows of.
    told = [call.at for call in world.cut_off if post.answer != "accept" and token_hash(call.token) == job.token_hash]
    return max(post.at + post.script.seconds, blind_until, troubled_until(world) + MADE_GOOD, *told) > end


def _faithful(world: World) -> Iterator[str]:
    """Invariant 5: byte for byte what the gateway served, in every version that was ever there."""
    now = world.account.objects(OUTBOX)
    for stored in world.account.versions(OUTBOX):
        if stored.key.endswith(".json"):
            continue
        if stored.body not in world.gateways.films(stored.metadata["dropreel-request"]):
            yield f"{stored.key} is not what the gateway served"
    for job in world.account.jobs().values():
        for output in job.outputs:
            if hashlib.sha256(now[output["key"]].body).hexdigest() != output["sha256"]:
                yield f"{output['key']} is not what its manifest says"


def _accounted(world: World, ledger: Ledger) -> Iterator[str]:
    """What was not charged was given back, once; what may be charged was not."""
    if world.plan.budget is None:
        return
    found = world.account.gates()
    quiet = _deaths(world) == world.counts["deaths by timeout"] == world.counts["AWS answers lost"] == 0
    quiet = quiet and not world.plan.outages and not world.counts["AWS calls failed"]
    known = quiet and not world.people.drops and not any(trouble.kind == 503 for trouble in world.plan.troubles)
    for day in {reservation.day for reservation in ledger.reservations}:
        spent = Decimal(found[BUDGET, f"spent#{day}"]["usd"]["N"])
        mine = [reservation for reservation in ledger.reservations if reservation.day == day]
        posts = [
            (r.usd, post) for r in mine for post in world.gateways.posts if (post.life, post.order) == (r.life, r.order)
        ]
        open_ = [
            (usd, post) for usd, post in posts if not (post.refused or post.answer == "400" or post.errored(world.now))
        ]
        doubtful = sum((usd for usd, post in posts if post.errored(world.now) and post.answer != "accept"), Decimal(0))
        least = sum((usd for usd, _ in open_), Decimal(0))
        most = least + doubtful if known else sum((r.usd for r in mine), Decimal(0))
        if not least <= spent <= most:
            yield f"{spent} USD are spent on {day}, not {least} to {most}"


def _answered(world: World) -> Iterator[str]:
    """Callbacks are answered as the contract says."""
    newest = {job.token_hash for job in world.account.jobs().values()}
    for call, status in world.answers:
        allowed = {403} if call.kind == "forged" else {200, 202, 403}
        if call.kind != "forged" and token_hash(call.token) in newest:
            allowed = {200, 202}
        if status not in allowed:
            yield f"a callback ({call.kind}) was answered {status}"


def _sent_soon(world: World) -> Iterator[str]:
    """Whatever is complete is sent soon, and what was held soon after nobody refuses it any more."""
    if world.plan.outages or world.plan.budget is not None or world.plan.gates_stopped is not None:
        return
    for number, order in enumerate(world.plan.orders):
        if order.kind in ("triple", "wrong") or order.spoilt or world.plan.withdrawn:
            continue
        complete = START + order.at + (abs(order.gap) if order.kind == "pair" else 0.0)
        gateway = "aimlapi" if order.kind == "aimlapi" else "pixazo"
        refused = [t for t in world.plan.troubles if t.gateway == gateway and t.kind != 503]
        ready = max([complete, *(START + trouble.ends for trouble in refused)])
        within = MOMENTS + (world.plan.held_retry_seconds if refused else 0.0) + _delays(world)
        posts = [post.at for post in world.gateways.posts if post.order == f"order{number}" and not post.refused]
        if posts and posts[0] - ready > within:
            yield f"order{number} was sent {posts[0] - ready} s after it could have been"


def _fetched_soon(world: World) -> Iterator[str]:
    """Whatever the gateway has made is fetched soon, whether it calls back or not."""
    if world.plan.broken or any(trouble.kind == 503 for trouble in world.plan.troubles):
        return
    for job in world.account.jobs().values():
        post = world.gateways.request(job.request_id)
        if job.status is not Status.SUCCEEDED or post is None or post.answer != "accept":
            continue
        made = post.at + post.script.seconds
        took = job.completed_at - max(made, min(job.completed_at, troubled_until(world) + MADE_GOOD))
        called = post.token and post.script.calls in ("once", "twice", "progress") and not job.late
        within = (MOMENTS if called else SOON) + 2.0**post.script.broken + _delays(world)
        if took > within:
            yield f"{order_of(job)} was fetched {took} s after it was made"


def _delays(world: World) -> float:
    """Seconds by which mishaps may put something off, and others who take their time."""
    slow = any(script.slow for order in world.plan.orders for script in order.generations)
    return mishaps(world) * MADE_GOOD + slow * MADE_GOOD


def _secret(world: World) -> Iterator[str]:
    """Invariant 6: nothing secret in logs, manifests, events, queues and execution histories."""
    account = world.account
    places = {
        "logs": world.logs.text.getvalue(),
        "manifests": " ".join(stored.body.decode() for key, stored in account.objects(OUTBOX).items() if "json" in key),
        "events": json.dumps(account.events),
        "messages": " ".join(body for _, body in world.sqs.sent),
        "executions": " ".join(text for run in world.machines.executions.values() for text in run.texts),
        "records": repr(account.jobs()),
    }
    secrets = [*KEYS.values(), *world.tokens(), "X-Amz-Signature", "Signature=", "TOPSECRET"]
    for place, text in places.items():
        yield from (f"a secret in the {place}" for secret in secrets if secret in text)
