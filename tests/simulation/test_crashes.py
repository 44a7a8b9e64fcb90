"""Whatever dies, and wherever: paid at most once, lost never, ended rightly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from dropreel.jobs import Status
from tests.simulation.account import Accounts
from tests.simulation.crashes import (
    EVERYTHING,
    LONG,
    SAD_STORIES,
    STORIES,
    TO_A_PROCESS,
    mishaps,
    problems,
)
from tests.simulation.schedules import FAILING
from tests.simulation.script import Plan

#: Lives that stand for the others in a short run of the tests, which takes every third effect of each.
SHORT = frozenset({"a drop", "a message"})
#: And in a longer one.
SHORTISH = frozenset({"a pair without callbacks", "an aimlapi job"})
#: What goes wrong other than by a call that fails; and the one way to fail that stands for the others in a short run.
DEATHS, FAILURE = (*TO_A_PROCESS, "lost"), "unreachable"
OTHER_FAILURES = sorted(FAILING.keys() - {FAILURE})


def short(stories: frozenset[str], *marks: pytest.MarkDecorator) -> list[Any]:
    return [pytest.param(story, marks=marks if story in stories else [pytest.mark.long]) for story in STORIES]


def ends(
    story: str, plan: Plan, aws: Accounts, expected: Status, whats: Sequence[str] = DEATHS, *, thinned: bool = False
) -> Counter[str]:
    """Every mishap of a plan ends as the book does, but where nobody can know whether the POST was taken."""
    counts: Counter[str] = Counter()
    for mishap, ran in mishaps(plan, aws, every=3 if thinned or story in LONG else 1, whats=whats):
        assert problems(mishap, ran, expected) == []
        counts += ran.counts
    return counts


@pytest.mark.parametrize(
    "story", [*sorted(SHORT), *(pytest.param(story, marks=pytest.mark.thorough) for story in sorted(SHORTISH))]
)
def test_death_at_every_third_effect_costs_no_second_payment_and_loses_nothing(aws: Accounts, story: str) -> None:
    assert ends(story, STORIES[story], aws, Status.SUCCEEDED, thinned=True)["ended SUCCEEDED"] > 0


@pytest.mark.parametrize("story", short(frozenset({"a drop"}), pytest.mark.thorough))
def test_death_at_any_effect_costs_no_second_payment_and_loses_nothing(aws: Accounts, story: str) -> None:
    counts = ends(story, STORIES[story], aws, Status.SUCCEEDED)
    assert min(counts["deaths before an effect"], counts["deaths after an effect"], counts["AWS answers lost"]) >= 6
    assert counts["ended SUCCEEDED"] > counts["ended EXPIRED"]


@pytest.mark.parametrize("what", [FAILURE, *(pytest.param(what, marks=pytest.mark.long) for what in OTHER_FAILURES)])
@pytest.mark.parametrize("story", short(frozenset({"a drop"})))
def test_a_call_to_aws_that_fails_costs_no_second_payment_and_loses_nothing(
    aws: Accounts, story: str, what: str
) -> None:
    counts = ends(story, STORIES[story], aws, Status.SUCCEEDED, (what,))
    assert counts["AWS calls failed"] >= 6
    assert counts["ended SUCCEEDED"] > 2 * counts["ended EXPIRED"]


@pytest.mark.long
@pytest.mark.parametrize("story", SAD_STORIES)
def test_death_at_any_effect_leaves_a_sad_story_as_it_was(aws: Accounts, story: str) -> None:
    plan, status = SAD_STORIES[story]
    counts = ends(story, plan, aws, status, EVERYTHING)
    assert counts["deaths before an effect"] >= 10
