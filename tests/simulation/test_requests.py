"""What a job costs: every request of every function, by the book. A request more or less is a change of the price."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dropreel.submit import holding
from tests.simulation.account import Accounts
from tests.simulation.crashes import STORIES
from tests.simulation.effects import Life
from tests.simulation.schedules import Mishap, Ran, run
from tests.simulation.script import Generation, Order, Plan, Trouble

#: An invocation: the function, and what it does beyond itself.
Invocation = tuple[str, str]

LIST, READ = "ListObjectsV2", "GetObject GetObject"
POSTED = "StartExecution PutItem GetSecretValue POST:gateway UpdateItem"
SEND = f"GetItem GetItem {POSTED}"
COPY = "UpdateItem GET:media read:media PutObject PutObject PutEvents UpdateItem StopExecution"
#: A stranger calls back in every story.
FORGED, CALLED_BACK = ("callback", "UpdateItem"), ("callback", "UpdateItem SendMessage:deliver")
DELIVERED = ("deliver", f"GetItem GetSecretValue GET:gateway {COPY}")

#: By story: what is asked of AWS and of the gateway, in order.
REQUESTS: dict[str, list[Invocation]] = {
    "a drop": [("submit", f"{LIST} {READ} GetItem {SEND}"), FORGED, CALLED_BACK, DELIVERED],
    "a pair": [
        ("submit", f"{LIST} {LIST}"),
        ("submit", f"{LIST} {LIST} {READ} {READ} DeleteItem GetItem GetItem {READ} {POSTED}"),
        FORGED,
        CALLED_BACK,
        DELIVERED,
    ],
    "a message": [("submit", SEND), FORGED, CALLED_BACK, DELIVERED],
    "a drop that is called back twice": [
        ("submit", f"{LIST} {READ} GetItem {SEND}"),
        FORGED,
        CALLED_BACK,
        FORGED,
        DELIVERED,
    ],
    "an aimlapi job": [
        ("submit", SEND),
        ("poll", "GetItem GetSecretValue GET:gateway UpdateItem"),
        ("poll", "GetItem GET:gateway UpdateItem SendMessage:deliver"),
        DELIVERED,
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
    """What Step Functions bills: of each execution its start and its wait, of each round of it three states more."""
    executions = ran.world.machines.executions.values()
    return sum(2 + 3 * execution.rounds for execution in executions)


@pytest.mark.parametrize("story", REQUESTS)
def test_a_job_makes_exactly_these_requests(story: str, aws: Accounts) -> None:
    found, _ = invocations(STORIES[story], aws)
    assert found == REQUESTS[story]


@pytest.mark.parametrize("kind", ["drop", "message"])
@pytest.mark.parametrize(("seconds", "looks"), [(5.0, 0), (170.0, 0), (190.0, 1), (1700.0, 9)])
def test_a_job_that_is_called_back_costs_two_transitions_and_three_a_look(
    kind: str, seconds: float, looks: int, aws: Accounts
) -> None:
    """The first look comes after 180 seconds, the others after 30, 45, 68 … and at last 300 each."""
    order = Order(kind, generations=(Generation(seconds=seconds),))
    _, ran = invocations(replace(STORIES["a drop"], orders=(order,)), aws)
    assert transitions(ran) == 2 + 3 * looks


@pytest.mark.parametrize(("seconds", "looks"), [(5.0, 1), (40.0, 2), (1700.0, 30)])
def test_a_job_that_is_polled_costs_three_transitions_a_look(seconds: float, looks: int, aws: Accounts) -> None:
    order = Order("aimlapi", generations=(Generation(seconds=seconds),))
    _, ran = invocations(replace(STORIES["a drop"], orders=(order,)), aws)
    assert transitions(ran) == 2 + 3 * looks


@pytest.mark.parametrize("seconds", [10_800, pytest.param(86_400, marks=pytest.mark.thorough)])
def test_a_refusal_costs_three_transitions_a_probe_however_many_are_held(aws: Accounts, seconds: int) -> None:
    orders = tuple(Order("message") for _ in range(8))
    plan = replace(STORIES["a message"], orders=orders, troubles=(Trouble("pixazo", 402, 0, seconds),))
    _, ran = invocations(plan, aws)
    (gate,) = [execution for execution in ran.world.machines.executions.values() if execution.machine == "gate"]
    assert gate.rounds == seconds // 300 + 1, "the last probe is answered, and all the others go with the next round"


@pytest.mark.parametrize("calls", ["once", "twice", "progress", "late"])
def test_a_callback_costs_one_write_and_only_the_news_of_the_end_a_message(calls: str, aws: Accounts) -> None:
    order = Order(generations=(Generation(calls=calls),))
    found, _ = invocations(replace(STORIES["a drop with progress"], orders=(order,)), aws)
    callbacks = [effects for function, effects in found if function == "callback"]
    assert set(callbacks) <= {"UpdateItem", "UpdateItem SendMessage:deliver"}
    assert callbacks.count("UpdateItem SendMessage:deliver") == (calls != "late")


def test_two_drops_that_meet_start_one_watch_too_often_and_stop_it(aws: Accounts) -> None:
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
    # 10, 15, 23, 34, 51 seconds, and 60 from then on.
    assert len([effects for function, effects in found if function == "poll"]) == 32


def test_held_jobs_are_let_go_batch_by_batch_each_once(aws: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "BATCH", 2)
    plan = replace(STORIES["a message"], orders=(Order("message"),) * 6, troubles=(Trouble("pixazo", 402, 0, 400),))
    found, ran = invocations(plan, aws)
    releases = [effects.count("SendMessageBatch") for function, effects in found if function == "probe"]
    assert releases[-3:] == [1, 1, 1], "five are left once the first was sent as the probe"
    assert len(ran.world.gateways.posts) == 1 + 1 + 6, "a refusal, a probe that is refused, and each job once"
