"""What a job costs: every request of every function, by the book. A request more or less is a change of the price."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.account import Accounts
from tests.simulation.crashes import STORIES
from tests.simulation.effects import Life
from tests.simulation.schedules import Mishap, Ran, run
from tests.simulation.script import Generation, Order, Plan

#: An invocation: the function, and what it does beyond itself.
Invocation = tuple[str, str]

LIST, READ = "ListObjectsV2", "HeadObject GetObject GetObject"
SEND = "GetItem GetItem StartExecution SendMessage:deliver PutItem GetSecretValue POST:gateway UpdateItem"
COPY = "UpdateItem GET:media read:media PutObject PutObject PutEvents UpdateItem StopExecution"
#: A stranger calls back in every story.
FORGED, CALLED_BACK = ("callback", "UpdateItem"), ("callback", "UpdateItem SendMessage:deliver")
DELIVERED = ("deliver", f"GetItem GetSecretValue GET:gateway {COPY}")
#: The look that lies on the queue when its job ends finds that, and is the last.
LAST_LOOK = ("deliver", "GetItem")
LOOK = "GetItem SendMessage:deliver GET:gateway"

#: By story: what is asked of AWS and of the gateway, in order.
REQUESTS: dict[str, list[Invocation]] = {
    "a drop": [("submit", f"{LIST} {READ} GetItem {SEND}"), FORGED, CALLED_BACK, DELIVERED, LAST_LOOK],
    "a pair": [
        ("submit", f"{LIST} {LIST}"),
        ("submit", f"{LIST} {LIST} HeadObject HeadObject GetObject GetObject DeleteItem {SEND}"),
        FORGED,
        CALLED_BACK,
        DELIVERED,
        LAST_LOOK,
    ],
    "a message": [("submit", SEND), FORGED, CALLED_BACK, DELIVERED, LAST_LOOK],
    "a drop that is called back twice": [
        ("submit", f"{LIST} {READ} GetItem {SEND}"),
        FORGED,
        CALLED_BACK,
        FORGED,
        DELIVERED,
        LAST_LOOK,
    ],
    "an aimlapi job": [
        ("submit", SEND),
        ("deliver", f"{LOOK.replace('GET:', 'GetSecretValue GET:')} UpdateItem"),
        ("deliver", f"{LOOK} UpdateItem {COPY}"),
        LAST_LOOK,
    ],
}


class AtOnce(Mishap):
    """By the book, but everybody who can go on does so in turn."""

    def pick(self, options: int) -> int:
        """The next one each time."""
        return len(self.effects) % options


def invocations(plan: Plan, aws: Accounts, book: Mishap | None = None) -> tuple[list[Invocation], Ran]:
    """What a plan makes the functions do, and the run itself."""
    book = book or Mishap()
    ran = run(plan, book, aws)
    assert not ran.complaints
    found: dict[Life, list[str]] = {}
    for life, (_, effect) in zip(book.lives, book.effects, strict=True):
        found.setdefault(life, []).append(effect.replace(" ", ":"))
    return [(life.function, " ".join(effects)) for life, effects in found.items()], ran


def transitions(ran: Ran) -> int:
    """What Step Functions bills: of each watch its start and its wait, of each round of it three states more."""
    return 2 * len(ran.world.watches.executions) + 3 * ran.counts["invocations of poll"]


@pytest.mark.parametrize("story", REQUESTS)
def test_a_job_makes_exactly_these_requests(story: str, aws: Accounts) -> None:
    found, _ = invocations(STORIES[story], aws)
    assert found == REQUESTS[story]


@pytest.mark.parametrize("seconds", [5.0, 40.0, 1700.0])
@pytest.mark.parametrize("kind", ["drop", "message", "aimlapi"])
def test_a_job_costs_two_transitions_however_long_it_takes(kind: str, seconds: float, aws: Accounts) -> None:
    order = Order(kind, generations=(Generation(seconds=seconds),))
    _, ran = invocations(replace(STORIES["a drop"], orders=(order,)), aws)
    assert transitions(ran) == 2


@pytest.mark.parametrize("calls", ["once", "twice", "progress", "late"])
def test_a_callback_costs_one_write_and_only_the_news_of_the_end_a_message(calls: str, aws: Accounts) -> None:
    order = Order(generations=(Generation(calls=calls),))
    found, _ = invocations(replace(STORIES["a drop with progress"], orders=(order,)), aws)
    callbacks = [effects for function, effects in found if function == "callback"]
    assert set(callbacks) <= {"UpdateItem", "UpdateItem SendMessage:deliver"}
    assert callbacks.count("UpdateItem SendMessage:deliver") == (calls != "late")


def test_the_watch_of_a_try_that_came_second_is_stopped(aws: Accounts) -> None:
    together = replace(STORIES["a drop"], orders=(Order(repeats=(0.0,)),))
    found, ran = invocations(together, aws, AtOnce())
    tries = [effects for function, effects in found if function == "submit" and "StartExecution" in effects]
    assert len(tries) == 2
    assert len(ran.world.gateways.posts) == 1
    assert sum(effects.count("StopExecution") for _, effects in found) == 2
    assert transitions(ran) == 4


def test_looks_at_a_long_generation_grow_apart(aws: Accounts) -> None:
    order = Order("aimlapi", generations=(Generation(seconds=1700.0),))
    found, _ = invocations(replace(STORIES["a drop"], orders=(order,), poll_seconds=10), aws)
    looks = [effects for function, effects in found if function == "deliver"]
    # 10, 15, 22, 34, 51 seconds, and 60 from then on.
    assert len(looks) == 32 + 1  # the last finds that it has ended
