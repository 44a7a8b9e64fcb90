"""What must be true at every moment of a run; it looks at the tables after every single write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from dropreel.aws.gates import BUDGET
from dropreel.jobs import ENDED, SETTLED, Job, Status
from tests.simulation.effects import Life
from tests.simulation.gateway import RETRY_AFTER, Post
from tests.simulation.world import World

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
#: Resubmits after ERROR and, where the operator allows them, after a lost answer.
MOST_RESUBMITS = 2
#: Seconds by which a probe may be early: the queue's delays are whole seconds.
EARLY = 1.0
#: Seconds that a rejected drop is remembered.
KEPT = 90 * 86_400.0


@dataclass(frozen=True, slots=True)
class Closing:
    """A gate was closed, or its probe was put off."""

    gate: str
    at: float
    #: How often the gates had been written by then.
    version: int
    answer: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """An attempt's share of a day's budget."""

    life: Life
    order: str
    day: str
    usd: Decimal


class Ledger:
    """Watches a world, and keeps what only shows over time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._jobs: dict[str, Job] = {}
        self._hints: dict[str, int] = {}
        self._closed: dict[str, bool] = {}
        self._version = 0
        self._closings: list[Closing] = []
        #: Refusals since which their gates were not seen closed.
        self._unheeded: list[Post] = []
        #: Times that a job left its end because a person dropped its files again, by order.
        self._left: dict[str, int] = {}
        #: How many drops there had been when an order's had their effect, or were noted while it was under way.
        self._seen: dict[str, int] = {}
        #: Attempts whose answer was lost, by order.
        self._unknown: dict[str, set[int]] = {}
        self.reservations: list[Reservation] = []
        #: Who wrote which attempt's intent.
        self.intents: dict[tuple[str, int], Life] = {}
        world.effects.observers.append(self._observe)
        world.gateways.on_post = self._posted

    def _observe(self, life: Life, effect: str) -> None:
        if effect == "GetItem" and life.reads_gate:
            life.gates[life.reads_gate] = self._closed.get(life.reads_gate, False), self._version
            life.reads_gate = ""
        if effect in WRITES:
            self._look_at_jobs(life)
            self._look_at_gates(life)
        if effect == "end":
            self._drops_seen(life)
        if effect == "end" and not life.failures:
            for post in (post for post in self._unheeded if post.life is life):
                self._broken(f"{post.gateway} answered {post.answer}, and its gate stayed open")

    def _broken(self, what: str) -> None:
        self._world.broken.append(what)

    # Jobs

    def _look_at_jobs(self, life: Life) -> None:
        jobs, hints = self._world.account.jobs_and_hints()
        for job_id, job in jobs.items():
            was = self._jobs.get(job_id)
            if job == was and hints.get(job_id) == self._hints.get(job_id):
                continue
            self._world.counts[f"status {job.status}"] += was is None or was.status != job.status
            if was is not None:
                self._changed(was, job, life)
                self._newer(was, job, self._hints.get(job_id, 0), hints.get(job_id, 0))
            if job.reserved_day and (was is None or was.attempt != job.attempt):
                assert job.reserved_usd is not None
                self.reservations.append(Reservation(life, order_of(job), job.reserved_day, job.reserved_usd))
            if job.status is Status.SUBMITTING and (was is None or was.attempt != job.attempt):
                self.intents[job_id, job.attempt] = life
            if job.status is Status.UNKNOWN:
                self._unknown.setdefault(order_of(job), set()).add(job.attempt)
        for job_id in self._jobs.keys() - jobs.keys():
            self._gone(self._jobs[job_id])
        self._jobs, self._hints = jobs, hints

    def _gone(self, job: Job) -> None:
        """A record goes when what it waited for is there, or long after a rejection, if it was never sent."""
        expired = job.status is Status.REJECTED and not job.attempt and self._world.now > job.completed_at + KEPT
        if job.status is not Status.WAITING and not expired:
            self._broken(f"the record of {job.job_id} vanished")

    def _drops_seen(self, life: Life) -> None:
        """Drops that a submitter has looked at, and not put off, count for nothing more if the job is under way."""
        name = order_in(life.about)
        if life.function != "submit" or life.answer is not True or "GetObject" not in life.effects:
            return
        if any(order_of(job) == name and job.status not in ENDED for job in self._jobs.values()):
            self._seen[name] = max(self._seen.get(name, 0), life.drops)

    def _changed(self, was: Job, job: Job, life: Life) -> None:
        """Invariant 3: an end is an end, but for a late outcome and for a person's new drop."""
        late = was.status is Status.EXPIRED and job.status in (Status.EXPIRED, Status.SUCCEEDED, Status.FAILED)
        if was.status not in SETTLED | {Status.EXPIRED} or (late and job.attempt == was.attempt):
            return
        if (was.status, was.attempt, was.outputs, was.error) == (job.status, job.attempt, job.outputs, job.error):
            return
        name = order_of(job)
        self._left[name] = self._left.get(name, 0) + 1
        seen = self._seen.get(name, 0)
        again = name.partition("/")[0] in self._world.people.drops[seen:]
        self._seen[name] = max(seen, life.drops)
        if was.status is Status.SUCCEEDED or not again:
            self._broken(f"{name} left its end: {was.status} {was.attempt} became {job.status} {job.attempt}")

    def _newer(self, was: Job, job: Job, old_hint: int, hint: int) -> None:
        """Invariant 3: older news never overwrites newer, and no attempt is forgotten."""
        if was.attempt and was.history[:1] != job.history[:1]:
            self._broken(f"the record of {job.job_id}, attempt {was.attempt}, was forgotten")
        if job.attempt < was.attempt:
            self._broken(f"attempt {was.attempt} became {job.attempt}")
        if job.status not in (Status.HELD, Status.REJECTED) and job.attempt == was.attempt and hint < old_hint:
            self._broken(f"older news: rank {old_hint} became {hint}")
        if job.attempt == was.attempt and was.request_id and job.request_id not in (was.request_id, ""):
            self._broken(f"request {was.request_id} became {job.request_id}")

    # Gates

    def _look_at_gates(self, life: Life) -> None:
        self._version += 1
        for (name, item), found in self._world.account.gates().items():
            if item == "gate":
                closed = found["closed"]["BOOL"]
                if closed and not self._closed.get(name, False):
                    mine = [post for post in self._world.gateways.posts if post.life is life and post.refused]
                    answer = mine[-1].answer if mine else ""
                    self._closings.append(Closing(name, self._world.now, self._version, answer))
                    self._world.counts[f"gate {name} closed"] += 1
                self._closed[name] = closed
                if closed:
                    self._unheeded = [post for post in self._unheeded if post.gateway != name]
            elif name == BUDGET and item.startswith("spent#"):
                self._afford(item, Decimal(found["usd"]["N"]))

    def closings(self) -> int:
        """How often a gate was closed."""
        return len(self._closings)

    def _afford(self, day: str, spent: Decimal) -> None:
        limit = self._world.plan.budget
        if limit is None or not 0 <= spent <= limit:
            self._broken(f"{spent} USD of {limit} are spent on {day}")

    # POSTs

    def _posted(self, post: Post) -> None:
        self._world.counts[f"POST answered {post.answer}"] += 1
        self._pays_once(post)
        self._asks_seldom(post)
        if post.refused and not self._closed.get(post.gateway, False):
            self._unheeded.append(post)

    def _pays_once(self, post: Post) -> None:
        """Invariant 1."""
        now, plan = self._world.now, self._world.plan
        earlier = [other for other in self._world.gateways.posts[:-1] if other.order == post.order]
        risky = [other for other in earlier if not other.refused and not other.errored(now)]
        allowed = self._left.get(post.order, 0)
        if plan.resubmit_unknown:
            allowed += min(len(self._unknown.get(post.order, ())), MOST_RESUBMITS * (1 + allowed))
        if len(risky) > allowed:
            self._broken(f"{post.order} was POSTed again after {[other.answer for other in risky]}")

    def _asks_seldom(self, post: Post) -> None:
        """At most one probe a gateway in its time while it refuses."""
        if not post.refused:
            return
        if post.probing:
            probes = [other for other in self._world.gateways.posts[:-1] if other.probing and other.refused]
            last = next((other for other in reversed(probes) if other.gateway == post.gateway), None)
            # A probe that stands still between its turn and its POST does not put off the next one's turn.
            since, answer = (last.life.began_at, last.answer) if last else (float("-inf"), "")
        else:
            _, version = post.life.gates[post.gateway]
            known = [c for c in self._closings if c.gate == post.gateway and c.version <= version]
            since, answer = (known[-1].at, known[-1].answer) if known else (float("-inf"), "")
        at = post.life.began_at if post.probing else post.at
        soon = at - since < self._pause(answer) - EARLY
        if soon and self._world.gateways.refuses(post.gateway, since, post.at):
            self._broken(f"{post.gateway} was asked {post.at - since} s after it had answered {answer}")

    def _pause(self, answer: str) -> float:
        return {"429": float(RETRY_AFTER), "no connection": 5.0}.get(answer, self._world.plan.held_retry_seconds)


def order_of(job: Job) -> str:
    """The order that a job belongs to; a step's has its number."""
    order = order_in(f"{job.place} {job.input} {job.source}")
    return f"{order}/{job.step}" if job.step > 1 else order


def number_of(order: str) -> int:
    """Which order of the plan it is, or is a step of."""
    return int(order.removeprefix("order").partition("/")[0])


def order_in(text: str) -> str:
    """The first order that a text speaks of."""
    found = re.findall(r"order\d+", text)
    return found[0] if found else ""
