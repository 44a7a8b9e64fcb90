"""Whatever dies, and wherever: paid at most once, lost never, ended rightly."""

from __future__ import annotations

from collections import Counter

import pytest

from dropreel.jobs import Status
from tests.simulation.account import Accounts
from tests.simulation.crashes import LONG, SAD_STORIES, STORIES, mishaps, problems
from tests.simulation.script import Plan

#: Lives that stand for the others in a short run of the tests.
SHORT = frozenset({"a drop", "a pair without callbacks", "a message", "an aimlapi job"})


def long_if(story: str) -> list[pytest.MarkDecorator]:
    return [] if story in SHORT else [pytest.mark.long]


def ends(story: str, plan: Plan, aws: Accounts, expected: Status) -> Counter[str]:
    """Every mishap of a plan ends as the book does, but where nobody can know whether the POST was taken."""
    counts: Counter[str] = Counter()
    for mishap, ran in mishaps(plan, aws, every=3 if story in LONG else 1):
        assert problems(mishap, ran, expected) == []
        counts += ran.counts
    return counts


@pytest.mark.parametrize("story", [pytest.param(story, marks=long_if(story)) for story in STORIES])
def test_death_at_any_effect_costs_no_second_payment_and_loses_nothing(aws: Accounts, story: str) -> None:
    counts = ends(story, STORIES[story], aws, Status.SUCCEEDED)
    assert min(counts["deaths before an effect"], counts["deaths after an effect"], counts["AWS answers lost"]) >= 6
    assert counts["ended SUCCEEDED"] > counts["ended EXPIRED"]


@pytest.mark.long
@pytest.mark.parametrize("story", SAD_STORIES)
def test_death_at_any_effect_leaves_a_sad_story_as_it_was(aws: Accounts, story: str) -> None:
    plan, status = SAD_STORIES[story]
    counts = ends(story, plan, aws, status)
    assert counts["deaths before an effect"] >= 10
