"""Wrong variants of the code, each a mistake that somebody could make; the simulation has to catch every one."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from unittest import mock

import httpx

from dropreel import catalog, jobs
from dropreel.aws import batch, budget, gates, items, jobs_table, queues
from dropreel.aws.queues import resume
from dropreel.delivery import delivery, ending
from dropreel.errors import AnswerLost, MediaUnavailable
from dropreel.gateways import Answer, access, wire
from dropreel.intake import gathering
from dropreel.jobs import Arrival, Job, Look, Status
from dropreel.outcome import watch
from dropreel.submit import admission, holding, probe, sending
from dropreel.transfer import fetching
from tests.simulation import cloud
from tests.simulation.crashes import BOOK, SAD_STORIES, STORIES
from tests.simulation.script import Generation, Order, Plan, Trouble

Patch = Callable[[], AbstractContextManager[Any]]
#: A condition that always holds.
ANYBODY = "attribute_exists(job_id)"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong variant, and where to look for it."""

    patch: Patch
    #: What a complaint about it says.
    caught_by: str
    #: A plan in which it shows: at random seeds, of which the first did when this was written.
    plan: Plan
    first: int = 0
    #: Or where all goes by the book but for one mishap: in which function, at which effect (any, if it is empty), what.
    mishap: tuple[str, str, str] | None = None


def _in(owner: Any, name: str, wrong: Any) -> Patch:
    return lambda: mock.patch.object(owner, name, wrong)


def _post_before_the_write(self: Any, job: Job, was: Job | None, *, probing: str = "") -> Any:
    token = self._new_token()
    intent = self._intent(job, was, token)
    self._gates.get(job.gateway)
    answer = self._gateway(intent.gateway)
    request_id = answer.submit(catalog.find(intent.model), self._lent(intent), self._callback(intent, token))
    self._start_watch(intent)
    if self._begin(intent, was):
        self._store.accepted(intent, request_id)
    return sending.Sent.ANSWERED


@contextmanager
def _watch_after_the_post() -> Iterator[None]:
    start, post = sending.Sender._start_watch, sending.Sender._post

    def post_and_start(self: Any, intent: Job, *others: Any) -> Any:
        sent = post(self, intent, *others)
        start(self, intent)
        return sent

    with (
        mock.patch.object(sending.Sender, "_start_watch"),
        mock.patch.object(sending.Sender, "_post", post_and_start),
    ):
        yield


_post = wire.post


def _retry_on_timeout(client: httpx.Client, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    try:
        return _post(client, url, body, headers)
    except AnswerLost:
        return _post(client, url, body, headers)


@contextmanager
def _dedupe_in_memory() -> Iterator[None]:
    """Each process remembers what it has sent; it forgets it when it dies, and knows nothing of the others."""

    def put(self: Any, job: Job, was: Job | None) -> bool:
        sent = self.__dict__.setdefault("sent", set())
        if (job.job_id, job.attempt) in sent and job.status is Status.SUBMITTING:
            return False
        sent.add((job.job_id, job.attempt))
        self._client.put_item(TableName=self._table, Item=items.to_item(job))
        return True

    def on_arrival(existing: Job | None, drop: str) -> Arrival:
        return Arrival.SEND if existing is None or existing.status is Status.HELD else Arrival.NOTHING

    with mock.patch.object(jobs_table.JobsTable, "put", put), mock.patch.object(admission, "on_arrival", on_arrival):
        yield


def _arrives_again(existing: Job | None, drop: str) -> Arrival:
    stuck = existing is not None and existing.status in (Status.SUBMITTING, Status.UNKNOWN)
    return Arrival.RETRY if stuck else jobs.on_arrival(existing, drop)


def _resends_unknown(job: Job | None, watch: str, since: float, now: float, **settings: Any) -> Look:
    return jobs.next_look(job, watch, since, now, **(settings | {"resubmit_unknown": True}))


def _ends_with_the_deadline(job: Job | None, look: Look, now: float, *, late_seconds: float) -> bool:
    return jobs.watch_is_over(job, look, now, late_seconds=late_seconds) or (
        job is not None and job.status is Status.EXPIRED
    )


def _settle_only(self: Any, job: Job) -> None:
    with mock.patch.object(watch, "_wakes", return_value=False):
        _ask(self, job)


_ask = watch.Poll._ask


@contextmanager
def _looks_as_messages() -> Iterator[None]:
    """The deliver function asks, and puts the next look on the very queue that feeds it."""

    def first(self: Any, intent: Job) -> None:
        self._deliveries.wake(intent.job_id, delay=30)

    def following(self: Any, job: Job, owner: str, heard: str) -> None:
        _unfinished(self, job, owner, heard)
        queues.Deliveries(queues.Queue(self._intake._client, "deliver")).wake(job.job_id, delay=30)

    with (
        mock.patch.object(sending.Sender, "_start_watch", first),
        mock.patch.object(delivery.Delivery, "_unfinished", following),
    ):
        yield


_unfinished = delivery.Delivery._unfinished


def _sends_again_what_is_early(event: Any, queue: Any, take: Callable[[str, str], None]) -> Any:
    def later(body: str, message_id: str) -> None:
        try:
            take(body, message_id)
        except queues.ComeAgain as early:
            queue.send(body, delay=early.seconds)

    return _each(event, queue, later)


_each = batch.each


def _counts_no_try(self: Any, job: Job, until: float, tries: int) -> bool:
    return _postpone(self, job, until, job.tries)


_postpone = jobs_table.JobsTable.postpone


def _few_receives() -> AbstractContextManager[Any]:
    return mock.patch.dict(cloud.QUEUES, {"deliver": replace(cloud.QUEUES["deliver"], receives=5)})


@contextmanager
def _counts_no_tries() -> Iterator[None]:
    """Where 20 receives stand for all that there may be."""
    few = {"deliver": replace(cloud.QUEUES["deliver"], receives=20)}
    with mock.patch.dict(cloud.QUEUES, few), mock.patch.object(jobs_table.JobsTable, "postpone", _counts_no_try):
        yield


def _plain_manifest(self: Any, job: Job, body: str) -> bool:
    key = f"{job.place}-{job.job_id}.json"
    self._s3.put_object(Bucket=self._outbox, Key=key, Body=body.encode(), Metadata=ending.labels(job))
    return True


def _no_manifest_before_the_record(self: Any, job: Job, was: Job) -> bool:
    ended: bool = self._store.finish(job, was)
    self._announce(job)
    return ended


def _claim_anyway(self: Any, job: Job, owner: str, until: float) -> bool:
    status = job.status if job.status is Status.EXPIRED else Status.DELIVERING
    changes = {"lease_owner": owner, "lease_until": 0.0}
    return bool(self._move(job, status, "fetching the outcome", ANYBODY, changes))


@contextmanager
def _no_lease() -> Iterator[None]:
    with (
        mock.patch.object(jobs_table.JobsTable, "claim", _claim_anyway),
        mock.patch.object(jobs_table, "LEASE_MINE", ANYBODY),
    ):
        yield


def _check_then_reserve(self: Any, intent: dict[str, Any], day: str, usd: Decimal, limit: Decimal) -> bool:
    if self.spent(day) + usd > limit:
        return False
    item = {"name": gates.BUDGET, "item": f"spent#{day}", "usd": self.spent(day) + usd}
    self._client.put_item(TableName=self._table, Item=items.marshal(item))
    try:
        self._client.put_item(**intent)
    except self._client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _release_again(self: Any, job: Job) -> bool:
    if not job.reserved_day or job.reserved_usd is None:
        return False
    self._client.update_item(
        TableName=self._table,
        Key={"name": {"S": gates.BUDGET}, "item": {"S": f"spent#{job.reserved_day}"}},
        UpdateExpression="SET usd = usd - :usd",
        ExpressionAttributeValues=items.marshal({":usd": job.reserved_usd}),
    )
    return True


_readinto = fetching.Media.readinto


def _short_is_enough(self: Any, buffer: memoryview, beat: Callable[[], None]) -> int:
    try:
        return _readinto(self, buffer, beat)
    except MediaUnavailable:
        return len(buffer)


def _trusts_the_callback(self: Any, job: Job) -> Answer | str:
    return Answer("FAILED", error="the callback said so") if job.request_id else "nothing"


def _leaves_the_gate_open(self: Any, gate: Any, was: Any, pause: float) -> bool:
    """A job is held because its gateway refused, and the next one asks it all the same."""
    return True


def _closes_first(self: Any, gate: Any, was: Any, pause: float) -> bool:
    name = f"{gate.name}-{uuid.uuid4().hex}"
    state = holding.State(gate=gate.name, execution=name, rounds=0, wait=round(pause), open=False, done=False)
    given: bool = self._gates.put(replace(gate, execution=name, next_probe_at=self._clock() + pause), was)
    if given:
        self._executions.start(name, state)
    return given


@contextmanager
def _forgets_a_batch() -> Iterator[None]:
    def release(self: Any, name: str, intake: Any) -> bool:
        _release(self, name, intake)
        return False

    with mock.patch.object(holding, "BATCH", 2), mock.patch.object(holding.Holding, "release", release):
        yield


_release = holding.Holding.release


def _unmarks_first(self: Any, name: str, intake: Any) -> bool:
    held = list(self._gates.held(name, holding.BATCH).items())
    for job_id, mark in held:
        self._gates.unmark(name, job_id, mark)
        intake.send(resume(job_id))
    return len(held) == holding.BATCH


def _probes_with_every_job(self: Any, job: Job, was: Job | None, *, probing: str = "") -> Any:
    return _send(self, job, was, probing=job.gateway)


_send = sending.Sender.send


def _logs_the_token(self: Any, intent: Job, token: str) -> Any:
    callback = _callback(self, intent, token)
    if callback:
        logging.getLogger("dropreel.submit.sending").info("reports to %s", callback.url)
    return callback


_callback = sending.Sender._callback


def _no_mark(self: Any, name: str, job: Job) -> None:
    """A job is held, and nothing says behind which gate."""


def _stops_when_held(job: Job | None, watch: str, since: float, now: float, **settings: Any) -> Look:
    found = jobs.next_look(job, watch, since, now, **settings)
    return Look.STOP if found is Look.RESUME else found


def _forgets_what_was_rejected(job: Job) -> Any:
    item = _to_item(job)
    return item | ({"expires_at": {"N": str(int(job.completed_at) + 90 * 86_400)}} if job.error else {})


_to_item = items.to_item


def _records_once_more(self: Any, drop: Any, found: Any) -> Any:
    self._store.put_waiting(self._waiting(found))
    keys, written = self._inbox.newest(found.place)
    again = self._assemble(found.place, keys)
    if again is None or (not again.mistakes and again.missing):
        if again is not None and again.job_id != found.job_id:
            self._store.put_waiting(self._waiting(again))
        return None
    return None if self._too_fresh(drop, written) else again


def _is_held_after_the_mark(self: Any, job: Job, was: Job | None, gate: str, reason: str) -> None:
    self._gates.mark(gate, job)
    _put(self, job, was, gate, reason)


_put = holding.Holding._put


def _passes_over_whatever_fails(self: Any, job: Job, gate: Any) -> Any:
    try:
        return self._admission.send_held(job, probing=gate.name)
    except Exception:
        return None


def _sends_and_lets_fail(self: Any, job: Job, was: Job | None, *, probing: str = "") -> Any:
    return admission._OUTCOMES[self._sender.send(job, was, probing=probing)]


def _forgets_what_follows(self: Any, job_id: str, owner: str) -> None:
    job = self._store.get(job_id)
    if job is None or job.status is not Status.SUCCEEDED:
        _deliver(self, job_id, owner)


_deliver = delivery.Delivery.deliver


def _leaves_it_to_others(self: Any, job_id: str, owner: str) -> None:
    with suppress(delivery.LeaseLost):
        _deliver(self, job_id, owner)


def _whatever_was_dropped(job: Job) -> str:
    known = "#drop = :drops" if job.drop else "attribute_not_exists(#drop)"
    return f"({known} OR {ANYBODY})"


FAILS_LATE = (Generation(outcome="FAILED", seconds=400.0),)
LOST = (Generation(answer="lost-accepted", calls="never"),)
DUPLICATES = Plan(orders=(Order(repeats=(0.0, 1.0)), Order("message", repeats=(0.0,))), duplicates=6, leaps=2)
CALLED_TWICE = replace(BOOK, orders=(Order(generations=(Generation(calls="twice"),)),))
CROWD = Plan(orders=tuple(Order("message", repeats=(0.0,)) for _ in range(4)), duplicates=4, concurrency=4)
REFUSED = replace(CROWD, troubles=(Trouble("pixazo", 402, 0.0, 1000.0),))
POLLED = replace(BOOK, webhooks=False)
SLOWLY = replace(POLLED, orders=(Order("aimlapi", generations=(Generation(seconds=1700.0),)),))
BREAKS_OFF = replace(BOOK, orders=(Order(generations=(Generation(broken=6),)),))
FAILS = (Generation(outcome="FAILED", seconds=100.0),)
DROPPED_UPON_A_PROBE = replace(
    BOOK,
    orders=(Order(generations=FAILS, again=(300.0,), repeats=(3000.0,)),),
    troubles=(Trouble("pixazo", 402, 0.0, 500.0),),
)
ROW_AGAIN = replace(
    BOOK,
    orders=(Order("row", generations=(Generation(seconds=10.0),), steps=(FAILS,), again=(400.0,)),),
    leaps=6,
    duplicates=4,
)
LATE = (Generation(answer="lost-accepted", seconds=1000.0, calls="late", slow=50.0),)
LATE_AND_SLOW = replace(BOOK, deadline_seconds=900, orders=(Order("message", generations=LATE),), duplicates=6)
HELD = Plan(orders=tuple(Order("message") for _ in range(5)), troubles=(Trouble("pixazo", 402, 0.0, 500.0),))
TWO_POLLED = (Order("aimlapi"), Order("aimlapi"))
SEVERAL = "several that are refused at first"
FABRIC = "veed-fabric-1-0-api-130"
TRIPLE = "three parts of which two come while the first is looked at"
REFUSED_FIRST = "a drop that is refused at first"
LONG_WRONG = "a drop that fails, is wrong for as long as it is remembered, and then is right"
ERRORS = Plan(orders=tuple(Order(generations=(Generation(outcome="ERROR"),)) for _ in range(2)), budget=Decimal("3.60"))

MUTANTS: dict[str, Mutant] = {
    "POST before the write": Mutant(
        _in(sending.Sender, "send", _post_before_the_write), "was POSTed again", DUPLICATES
    ),
    "the watch is started after the POST": Mutant(
        _watch_after_the_post, "is left", POLLED, mishap=("submit", "POST gateway", "after")
    ),
    "a watch looks once": Mutant(_in(watch, "watch_is_over", lambda *_, **__: True), "is left SUBMITTED", POLLED),
    "no watch at all": Mutant(
        _in(sending.Sender, "_start_watch", lambda self, intent: None), "is left SUBMITTED", POLLED
    ),
    "a poll that does not settle": Mutant(
        _in(watch.Poll, "_ask", lambda self, job: None), "s after it was made", POLLED
    ),
    "a poll that settles, and wakes nobody": Mutant(
        _in(watch.Poll, "_ask", _settle_only), "s after it was made", POLLED
    ),
    "a poll that wakes the delivery each time": Mutant(
        _in(watch, "_wakes", lambda job, answer: True), "was woken", SLOWLY
    ),
    "a watch that ends with the deadline": Mutant(
        _in(watch, "watch_is_over", _ends_with_the_deadline),
        "says EXPIRED",
        replace(POLLED, orders=(Order(generations=(Generation(seconds=1900.0),)),)),
    ),
    "looks as messages": Mutant(_looks_as_messages, "in one chain", SLOWLY),
    "what is early is sent again": Mutant(
        _in(batch, "each", _sends_again_what_is_early),
        "in one chain",
        replace(POLLED, orders=(Order(generations=(Generation(slow=50.0),)),)),
    ),
    "what is early is not hidden": Mutant(
        _in(queues.Queue, "hide", lambda self, receipt_handle, seconds: None), "s after it", BREAKS_OFF
    ),
    "a message of which a drop waits for the quiet is not hidden": Mutant(
        _in(queues.Queue, "hide", lambda self, receipt_handle, seconds: None),
        "s after it could have been",
        replace(BOOK, orders=(Order("pair", gap=0.0),)),
    ),
    "a delivery that may be received five times": Mutant(_few_receives, "a dead letter", BREAKS_OFF),
    "the tries at an output are not counted": Mutant(
        _counts_no_tries, "a dead letter", SAD_STORIES["a drop whose output is gone"][0]
    ),
    "retry on timeout": Mutant(
        _in(wire, "post", _retry_on_timeout), "was POSTed again", replace(BOOK, orders=(Order(generations=LOST),))
    ),
    "dedupe in memory": Mutant(_dedupe_in_memory, "was POSTed again", DUPLICATES),
    "a repeated event sends what is UNKNOWN again": Mutant(
        _in(admission, "on_arrival", _arrives_again),
        "was POSTed again",
        replace(BOOK, orders=(Order(generations=LOST, again=(600.0,)),)),
    ),
    "a look sends what is UNKNOWN again": Mutant(
        _in(watch, "next_look", _resends_unknown),
        "was POSTed again",
        replace(BOOK, orders=(Order(generations=LOST),)),
    ),
    "condition without the token": Mutant(
        _in(jobs_table, "RIGHT_TOKEN", "(token_hash = :token OR attribute_exists(token_hash))"), "was answered", BOOK
    ),
    "condition without the order of news": Mutant(
        _in(jobs_table, "NEWS", "(attribute_exists(job_id) OR hint < :rank)"),
        "older news",
        Plan(progress=True, orders=tuple(Order(generations=(Generation(calls="progress"),)) for _ in range(3))),
        first=2,
    ),
    "no lease": Mutant(_no_lease, "is not the record", CALLED_TWICE, mishap=("deliver", "", "stall")),
    "a manifest that replaces whatever is there": Mutant(
        _in(ending.Ending, "_write", _plain_manifest),
        "is not the record",
        CALLED_TWICE,
        mishap=("deliver", "", "stall"),
    ),
    "the record before the manifest": Mutant(
        _in(ending.Ending, "end", _no_manifest_before_the_record),
        "0 manifests",
        BOOK,
        mishap=("deliver", "PutObject", "refused"),
    ),
    "trusting the callback": Mutant(_in(delivery.Delivery, "_outcome", _trusts_the_callback), "but the gateway", BOOK),
    "a download that may be short": Mutant(
        _in(fetching.Media, "readinto", _short_is_enough),
        "is not what the gateway served",
        replace(BOOK, orders=(Order(generations=(Generation(broken=1),)),)),
    ),
    "the budget is checked, then reserved": Mutant(
        _in(budget.Budget, "reserve", _check_then_reserve), "are spent on", replace(CROWD, budget=Decimal("2.40"))
    ),
    "a reservation is given back as often as one asks": Mutant(
        _in(budget.Budget, "release", _release_again),
        "are spent on",
        replace(ERRORS, duplicates=8, deaths=3, mortality=20),
    ),
    "a refusal does not close the gate": Mutant(
        _in(holding.Holding, "restart", _leaves_the_gate_open), "its gate stayed open", REFUSED
    ),
    "a gate is closed before its execution is started": Mutant(
        _in(holding.Holding, "restart", _closes_first),
        "is left HELD",
        STORIES[REFUSED_FIRST],
        mishap=("submit", "PutItem", "timed out"),
    ),
    "a gate's own writer takes it for another's": Mutant(
        _in(gates, "same", lambda found, item: False),
        "is left HELD",
        STORIES[REFUSED_FIRST],
        mishap=("submit", "PutItem", "lost"),
    ),
    "an execution that ends before its gate is closed": Mutant(
        _in(probe, "SUBMIT_WINDOW", 1.0),
        "is left HELD",
        replace(BOOK, orders=(Order(), Order("message", at=300.0)), troubles=(Trouble("pixazo", 0, 0, 8),)),
        mishap=("submit", "PutItem", "stall"),
    ),
    "a probe that is still at work is taken for dead": Mutant(
        _in(jobs, "SUBMIT_WINDOW", 180.0),
        "is left UNKNOWN",
        STORIES[REFUSED_FIRST],
        mishap=("probe", "PutItem", "stall"),
    ),
    "nobody replaces an execution that was lost": Mutant(
        _in(holding.Holding, "revive", lambda self, gate: False),
        "is left HELD",
        STORIES["a gate whose execution is lost"],
    ),
    "a probe that takes no turn": Mutant(
        _in(holding.Holding, "take_turn", lambda self, gate: True),
        "was asked",
        STORIES[REFUSED_FIRST],
        mishap=("probe", "", "after"),
    ),
    "the budget is looked at every minute": Mutant(
        _in(holding, "BUDGET_PAUSE", 60.0), "rounds in", STORIES["two drops of which the budget allows one a day"]
    ),
    "two closed gates that pass their jobs to and fro": Mutant(
        _in(probe.Probe, "_is_elsewhere", lambda self, job_id, gate: False),
        "was let go",
        replace(HELD, orders=(*TWO_POLLED, Order("message"), Order("message")), budget=Decimal("2.40")),
        first=9,
    ),
    "a release that forgets a batch": Mutant(_forgets_a_batch, "is left HELD", HELD),
    "a job is let go before it lies on the queue": Mutant(
        _in(holding.Holding, "release", _unmarks_first),
        "is left HELD",
        STORIES[SEVERAL],
        mishap=("probe", "DeleteItem", "after"),
    ),
    "every held job is a probe": Mutant(
        _in(sending.Sender, "send", _probes_with_every_job), "was asked", replace(REFUSED, concurrency=1)
    ),
    "a held job leaves no mark": Mutant(_in(gates.Gates, "mark", _no_mark), "is left HELD", REFUSED, first=1),
    "a watch's name can come again": Mutant(
        _in(Job, "execution_name", property(lambda self: f"{self.job_id}-{self.attempt}")),
        "is left SUBMITTED",
        replace(CROWD, budget=Decimal("2.40"), webhooks=False),
    ),
    "a job that was given back is left": Mutant(
        _in(watch, "next_look", _stops_when_held),
        "is left HELD",
        replace(BOOK, resubmit_unknown=True, orders=(Order(generations=(*LOST, Generation())),)),
        mishap=("poll", "UpdateItem", "after"),
    ),
    "an AWS call that gets no connection after the intent": Mutant(
        _in(access, "BotoCoreError", ZeroDivisionError),
        "was never sent",
        BOOK,
        mishap=("submit", "GetSecretValue", "unreachable"),
    ),
    "what is missing is recorded again, and not looked at again": Mutant(
        _in(gathering.Gatherer, "_wait", _records_once_more),
        "is left WAITING",
        STORIES[TRIPLE],
        mishap=("submit", "PutItem", "stall"),
    ),
    "a refused job is marked before it is HELD": Mutant(
        _in(holding.Holding, "_put", _is_held_after_the_mark),
        "was never sent",
        STORIES[REFUSED_FIRST],
        mishap=("submit", "PutItem", "refused"),
    ),
    "a refusal is written down once, or not at all": Mutant(
        _in(holding, "insist", lambda write: write()),
        "was never sent",
        STORIES[REFUSED_FIRST],
        mishap=("submit", "PutItem", "refused"),
    ),
    "a probe that fails after it was refused is passed over": Mutant(
        _in(probe.Probe, "_try", _passes_over_whatever_fails),
        "was asked",
        STORIES["two drops that are refused at first, within a budget"],
        mishap=("probe", "TransactWriteItems", "refused"),
    ),
    "a drop upon the manifest is only noted": Mutant(
        _in(ending.Ending, "announced", lambda self, job: False),
        "not tried again",
        STORIES["a drop that fails, and is dropped again upon its manifest"],
        mishap=("deliver", "PutObject", "after"),
    ),
    "a held job whose model is gone just fails": Mutant(
        _in(admission.Admission, "_send", _sends_and_lets_fail),
        "submit failed",
        Plan((Order("pair"), Order()), troubles=(Trouble("pixazo", 402, 0, 2000),), withdrawn=(FABRIC, 1000.0)),
    ),
    "a drop while a job is held is not noted": Mutant(
        _in(jobs_table.JobsTable, "note_drop", lambda self, job, drop: True),
        "left its end",
        SAD_STORIES["a drop that is dropped again while it is held, and fails"][0],
    ),
    "an older drop is noted in place of a newer one": Mutant(
        _in(Job, "dropped", lambda self, drop: self.evolve(drop=drop)),
        "left its end",
        replace(BOOK, orders=(Order(generations=FAILS_LATE, again=(20.0,), repeats=(3000.0,)),)),
        mishap=("submit", "GetObject", "stall"),
    ),
    "a write forgets the drops that were noted meanwhile": Mutant(
        _in(jobs_table, "_same_drops", _whatever_was_dropped), "left its end", DROPPED_UPON_A_PROBE, first=1
    ),
    "a write fails for a drop that was noted meanwhile": Mutant(
        _in(Job, "differs_only_in_drops", lambda self, other: False),
        "is left SUBMITTING",
        replace(DROPPED_UPON_A_PROBE, budget=Decimal("2.40")),
        first=1,
    ),
    "a new attempt forgets the drops before its own": Mutant(
        _in(Job, "knowing", lambda self, drops: self), "left its end", ROW_AGAIN, first=10
    ),
    "a delivery that was taken over is done with": Mutant(
        _in(delivery.Delivery, "deliver", _leaves_it_to_others), "says EXPIRED", LATE_AND_SLOW, first=2
    ),
    "a rejected drop is forgotten although it had been sent": Mutant(
        _in(jobs_table, "to_item", _forgets_what_was_rejected), "was forgotten", STORIES[LONG_WRONG]
    ),
    "a step is told of once, whatever becomes of that": Mutant(
        _in(delivery.Delivery, "deliver", _forgets_what_follows),
        "nothing follows",
        STORIES["a row"],
        mishap=("deliver", "UpdateItem", "lost"),
    ),
    "a token in the logs": Mutant(_in(sending.Sender, "_callback", _logs_the_token), "a secret in the logs", BOOK),
}
