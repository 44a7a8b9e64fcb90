"""The numbers that the dashboard and the alarms of infra/ are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pytest

from dropreel.jobs import SUBMIT_WINDOW, Job, Status
from dropreel.measures import Unit, report_to
from local.gateways.behaviour import Behaviour
from tests.integration.world import World


class Told:
    """What was measured, in order."""

    def __init__(self) -> None:
        self.numbers: list[tuple[str, float, Unit, Mapping[str, str]]] = []

    def hear(self, name: str, value: float, unit: Unit, dimensions: Mapping[str, str]) -> None:
        self.numbers.append((name, value, unit, dimensions))

    def of(self, name: str) -> list[float]:
        return [value for told, value, _, _ in self.numbers if told == name]

    def dimensions(self, name: str) -> list[Mapping[str, str]]:
        return [dimensions for told, _, _, dimensions in self.numbers if told == name]


@pytest.fixture
def told() -> Iterator[Told]:
    heard = Told()
    report_to(heard.hear)
    yield heard
    report_to()


def test_a_film_that_a_callback_announced_is_measured_from_its_price_to_its_end(world: World, told: Told) -> None:
    world.drop("veo-3-1-fast/cat.txt", "a cat")
    world.settle_down(world.finished)
    assert told.of("MoneyUsd") == [1.2]
    assert told.dimensions("MoneyUsd") == [{"model": "veo-3-1-fast"}]
    assert set(map(str, told.dimensions("GatewayLatency"))) == {"{'gateway': 'pixazo'}"}
    assert all(0 < milliseconds < 10_000 for milliseconds in told.of("GatewayLatency"))
    assert (told.of("EndByCallback"), told.of("EndByPoll"), told.of("Succeeded")) == ([1], [], [1])
    assert told.of("GatewayRefusal") + told.of("GatewayBusy") + told.of("BudgetUsed") + told.of("Unknown") == []


def test_an_end_that_a_look_found_is_the_polls(world: World, told: Told) -> None:
    world.gateways.behave(Behaviour(callbacks=0))
    world.drop("veo-3-1-fast/cat.txt", "a cat")
    world.take()
    world.settle_down(lambda: world.look(world.job()).ended)
    assert (told.of("EndByCallback"), told.of("EndByPoll")) == ([], [1])


@pytest.mark.parametrize(
    ("marker", "name"),
    [("401", "GatewayRefusal"), ("402", "GatewayRefusal"), ("403", "GatewayRefusal"), ("429=60", "GatewayBusy")],
)
def test_a_refusal_that_a_person_must_mend_is_told_from_a_busy_gateway(
    world: World, told: Told, marker: str, name: str
) -> None:
    world.drop("veo-3-1-fast/cat.txt", f"[sim:{marker}] a cat")
    world.take()
    assert world.job().status is Status.HELD
    assert [told.of("GatewayRefusal"), told.of("GatewayBusy")] == [[1], []] if name == "GatewayRefusal" else [[], [1]]
    assert told.dimensions(name) == [{"gateway": "pixazo"}]
    assert told.of("MoneyUsd") == []


def test_no_key_is_a_refusal_too(world: World, told: Told) -> None:
    world.setting(pixazo_secret="no-such-secret")
    world.drop("veo-3-1-fast/cat.txt", "a cat")
    world.take()
    assert told.of("GatewayRefusal") == [1]


def test_money_that_may_be_lost_counts(world: World, told: Told) -> None:
    world.drop("veo-3-1-fast/cat.txt", "[sim:500] a cat")
    world.take()
    assert told.of("MoneyUsd") == [1.2]


def test_a_submitter_that_died_is_an_answer_lost(world: World, told: Told) -> None:
    dead = Job("a" * 26, "veo-3-1-fast", "pixazo", Status.SUBMITTING, "veo-3-1-fast/cat", attempt=1)
    now = world.clock()
    assert world.store.put(dead.evolve(submitting_at=now, deadline_at=now + 3600), None)
    world.ahead = SUBMIT_WINDOW + 1
    world.look(world.job())
    world.look(world.job())
    assert told.of("Unknown") == [1]


def test_the_budget_is_told_with_each_job_that_it_bears_and_without_one_that_it_does_not(
    world: World, told: Told
) -> None:
    world.setting(daily_budget_usd=Decimal("3.00"))
    for name in ("one", "two", "three"):
        world.drop(f"veo-3-1-fast/{name}.txt", name)
        world.take()
    assert told.of("BudgetUsed") == [40, 80, 80]
    assert {unit for name, _, unit, _ in told.numbers if name == "BudgetUsed"} == {"Percent"}


@pytest.mark.parametrize(("marker", "ended"), [("[sim:failed]", "Failed"), ("", "Succeeded")])
def test_each_end_is_counted_once_however_often_it_is_delivered(
    world: World, told: Told, marker: str, ended: str
) -> None:
    world.drop("veo-3-1-fast/cat.txt", f"{marker}[sim:duplicate=3] a cat")
    world.settle_down(world.finished)
    world.deliver()
    assert told.of("Succeeded") + told.of("Failed") + told.of("Expired") == told.of(ended) == [1]
