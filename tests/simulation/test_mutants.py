"""The checker checks: each wrong variant of the code is caught, and the right one is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.simulation.account import Accounts
from tests.simulation.crashes import places
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.schedules import Chance, Mishap, run
from tests.simulation.world import Director

pytestmark = pytest.mark.thorough

#: Schedules within which a mutant has to be caught.
EFFORT = 150


def tries(mutant: Mutant, aws: Accounts) -> Iterator[Callable[[], Director]]:
    """Ways to run a mutant's plan: those that are to show it, and then the others."""
    if mutant.mishap is None:
        yield from (partial(Chance, mutant.plan, seed) for seed in range(mutant.first, mutant.first + EFFORT))
        return
    book = Mishap()
    run(mutant.plan, book, aws)
    function, effect, what = mutant.mishap

    def elsewhere(place: tuple[int, str]) -> bool:
        where, which = book.effects[place[0] - 1]
        return not (where == function and which.startswith(effect) and place[1] == what)

    yield from (partial(Mishap, *place) for place in sorted(places(book), key=elsewhere))


def caught(mutant: Mutant, aws: Accounts, director: Director) -> bool:
    return any(mutant.caught_by in complaint for complaint in run(mutant.plan, director, aws).complaints)


@pytest.mark.parametrize("name", MUTANTS)
def test_wrong_code_is_caught_where_the_right_is_not(aws: Accounts, name: str) -> None:
    mutant = MUTANTS[name]
    with mutant.patch():
        found = next((make for make in tries(mutant, aws) if caught(mutant, aws, make())), None)
    assert found is not None, f"{name} was not caught"
    assert run(mutant.plan, found(), aws).complaints == []
