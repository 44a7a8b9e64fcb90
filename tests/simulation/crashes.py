"""The crash enumeration: for every effect that a job has, the process dies before it, and after it.

And more: it stands still there for as long as its function may run, while everybody else goes on, and then has its
effect after all; the answer of an AWS call gets lost, and the client makes the call again; or the call fails: it is
refused, or there is no connection, or no answer ever comes although it was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

from dropreel.jobs import Job, Status, token_hash
from tests.simulation.account import Accounts
from tests.simulation.bounds import INTENTS
from tests.simulation.schedules import FAILING, NOT_AWS, Mishap, Ran, run
from tests.simulation.script import Generation, Order, Plan, Trouble

#: Invocations of one shape, all of whose effects are died at; a long wait has many more of them.
SAME = 2
#: What happens to a process; and to an AWS call.
TO_A_PROCESS, OF_AWS = ("before", "after", "stall"), ("lost", *FAILING)
EVERYTHING = (*TO_A_PROCESS, *OF_AWS)
BOOK = Plan(deadline_seconds=1800, poll_seconds=30)
ERROR_FIRST = (Generation(outcome="ERROR"), Generation())
FAILED_FIRST = (Generation(outcome="FAILED"), Generation())

#: Lives of a job, each of which goes well by the book.
STORIES: dict[str, Plan] = {
    "a drop": BOOK,
    "a pair": replace(BOOK, orders=(Order("pair"),)),
    "a pair whose parts come far apart": replace(BOOK, orders=(Order("pair", gap=20.0),)),
    "a message": replace(BOOK, orders=(Order("message"),)),
    "an aimlapi job": replace(BOOK, orders=(Order("aimlapi"),)),
    "a drop without callbacks": replace(BOOK, webhooks=False),
    "a pair without callbacks": replace(BOOK, webhooks=False, orders=(Order("pair"),)),
    "a message without callbacks": replace(BOOK, webhooks=False, orders=(Order("message"),)),
    "a drop with progress": replace(BOOK, progress=True, orders=(Order(generations=(Generation(calls="progress"),)),)),
    "a drop whose callback never comes": replace(BOOK, orders=(Order(generations=(Generation(calls="never"),)),)),
    "a drop that is called back twice": replace(BOOK, orders=(Order(generations=(Generation(calls="twice"),)),)),
    "a drop within a budget": replace(BOOK, budget=Decimal(5)),
    "a drop that is sent again after ERROR": replace(BOOK, orders=(Order(generations=ERROR_FIRST),)),
    "the same within a budget": replace(BOOK, budget=Decimal(5), orders=(Order(generations=ERROR_FIRST),)),
    "a drop whose download breaks off": replace(BOOK, orders=(Order(generations=(Generation(broken=2),)),)),
    "a drop with three outputs": replace(BOOK, orders=(Order(generations=(Generation(outputs=3),)),)),
    "a drop that is refused at first": replace(BOOK, troubles=(Trouble("pixazo", 402, 0, 500),)),
    "two drops that are refused at first, within a budget": replace(
        BOOK, budget=Decimal(5), orders=(Order(), Order()), troubles=(Trouble("pixazo", 429, 0, 200),)
    ),
    "a drop that finds no connection at first": replace(BOOK, troubles=(Trouble("pixazo", 0, 0, 60),)),
    "several that are refused at first": replace(
        BOOK,
        orders=(Order("message"), Order("message", at=1.0), Order("message", at=300.0)),
        troubles=(Trouble("pixazo", 402, 0, 500),),
    ),
    "a gate whose execution is lost": replace(
        BOOK,
        orders=(Order(), Order("message", at=2000.0)),
        troubles=(Trouble("pixazo", 402, 0, 500),),
        gates_stopped=100.0,
    ),
    "two drops of which the budget allows one a day": replace(BOOK, budget=Decimal("1.20"), orders=(Order(), Order())),
    "three parts of which two come while the first is looked at": replace(BOOK, orders=(Order("triple", gap=10.0),)),
    "a row": replace(BOOK, orders=(Order("row"),)),
    "a row without callbacks, within a budget": replace(
        BOOK, webhooks=False, budget=Decimal(9), orders=(Order("row"),)
    ),
    "a row whose second step fails, and that is dropped again": replace(
        BOOK, orders=(Order("row", steps=(FAILED_FIRST, (Generation(),)), again=(20_000.0,), repeats=(900.0,)),)
    ),
    "a drop that fails, and is dropped again upon its manifest": replace(
        BOOK, orders=(Order(generations=FAILED_FIRST, upon_failure=True),)
    ),
    "a drop that fails, is wrong for as long as it is remembered, and then is right": replace(
        BOOK,
        orders=(
            Order(generations=FAILED_FIRST, again=(20_000.0, 91 * 86_400.0), spoilt=(19_000.0, 91 * 86_400.0 - 100)),
        ),
    ),
}
#: Lives so long that the tests pass over two effects of three; `python -m tests.simulation --crashes` does not.
LONG = frozenset(
    {
        "a row",
        "a row without callbacks, within a budget",
        "a row whose second step fails, and that is dropped again",
        "a drop that is refused at first",
        "two drops that are refused at first, within a budget",
        "several that are refused at first",
        "a gate whose execution is lost",
        "a drop that finds no connection at first",
        "two drops of which the budget allows one a day",
        "a drop whose output is gone",
        "a drop whose media host is too slow",
        "a drop that is late",
        "a drop that is dropped again while it is held, and fails",
        "a drop that is late, and whose answer was lost",
    }
)
#: Lives that end otherwise, and how.
SAD_STORIES: dict[str, tuple[Plan, Status]] = {
    "a wrong drop": (replace(BOOK, orders=(Order("wrong"),)), Status.REJECTED),
    "a drop that the gateway declines": (
        replace(BOOK, budget=Decimal(5), orders=(Order(generations=(Generation(answer="400"),)),)),
        Status.FAILED,
    ),
    "a drop that the gateway fails": (
        replace(BOOK, orders=(Order(generations=(Generation(outcome="FAILED"),)),)),
        Status.FAILED,
    ),
    "a drop whose output is gone": (
        replace(BOOK, orders=(Order(generations=(Generation(gone=True),)),)),
        Status.FAILED,
    ),
    "a drop that is dropped again while it is held, and fails": (
        replace(
            BOOK,
            troubles=(Trouble("pixazo", 402, 0, 500),),
            orders=(Order(generations=(Generation(outcome="FAILED"),), again=(100.0,), repeats=(3000.0,)),),
        ),
        Status.FAILED,
    ),
    "a drop whose media host is too slow": (
        replace(BOOK, orders=(Order(generations=(Generation(slow=50.0),)),)),
        Status.FAILED,
    ),
    "a drop that is never heard of": (
        replace(BOOK, orders=(Order(generations=(Generation(answer="lost"),)),)),
        Status.EXPIRED,
    ),
    "a drop that is late": (
        replace(BOOK, orders=(Order(generations=(Generation(seconds=1900.0),)),)),
        Status.SUCCEEDED,
    ),
    "a drop that is late, and whose answer was lost": (
        replace(
            BOOK, orders=(Order(generations=(Generation(answer="lost-accepted", seconds=1900.0, calls="twice"),)),)
        ),
        Status.SUCCEEDED,
    ),
}


def mishaps(
    plan: Plan, accounts: Accounts, *, every: int = 1, whats: Sequence[str] = EVERYTHING
) -> Iterator[tuple[Mishap, Ran]]:
    """Every run of a plan in which one thing goes wrong, after the one in which nothing does.

    `every` passes over some effects; `whats` is what goes wrong, where it can.
    """
    book = Mishap()
    yield book, run(plan, book, accounts)
    for index, what in places(book, every, whats):
        mishap = Mishap(index, what)
        yield mishap, run(plan, mishap, accounts)


def places(book: Mishap, every: int = 1, whats: Sequence[str] = EVERYTHING) -> Iterator[tuple[int, str]]:
    """Where something can go wrong in a run that went by the book, and what."""
    for index in list(_telling(book))[::every]:
        aws = not book.effects[index - 1][1].endswith(NOT_AWS)
        yield from ((index, what) for what in whats if aws or what not in OF_AWS)


def _telling(book: Mishap) -> Iterator[int]:
    """The numbers of all effects, but for those of looks and probes that did what `SAME` before them had done."""
    shapes: Counter[tuple[tuple[str, str], ...]] = Counter()
    for _, group in groupby(enumerate(book.effects, start=1), lambda numbered: id(book.lives[numbered[0] - 1])):
        numbered = list(group)
        shape = tuple(effect for _, effect in numbered)
        shapes[shape] += 1
        if shapes[shape] <= SAME:
            yield from (number for number, _ in numbered)


def problems(mishap: Mishap, ran: Ran, expected: Status) -> list[str]:
    """What is wrong after a mishap: a complaint, a dead letter, or an end that is not the expected one."""
    told = f"{mishap.what} effect {mishap.index}, {mishap.effects[mishap.index - 1]}"
    found = [*ran.complaints, *(["a dead letter"] if ran.counts["dead letters"] else [])]
    jobs = ran.world.account.jobs().values()
    found += [f"it ends {job.status}" for job in jobs if job.status is not expected and not _excused(mishap, ran, job)]
    return [f"{told}: {each}" for each in found]


def _excused(mishap: Mishap, ran: Ran, job: Job) -> bool:
    """An expired job whose submitter died, or stood still too long, between its intent and the answer's record.

    Nobody can know then whether the POST was taken, unless a callback tells. A call that fails is no such excuse, but
    where the submitter does not learn whether it has written its intent.
    """
    function, effect = mishap.effects[mishap.index - 1]
    if job.status is not Status.EXPIRED or job.request_id or function not in ("submit", "probe"):
        return False
    if mishap.what in FAILING and (mishap.what != "timed out" or effect not in INTENTS):
        return False
    notes = " ".join(line["note"] for line in job.history)
    heard = {token_hash(call.token) for call, _ in ran.world.answers if call.kind != "forged"}
    return "the submitter died after its intent" in notes and job.token_hash not in heard
