"""Sending a job, so that it is paid at most once.

The order is what makes it safe. First the attempt's watch is started, under a name that only this attempt can have.
Then one conditional write, the intent, decides who may POST; only its writer does, once. Whatever dies after that
leaves a watch that knows of the job, and a token by which a callback finds it. Whatever dies before it leaves the queue
message, which comes again and finds nothing sent.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from dropreel import catalog
from dropreel.aws.budget import Budget
from dropreel.aws.executions import Executions
from dropreel.aws.gates import BUDGET, Gates
from dropreel.aws.jobs_table import JobsTable, insist
from dropreel.aws.queues import Deliveries
from dropreel.errors import AnswerLost, Declined, NotSent
from dropreel.gateways import Callback, Gateway
from dropreel.jobs import Job, Rhythm, Status, day_of, token_hash
from dropreel.measures import measure
from dropreel.outcome.watch import first_state
from dropreel.submit.holding import Holding
from dropreel.submit.lending import Lender, media_of

logger = logging.getLogger(__name__)


class Sent(Enum):
    """What became of an attempt to send."""

    ANSWERED = "the gateway answered it, with a yes or a no"
    REFUSED = "held: behind a closed gate, by a refusal, or by the budget"
    LOST = "the answer was lost"
    ELSEWHERE = "somebody else is at it"


#: Why a job waits for another day.
USED_UP = "the daily budget is used up"
#: How often a job is tried that finds its gate open as soon as it is held: more is no coincidence.
TURNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The settings that sending depends on."""

    #: None where callbacks can't reach us.
    callback_base_url: str | None
    progress: bool
    first_poll_seconds: int
    poll_seconds: int
    deadline_seconds: int
    daily_budget_usd: Decimal | None
    default_price_usd: Decimal


class Sender:
    """Sends jobs that are ready."""

    def __init__(
        self,
        *,
        terms: Terms,
        store: JobsTable,
        gates: Gates,
        budget: Budget,
        holding: Holding,
        lender: Lender,
        gateway: Callable[[str], Gateway],
        watches: Executions,
        deliveries: Deliveries,
        clock: Callable[[], float],
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        self._terms = terms
        self._store = store
        self._gates = gates
        self._budget = budget
        self._holding = holding
        self._lender = lender
        self._gateway = gateway
        self._watches = watches
        self._deliveries = deliveries
        self._clock = clock
        self._new_token = new_token

    def send(self, job: Job, was: Job | None, *, probing: str = "") -> Sent:
        """Make the next attempt of a job, unless a gate is closed.

        `was` is its record as read, `probing` the gate to ignore.
        """
        for _ in range(TURNS):
            sent = self._try(job, was, probing)
            if sent is not None:
                return sent
            was = self._store.get(job.job_id)
            if was is None or was.status is not Status.HELD:
                return Sent.ELSEWHERE
            job = was
        raise RuntimeError(f"the gate of {job.gateway} closes and opens again and again")

    def _try(self, job: Job, was: Job | None, probing: str) -> Sent | None:
        """Try to; None if that has to be tried anew.

        The gate that held the job has opened since, and may have let its jobs go before this one; or it was dropped.
        """
        gate = self._gates.get(job.gateway)
        if gate.closed and probing != gate.name:
            return Sent.REFUSED if self._holding.hold(job, was, gate.name, gate.reason) else None
        token = self._new_token()
        intent = self._intent(job, was, token)
        values = self._lent(intent)
        if not self._affordable(intent):
            return self._used_up(job, was, probing)
        self._start_watch(intent)
        if not self._begin(intent, was):
            return self._not_begun(job, was, intent, probing)
        sent = self._post(intent, values, token, probing)
        if was and was.gate and sent is not Sent.REFUSED:
            self._gates.unmark(was.gate, job.job_id)
        return sent

    def _intent(self, job: Job, was: Job | None, token: str) -> Job:
        now = self._clock()
        attempt = (was.attempt if was else 0) + 1
        budget, price = self._terms.daily_budget_usd, self._price(job)
        return Job(
            job_id=job.job_id,
            model=job.model,
            gateway=job.gateway,
            status=Status.SUBMITTING,
            place=job.place,
            input=job.input,
            versions=job.versions,
            source=job.source,
            then=job.then,
            drop=job.drop,
            attempt=attempt,
            errors=job.errors,
            token_hash=token_hash(token),
            price_usd=job.price_usd,
            reserved_day=day_of(now) if budget is not None else "",
            reserved_usd=price if budget is not None else None,
            created_at=job.created_at,
            submitting_at=now,
            deadline_at=now + self._terms.deadline_seconds,
            history=job.history,
        ).noted(now, f"attempt {attempt}")

    def _price(self, job: Job) -> Decimal:
        return job.price_usd if job.price_usd is not None else self._terms.default_price_usd

    def _affordable(self, intent: Job) -> bool:
        """A cheap look before the watch is started; the reservation itself is what decides."""
        budget, price = self._terms.daily_budget_usd, self._price(intent)
        if budget is None:
            return True
        spent = self._budget.spent(intent.reserved_day)
        affordable = spent + price <= budget
        if budget:
            measure("BudgetUsed", float(100 * (spent + price if affordable else spent) / budget), "Percent")
        return affordable

    def _begin(self, intent: Job, was: Job | None) -> bool:
        budget = self._terms.daily_budget_usd
        if budget is None:
            return self._store.put(intent, was)
        return self._budget.reserve(self._store.intent(intent, was), intent.reserved_day, self._price(intent), budget)

    def _not_begun(self, job: Job, was: Job | None, intent: Job, probing: str) -> Sent | None:
        """The intent was not written: because of the budget, or because somebody else changed the job.

        None if all that has happened is one more drop of its files, which is not to be forgotten.
        """
        now = self._store.get(job.job_id)
        if now is None or now.execution_name != intent.execution_name:
            self._watches.stop(intent.execution_name)  # parts that were dropped together often come here together
        if was and now and now.differs_only_in_drops(was):
            return None
        unchanged = (
            (now is None)
            if was is None
            else (now is not None and (now.status, now.attempt) == (was.status, was.attempt))
        )
        if unchanged and self._terms.daily_budget_usd is not None:
            return self._used_up(job, was, probing)
        return Sent.ELSEWHERE

    def _used_up(self, job: Job, was: Job | None, probing: str) -> Sent:
        self._holding.refused(job, was, BUDGET, USED_UP, None, probing)
        return Sent.REFUSED

    def _start_watch(self, intent: Job) -> None:
        """Have the attempt looked at from before it exists."""
        calls_back = self._callback(intent, "") is not None
        rhythm = Rhythm.of(
            calls_back=calls_back,
            first_poll_seconds=self._terms.first_poll_seconds,
            poll_seconds=self._terms.poll_seconds,
        )
        wait = min(rhythm.first, self._terms.deadline_seconds)
        state = first_state(intent, since=intent.submitting_at, calls_back=calls_back, wait=wait)
        self._watches.start(intent.execution_name, state)

    def _callback(self, intent: Job, token: str) -> Callback | None:
        base = self._terms.callback_base_url
        if base is None or not self._gateway(intent.gateway).calls_back:
            return None
        return Callback(f"{base}/callbacks/{intent.job_id}/{token}", self._terms.progress)

    def _lent(self, intent: Job) -> Mapping[str, Any]:
        """The input with every `s3://` replaced by a presigned URL, made now."""
        media = {uri for uri in media_of(intent.input) if uri.startswith("s3://")}
        fields = {field.name for field in catalog.find(intent.model).media()}
        urls = {uri: self._lender.lend(uri, intent.versions.get(uri, "")) for uri in media}
        return {name: _replaced(value, urls) if name in fields else value for name, value in intent.input.items()}

    def _post(self, intent: Job, values: Mapping[str, Any], token: str, probing: str) -> Sent:
        gateway, model = self._gateway(intent.gateway), catalog.find(intent.model)
        try:
            request_id = gateway.submit(model, values, self._callback(intent, token))
        except NotSent as refusal:
            return self._refused(intent, refusal, probing)
        except Declined as no:
            message = str(no)
            declined = insist(lambda: self._store.declined(intent, message))
            self._budget.release(intent)
            if declined:
                self._deliveries.wake(intent.job_id)
            return Sent.ANSWERED
        except AnswerLost as lost:
            logger.warning("attempt %d: answer lost: %s", intent.attempt, lost, extra={"job_id": intent.job_id})
            reason = str(lost)
            insist(lambda: self._store.lost(intent, reason))
            self._measure_money(intent)
            return Sent.LOST
        # Logged before it is written: if the write fails for good, an operator can still adopt the request.
        logger.info("attempt %d: accepted as %s", intent.attempt, request_id, extra={"job_id": intent.job_id})
        insist(lambda: self._store.accepted(intent, request_id))
        self._measure_money(intent)
        return Sent.ANSWERED

    def _measure_money(self, intent: Job) -> None:
        """What may have been paid; an ERROR, which is not, does not take it back."""
        measure("MoneyUsd", float(self._price(intent)), "None", model=intent.model)

    def _refused(self, intent: Job, refusal: NotSent, probing: str) -> Sent:
        logger.warning("attempt %d: refused: %s", intent.attempt, refusal, extra={"job_id": intent.job_id})
        try:
            self._budget.release(intent)
        finally:  # a reservation too many ends with its day; a job that nobody holds would never be sent
            free = intent.evolve(reserved_day="", reserved_usd=None)
            self._holding.refused(free, intent, intent.gateway, refusal.reason, refusal, probing)
        self._watches.stop(intent.execution_name)
        return Sent.REFUSED


def _replaced(value: Any, urls: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_replaced(item, urls) for item in value]
    return urls.get(value, value) if isinstance(value, str) else value
