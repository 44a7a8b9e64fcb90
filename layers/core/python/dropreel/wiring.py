"""The services of each function, put together from its settings.

Imports are inside, so that a function loads what it uses and no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

from dropreel.aws.clients import client
from dropreel.settings import BadSetting, DeliverSettings, PollSettings, SubmitSettings

if TYPE_CHECKING:
    import httpx

    from dropreel.aws.queues import Queue
    from dropreel.delivery.delivery import Delivery
    from dropreel.intake.inbox import Inbox
    from dropreel.intake.intake import Intake
    from dropreel.outcome.watch import Poll
    from dropreel.submit.admission import Admission
    from dropreel.submit.holding import Holding
    from dropreel.submit.probe import Probe
    from dropreel.transfer.copying import Fetch

#: What is lent is lent for an hour: a URL ends with the session of the role that signed it, whatever it promises.
LEND_SECONDS = 3600


def early(make: Callable[[], object]) -> None:
    """Make a function's services before its first event, while Lambda gives it a whole processor to start with.

    What can not be made yet is made by the first event, whose log then says what is missing.
    """
    with suppress(BadSetting, BotoCoreError):
        make()


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that a function reaches beyond itself; a simulation puts its own in place."""

    #: Makes an AWS client by its service's name.
    aws: Callable[[str], Any] = client
    #: Epoch seconds.
    clock: Callable[[], float] = time.time
    #: Makes the HTTP client that speaks to the gateways; None: the real one.
    http: Callable[[], httpx.Client] | None = None
    #: Opens an output for reading; None: the real one.
    fetch: Fetch | None = None


def submit_of(settings: SubmitSettings, outside: Outside = Outside()) -> tuple[Intake, Queue]:
    """What the submit function runs, and the queue that feeds it."""
    from dropreel.aws.jobs_table import JobsTable
    from dropreel.aws.queues import Queue
    from dropreel.intake.gathering import Gatherer
    from dropreel.intake.intake import Intake

    store = JobsTable(outside.aws("dynamodb"), settings.jobs_table, outside.clock)
    inbox = _inbox(settings, outside)
    gatherer = Gatherer(store=store, inbox=inbox, quiet_seconds=settings.quiet_seconds, clock=outside.clock)
    admission, _ = _admission(settings, outside, inbox)
    intake = Intake(
        store=store,
        inbox=inbox,
        outbox=settings.outbox_bucket,
        gatherer=gatherer,
        admission=admission,
        clock=outside.clock,
    )
    return intake, Queue(outside.aws("sqs"), settings.intake_queue_url)


def probe_of(settings: SubmitSettings, outside: Outside = Outside()) -> Probe:
    """What the probe function runs."""
    from dropreel.aws.budget import Budget
    from dropreel.aws.gates import Gates
    from dropreel.aws.jobs_table import JobsTable
    from dropreel.aws.queues import Queue
    from dropreel.submit.probe import Probe

    dynamodb = outside.aws("dynamodb")
    admission, holding = _admission(settings, outside, _inbox(settings, outside))
    return Probe(
        store=JobsTable(dynamodb, settings.jobs_table, outside.clock),
        gates=Gates(dynamodb, settings.gates_table),
        budget=Budget(dynamodb, settings.gates_table, settings.jobs_table, outside.clock),
        holding=holding,
        admission=admission,
        intake=Queue(outside.aws("sqs"), settings.intake_queue_url),
        daily_budget_usd=settings.daily_budget_usd,
        clock=outside.clock,
    )


def _inbox(settings: SubmitSettings, outside: Outside) -> Inbox:
    from dropreel.aws.contents import Contents
    from dropreel.intake.inbox import Inbox

    contents = Contents(outside.aws("dynamodb"), settings.gates_table, outside.clock)
    return Inbox(outside.aws("s3"), settings.inbox_bucket, lend_seconds=LEND_SECONDS, contents=contents)


def _admission(settings: SubmitSettings, outside: Outside, inbox: Inbox) -> tuple[Admission, Holding]:
    """What decides about jobs and sends them, and what holds them."""
    from dropreel.aws.budget import Budget
    from dropreel.aws.executions import Executions
    from dropreel.aws.gates import Gates
    from dropreel.aws.jobs_table import JobsTable
    from dropreel.aws.queues import Deliveries, Queue
    from dropreel.delivery.ending import Ending
    from dropreel.gateways.access import Keys, gateways
    from dropreel.submit.admission import Admission
    from dropreel.submit.holding import Holding
    from dropreel.submit.sending import Sender, Terms

    clock, dynamodb, states = outside.clock, outside.aws("dynamodb"), outside.aws("stepfunctions")
    store = JobsTable(dynamodb, settings.jobs_table, clock)
    gates = Gates(dynamodb, settings.gates_table)
    holding = Holding(
        store=store,
        gates=gates,
        executions=Executions(states, settings.gate_arn),
        held_retry_seconds=settings.held_retry_seconds,
        clock=clock,
    )
    terms = Terms(
        callback_base_url=settings.callback_base_url.rstrip("/") if settings.webhooks else None,
        progress=settings.progress,
        first_poll_seconds=settings.first_poll_seconds,
        poll_seconds=settings.poll_seconds,
        deadline_seconds=settings.deadline_seconds,
        daily_budget_usd=settings.daily_budget_usd,
        default_price_usd=settings.default_price_usd,
    )
    sender = Sender(
        terms=terms,
        store=store,
        gates=gates,
        budget=Budget(dynamodb, settings.gates_table, settings.jobs_table, clock),
        holding=holding,
        lender=inbox.lender,
        gateway=gateways(settings, Keys(outside.aws("secretsmanager"), clock), outside.http),
        watches=Executions(states, settings.watch_arn),
        deliveries=Deliveries(Queue(outside.aws("sqs"), settings.deliver_queue_url)),
        clock=clock,
    )
    admission = Admission(
        store=store,
        sender=sender,
        ending=Ending(store, outside.aws("s3"), settings.outbox_bucket, outside.aws("events"), settings.event_bus),
        allow_loopback=settings.allow_loopback,
        clock=clock,
    )
    return admission, holding


def poll_of(settings: PollSettings, outside: Outside = Outside()) -> Poll:
    """What the poll function runs."""
    from dropreel.aws.jobs_table import JobsTable
    from dropreel.aws.queues import Deliveries, Queue
    from dropreel.gateways.access import Keys, gateways
    from dropreel.outcome.watch import Poll

    sqs = outside.aws("sqs")
    return Poll(
        store=JobsTable(outside.aws("dynamodb"), settings.jobs_table, outside.clock),
        gateway=gateways(settings, Keys(outside.aws("secretsmanager"), outside.clock), outside.http),
        deliveries=Deliveries(Queue(sqs, settings.deliver_queue_url)),
        intake=Queue(sqs, settings.intake_queue_url),
        poll_seconds=settings.poll_seconds,
        late_seconds=settings.deadline_seconds,
        resubmit_unknown=settings.resubmit_unknown,
        max_error_retries=settings.max_error_retries,
        clock=outside.clock,
    )


def deliver_of(settings: DeliverSettings, outside: Outside = Outside()) -> tuple[Delivery, Queue]:
    """What the deliver function runs, and the queue that feeds it."""
    from dropreel.aws.budget import Budget
    from dropreel.aws.executions import Executions
    from dropreel.aws.jobs_table import JobsTable
    from dropreel.aws.queues import Queue
    from dropreel.delivery.delivery import Delivery
    from dropreel.delivery.ending import Ending
    from dropreel.gateways.access import Keys, gateways
    from dropreel.transfer.addresses import Policy
    from dropreel.transfer.copying import Copier
    from dropreel.transfer.fetching import fetch

    clock, dynamodb, s3, sqs = outside.clock, outside.aws("dynamodb"), outside.aws("s3"), outside.aws("sqs")
    store = JobsTable(dynamodb, settings.jobs_table, clock)
    policy = Policy(settings.media_hosts, settings.allow_loopback)
    delivery = Delivery(
        store=store,
        budget=Budget(dynamodb, settings.gates_table, settings.jobs_table, clock),
        gateway=gateways(settings, Keys(outside.aws("secretsmanager"), clock), outside.http),
        copier=Copier(s3, settings.outbox_bucket, policy, outside.fetch or fetch),
        ending=Ending(store, s3, settings.outbox_bucket, outside.aws("events"), settings.event_bus),
        intake=Queue(sqs, settings.intake_queue_url),
        watches=Executions(outside.aws("stepfunctions"), settings.watch_arn),
        max_error_retries=settings.max_error_retries,
        clock=clock,
    )
    return delivery, Queue(sqs, settings.deliver_queue_url)
