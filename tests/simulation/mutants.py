"""Wrong variants of the code, each a mistake that somebody could make; the simulation has to catch every one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from unittest import mock

import httpx

from dropreel import (
    admission,
    catalog,
    delivery,
    ending,
    gates,
    gathering,
    holding,
    jobs,
    looking,
    media,
    queues,
    store,
    submit,
    watching,
)
from dropreel.errors import AnswerLost, MediaUnavailable
from dropreel.gateways import Answer, access, wire
from dropreel.jobs import Arrival, Job, Look, Status
from tests.simulation.crashes import BOOK, SAD_STORIES, STORIES
from tests.simulation.script import Generation, Order, Outage, Plan, Trouble

Patch = Callable[[], AbstractContextManager[Any]]
#: A condition that always holds.
ANYBODY = "attribute_exists(job_id)"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong variant, and where to look for it."""

    patch: Patch
    #: What a complaint about it says.
    caught_by: str
    #: A plan in which it shows: at random seeds, or by the crash enumeration.
    plan: Plan
    crashes: bool = False
    #: The seed, or the mishap, to begin with: one that showed it when this was written.
    first: int = 0


def _in(owner: Any, name: str, wrong: Any) -> Patch:
    return lambda: mock.patch.object(owner, name, wrong)


def _post_before_the_write(self: Any, job: Job, was: Job | None, *, probing: str = "") -> Any:
    token = self._new_token()
    intent = self._intent(job, was, token)
    self._holding._gates.get(job.gateway)
    answer = self._gateway(intent.gateway)
    request_id = answer.submit(catalog.find(intent.model), self._lent(intent), self._callback(intent, token))
    self._look_after(intent)
    if self._begin(intent, was):
        self._store.accepted(intent, request_id)
    return submit.Sent.ANSWERED


def _looks_after_the_post(self: Any, job: Job, was: Job | None, *, probing: str = "") -> Any:
    token = self._new_token()
    self._gates.get(job.gateway)
    intent = self._intent(job, was, token)
    values = self._lent(intent)
    if not self._begin(intent, was):
        return self._not_begun(job, was)
    sent = self._post(intent, values, token)
    self._look_after(intent)
    return sent


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
        self._client.put_item(TableName=self._table, Item=store.to_item(job))
        return True

    def on_arrival(existing: Job | None, drop: str) -> Arrival:
        return Arrival.SEND if existing is None or existing.status is Status.HELD else Arrival.NOTHING

    with mock.patch.object(store.Store, "put", put), mock.patch.object(admission, "on_arrival", on_arrival):
        yield


def _arrives_again(existing: Job | None, drop: str) -> Arrival:
    stuck = existing is not None and existing.status in (Status.SUBMITTING, Status.UNKNOWN)
    return Arrival.RETRY if stuck else jobs.on_arrival(existing, drop)


def _resends_unknown(job: Job | None, watch: str, since: float, now: float, **settings: Any) -> Look:
    return jobs.next_look(job, watch, since, now, **(settings | {"resubmit_unknown": True}))


_look = queues.Deliveries.look


def _looks_once(self: Any, job_id: str, watch: str, *, looks: int = 0, **times: Any) -> None:
    if not looks:
        _look(self, job_id, watch, looks=looks, **times)


def _no_watch(self: Any, job: Job, wait: int) -> None:
    """Nobody guards the looks."""


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
    changes = {"lease_owner": owner, "lease_until": until}
    return bool(self._move(job, status, "copying", ANYBODY, changes))


@contextmanager
def _no_lease() -> Iterator[None]:
    with mock.patch.object(store.Store, "claim", _claim_anyway), mock.patch.object(store, "LEASE_MINE", ANYBODY):
        yield


def _check_then_reserve(self: Any, intent: dict[str, Any], day: str, usd: Decimal, limit: Decimal) -> bool:
    if self.spent(day) + usd > limit:
        return False
    item = {"name": gates.BUDGET, "item": f"spent#{day}", "usd": self.spent(day) + usd}
    self._client.put_item(TableName=self._table, Item=store.marshal(item))
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
        ExpressionAttributeValues=store.marshal({":usd": job.reserved_usd}),
    )
    return True


_readinto = media.Media.readinto


def _short_is_enough(self: Any, buffer: memoryview, beat: Callable[[], None]) -> int:
    try:
        return _readinto(self, buffer, beat)
    except MediaUnavailable:
        return len(buffer)


def _trusts_the_callback(self: Any, job: Job, ticket: Any) -> Answer | None:
    return Answer("FAILED", error="the callback said so") if job.request_id else None


def _leaves_the_gate_open(self: Any, name: str, reason: str, refusal: Any) -> None:
    """A job is held because its gateway refused, and the next one asks it all the same."""


def _probes_with_every_job(self: Any, job: Job, was: Job | None, *, probing: str = "") -> Any:
    return _send(self, job, was, probing=job.gateway)


_send = submit.Sender.send


def _logs_the_token(self: Any, intent: Job, token: str) -> Any:
    callback = _callback(self, intent, token)
    if callback:
        logging.getLogger("dropreel.submit").info("reports to %s", callback.url)
    return callback


_callback = submit.Sender._callback


def _no_mark(self: Any, name: str, job_id: str) -> None:
    """A job is held, and nothing says behind which gate."""


def _stops_when_held(job: Job | None, watch: str, since: float, now: float, **settings: Any) -> Look:
    found = jobs.next_look(job, watch, since, now, **settings)
    return Look.STOP if found is Look.RESUME else found


def _forgets_what_was_rejected(job: Job) -> Any:
    item = _to_item(job)
    return item | ({"expires_at": {"N": str(int(job.completed_at) + 90 * 86_400)}} if job.error else {})


_to_item = store.to_item


def _records_once_more(self: Any, drop: Any, found: Any) -> Any:
    self._store.put_waiting(self._waiting(found))
    keys, written = self._inbox.newest(found.place)
    again = self._assemble(found.place, keys)
    if again is None or (again.mistake is None and again.missing):
        if again is not None and again.job_id != found.job_id:
            self._store.put_waiting(self._waiting(again))
        return None
    return None if self._too_fresh(drop, written) else again


def _is_held_after_the_mark(self: Any, job: Job, was: Job | None, gate: str, reason: str, **refused: Any) -> None:
    self._gates.mark(gate, job.job_id)
    _hold(self, job, was, gate, reason, **refused)


_hold = holding.Holding.hold


def _passes_over_whatever_fails(self: Any, job: Job, gate: str) -> Any:
    try:
        return self._send(job, job, probing=gate)
    except Exception:
        return None


def _sends_and_lets_fail(self: Any, job: Job, was: Job | None, *, probing: str = "") -> Any:
    return admission._OUTCOMES[self._sender.send(job, was, probing=probing)]


@contextmanager
def _nobody_resumes() -> Iterator[None]:
    with (
        mock.patch.object(looking, "next_look", _stops_when_held),
        mock.patch.object(watching.Watching, "_see_to"),
    ):
        yield


LOST = (Generation(answer="lost-accepted", calls="never"),)
DUPLICATES = Plan(orders=(Order(repeats=(0.0, 1.0)), Order("message", repeats=(0.0,))), duplicates=6, leaps=2)
CALLED_TWICE = replace(BOOK, orders=(Order(generations=(Generation(calls="twice"),)),))
CROWD = Plan(orders=tuple(Order("message", repeats=(0.0,)) for _ in range(4)), duplicates=4, concurrency=4)
REFUSED = replace(CROWD, troubles=(Trouble("pixazo", 402, 0.0, 1000.0),))
#: Longer than it takes a look to end among the dead letters.
BROKEN = replace(BOOK, webhooks=False, broken=(0.0, 6000.0))
NOT_WRITABLE = replace(BOOK, deadline_seconds=3600, outages=(Outage("PutObject", "denied", 0, 900, "deliver"),))
FABRIC = "veed-fabric-1-0-api-130"
TRIPLE = "three parts of which two come while the first is looked at"
REFUSED_FIRST = "a drop that is refused at first"
LONG_WRONG = "a drop that fails, is wrong for as long as it is remembered, and then is right"
ERRORS = Plan(orders=tuple(Order(generations=(Generation(outcome="ERROR"),)) for _ in range(2)), budget=Decimal("3.60"))

MUTANTS: dict[str, Mutant] = {
    "POST before the write": Mutant(_in(submit.Sender, "send", _post_before_the_write), "was POSTed again", DUPLICATES),
    "the looks begin after the POST": Mutant(
        _in(submit.Sender, "send", _looks_after_the_post),
        "is left",
        replace(BOOK, webhooks=False),
        crashes=True,
        first=50,
    ),
    "a look does not come back": Mutant(
        _in(queues.Deliveries, "look", _looks_once), "s after it was made", replace(BOOK, webhooks=False)
    ),
    "no watch at all": Mutant(_in(queues.Watch, "start", _no_watch), "is left SUBMITTED", BROKEN),
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
        _in(looking, "next_look", _resends_unknown),
        "was POSTed again",
        replace(BOOK, orders=(Order(generations=LOST),)),
    ),
    "condition without the token": Mutant(
        _in(store, "RIGHT_TOKEN", "(token_hash = :token OR attribute_exists(token_hash))"), "was answered", BOOK
    ),
    "condition without the order of news": Mutant(
        _in(store, "NEWS", "(attribute_exists(job_id) OR hint < :rank)"),
        "older news",
        Plan(progress=True, orders=tuple(Order(generations=(Generation(calls="progress"),)) for _ in range(3))),
        first=2,
    ),
    "no lease": Mutant(_no_lease, "is not the record", CALLED_TWICE, crashes=True, first=141),
    "a manifest that replaces whatever is there": Mutant(
        _in(ending.Ending, "_write", _plain_manifest), "is not the record", CALLED_TWICE, crashes=True, first=154
    ),
    "the record before the manifest": Mutant(
        _in(ending.Ending, "end", _no_manifest_before_the_record), "0 manifests", BOOK, crashes=True, first=146
    ),
    "trusting the callback": Mutant(_in(delivery.Delivery, "_outcome", _trusts_the_callback), "but the gateway", BOOK),
    "a download that may be short": Mutant(
        _in(media.Media, "readinto", _short_is_enough),
        "is not what the gateway served",
        replace(BOOK, orders=(Order(generations=(Generation(broken=1),)),)),
    ),
    "the budget is checked, then reserved": Mutant(
        _in(gates.Gates, "reserve", _check_then_reserve), "are spent on", replace(CROWD, budget=Decimal("2.40"))
    ),
    "a reservation is given back as often as one asks": Mutant(
        _in(gates.Gates, "release", _release_again),
        "are spent on",
        replace(ERRORS, duplicates=8, deaths=3, mortality=20),
    ),
    "a refusal does not close the gate": Mutant(
        _in(holding.Holding, "_close", _leaves_the_gate_open), "its gate stayed open", REFUSED
    ),
    "every held job is a probe": Mutant(
        _in(submit.Sender, "send", _probes_with_every_job), "was asked", replace(REFUSED, concurrency=1)
    ),
    "a held job leaves no mark": Mutant(_in(gates.Gates, "mark", _no_mark), "is left HELD", REFUSED, first=1),
    "a watch's name can come again": Mutant(
        _in(Job, "execution_name", property(lambda self: f"{self.job_id}-{self.attempt}")),
        "is left SUBMITTED",
        replace(CROWD, budget=Decimal("2.40"), held_retry_seconds=3600, broken=(5000.0, 12_200.0)),
    ),
    "a job that was given back is left": Mutant(
        _nobody_resumes,
        "is left HELD",
        replace(BOOK, resubmit_unknown=True, orders=(Order(generations=(*LOST, Generation())),)),
        crashes=True,
        first=109,
    ),
    "an AWS call that gets no connection after the intent": Mutant(
        _in(access, "BotoCoreError", ZeroDivisionError), "was never sent", BOOK, crashes=True, first=75
    ),
    "a look that fails comes again as well": Mutant(
        _in(looking.Looking, "_try", looking.Looking._act), "lay on the deliver queue at once", NOT_WRITABLE
    ),
    "what is missing is recorded again, and not looked at again": Mutant(
        _in(gathering.Gatherer, "_wait", _records_once_more), "is left WAITING", STORIES[TRIPLE], crashes=True, first=51
    ),
    "a refused job is marked before it is HELD": Mutant(
        _in(holding.Holding, "hold", _is_held_after_the_mark),
        "was never sent",
        STORIES[REFUSED_FIRST],
        crashes=True,
        first=84,
    ),
    "a refusal is written down once, or not at all": Mutant(
        _in(holding, "insist", lambda write: write()), "was never sent", STORIES[REFUSED_FIRST], crashes=True, first=84
    ),
    "a probe that fails after it was refused is passed over": Mutant(
        _in(admission.Admission, "_probe", _passes_over_whatever_fails),
        "was asked",
        STORIES["two drops that are refused at first, within a budget"],
        crashes=True,
        first=325,
    ),
    "a drop upon the manifest is only noted": Mutant(
        _in(ending.Ending, "announced", lambda self, job: False),
        "not tried again",
        STORIES["a drop that fails, and is dropped again upon its manifest"],
        crashes=True,
        first=133,
    ),
    "a held job whose model is gone just fails": Mutant(
        _in(admission.Admission, "_send", _sends_and_lets_fail),
        "submit failed",
        Plan((Order("pair"), Order()), troubles=(Trouble("pixazo", 402, 0, 2000),), withdrawn=(FABRIC, 1000.0)),
    ),
    "a drop while a job is held is not noted": Mutant(
        _in(store.Store, "note_drop", lambda self, job, drop: True),
        "left its end",
        SAD_STORIES["a drop that is dropped again while it is held, and fails"][0],
    ),
    "a rejected drop is forgotten although it had been sent": Mutant(
        _in(store, "to_item", _forgets_what_was_rejected), "was forgotten", STORIES[LONG_WRONG]
    ),
    "a token in the logs": Mutant(_in(submit.Sender, "_callback", _logs_the_token), "a secret in the logs", BOOK),
}
