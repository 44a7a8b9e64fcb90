"""What the gateways are told to do, and what people do: everything about a schedule but the order of events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

T = TypeVar("T")
#: Picks one of several options: by chance, by hypothesis, or from a record.
Choose = Callable[[Sequence[T]], T]


@dataclass(frozen=True, slots=True)
class Generation:
    """What the gateway makes of one POST."""

    #: accept; or what goes wrong: lost-accepted, lost, 500-accepted, 500, 400, not-json.
    answer: str = "accept"
    #: How it ends: COMPLETED, FAILED, ERROR, or NEVER.
    outcome: str = "COMPLETED"
    #: Until then, from the POST.
    seconds: float = 40.0
    #: once, twice, never, late, progress (out of order), or lying (an end that is none, beforehand).
    calls: str = "once"
    #: Downloads that break off halfway before one is whole.
    broken: int = 0
    #: Whether the outputs are gone for good.
    gone: bool = False
    #: Seconds that each read of an output takes.
    slow: float = 0.0
    outputs: int = 1


@dataclass(frozen=True, slots=True)
class Trouble:
    """A span of time in which a gateway is difficult."""

    gateway: str
    #: 401, 402, 403, 429: refused; 0: no connection; 503: statuses can't be read.
    kind: int
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Outage:
    """A span of time in which AWS does not do what it is asked."""

    #: A service, or one of its operations.
    what: str
    #: throttled, broken, denied, unreachable, or timed out (after its effect).
    way: str
    begins: float
    ends: float
    #: The one function that it befalls; empty: all of them.
    function: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """Something that people want, and what else they do about it."""

    #: drop, pair, triple (the second of its parts comes upon the record of what the first waits for), message,
    #: anonymous (a message without an id), aimlapi, wrong (a mistake in the settings), or row (two steps follow).
    kind: str = "drop"
    at: float = 0.0
    #: What each POST for it comes to; the last also stands for all further ones.
    generations: tuple[Generation, ...] = (Generation(),)
    #: The same for each step that follows.
    steps: tuple[tuple[Generation, ...], ...] = ((Generation(),), (Generation(),))
    #: Seconds between the parts of a pair, of which the sound comes first if it is negative.
    gap: float = 1.0
    #: When the same event (or message with the same id) comes again.
    repeats: tuple[float, ...] = ()
    #: When the same files are dropped again.
    again: tuple[float, ...] = ()
    #: Whether they are dropped again as soon as a manifest says FAILED.
    upon_failure: bool = False
    #: From when to when its folder has defaults that are wrong.
    spoilt: tuple[float, float] | None = None


#: The models of a row's steps.
STEPS = ("pixelcut-video-background-removal", "veed-video-background-remover-541")


@dataclass(frozen=True, slots=True)
class Plan:
    """One schedule, but for the order in which what can happen does happen."""

    orders: tuple[Order, ...] = (Order(),)
    troubles: tuple[Trouble, ...] = ()
    webhooks: bool = True
    progress: bool = False
    budget: Decimal | None = None
    resubmit_unknown: bool = False
    deadline_seconds: int = 900
    poll_seconds: int = 30
    held_retry_seconds: int = 300
    #: Most deaths; each comes with a chance of 1 in `mortality` at every boundary.
    deaths: int = 0
    mortality: int = 40
    #: Most AWS calls whose answers get lost, messages that are delivered twice, and leaps of the clock in mid-work.
    lost_answers: int = 0
    duplicates: int = 0
    leaps: int = 0
    #: Most single AWS calls that fail, and spans of time in which all of some kind do.
    failures: int = 0
    outages: tuple[Outage, ...] = ()
    #: A model that is in the catalog no more, and since when.
    withdrawn: tuple[str, float] | None = None
    #: From when to when the deliver function is deployed broken, so that it fails whatever it is given.
    broken: tuple[float, float] | None = None
    #: When somebody stops the executions of every gate by mistake.
    gates_stopped: float | None = None
    #: Most functions that run at the same time.
    concurrency: int = 3


#: Functions (all of them, where it is empty) and what fails for them: whole services, and single permissions.
OUTAGES = (
    ("", "dynamodb"),
    ("", "s3"),
    ("", "sqs"),
    ("", "secretsmanager"),
    ("", "stepfunctions"),
    ("", "events"),
    ("submit", "GetSecretValue"),
    ("submit", "StartExecution"),
    ("submit", "SendMessage"),
    ("submit", "DeleteItem"),
    ("submit", "TransactWriteItems"),
    ("deliver", "GetSecretValue"),
    ("deliver", "PutObject"),
    ("deliver", "PutEvents"),
    ("deliver", "UpdateItem"),
    ("deliver", "TransactWriteItems"),
    ("deliver", "SendMessage"),
    ("callback", "SendMessage"),
    ("poll", "SendMessage"),
    ("poll", "GetSecretValue"),
    ("poll", "UpdateItem"),
    ("probe", "SendMessageBatch"),
    ("probe", "PutItem"),
    ("", "ChangeMessageVisibility"),
)


def draw_plan(choose: Choose[object]) -> Plan:
    """Any plan, from choices."""

    def one(*options: T) -> T:
        return choose(options)  # type: ignore[return-value]

    def generation() -> Generation:
        return Generation(
            answer=one("accept", "accept", "accept", "lost-accepted", "lost", "500-accepted", "500", "400", "not-json"),
            outcome=one("COMPLETED", "COMPLETED", "COMPLETED", "ERROR", "FAILED", "NEVER"),
            seconds=one(40.0, 0.0, 1.0, 200.0, 895.0, 950.0, 1300.0),
            calls=one("once", "twice", "never", "late", "progress", "lying"),
            broken=one(0, 0, 0, 1, 2, 20),
            gone=one(False, False, False, False, True),
            outputs=one(1, 1, 1, 2, 0),
            slow=one(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 13.0, 50.0),
        )

    def order() -> Order:
        return Order(
            kind=one("drop", "pair", "message", "aimlapi", "anonymous", "wrong", "triple", "row"),
            at=one(0.0, 0.0, 1.0, 30.0, 400.0),
            generations=tuple(generation() for _ in range(one(1, 1, 2, 3))),
            steps=tuple(tuple(generation() for _ in range(one(1, 2))) for _ in range(2)),
            gap=one(1.0, -1.0, 0.0, 20.0),
            repeats=one((), (), (0.0,), (3.0, 50.0), (700.0, 1200.0)),
            again=one((), (), (), (20.0,), (600.0,), (1500.0,), (600.0, 1500.0)),
        )

    def trouble() -> Trouble:
        begins = one(0.0, 0.0, 10.0, 100.0)
        lasts = one(50.0, 400.0, 1500.0, 5000.0)
        return Trouble(one("pixazo", "pixazo", "aimlapi"), one(402, 429, 401, 403, 0, 503), begins, begins + lasts)

    def outage() -> Outage:
        function, what = one(*OUTAGES)
        begins = one(0.0, 3.0, 10.0, 60.0, 600.0)
        lasts = one(60.0, 300.0, 1200.0, 2700.0)
        return Outage(what, one("throttled", "broken", "denied", "unreachable"), begins, begins + lasts, function)

    return Plan(
        orders=tuple(order() for _ in range(one(1, 2, 3, 4))),
        troubles=tuple(trouble() for _ in range(one(0, 0, 1, 1, 2))),
        webhooks=one(True, True, False),
        progress=one(False, True),
        budget=one(None, None, Decimal("2.40"), Decimal("3.40"), Decimal("3.65")),
        resubmit_unknown=one(False, False, False, True),
        deaths=one(0, 1, 2, 3),
        mortality=one(20, 60),
        lost_answers=one(0, 0, 1, 3),
        duplicates=one(0, 2, 5),
        leaps=one(0, 0, 2, 6),
        broken=one(None, None, None, None, None, None, None, (0.0, 4500.0)),
        concurrency=one(1, 2, 3, 4),
        failures=one(0, 0, 1, 3),
        outages=tuple(outage() for _ in range(one(0, 0, 0, 1, 1, 2))),
    )
