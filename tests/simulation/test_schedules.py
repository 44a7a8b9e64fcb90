"""Random schedules: several jobs, repeats, reorderings, functions interleaved at their effects, deaths and refusals."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.simulation.account import Accounts
from tests.simulation.schedules import Chance, run, run_seed, told
from tests.simulation.script import Plan, draw_plan

#: Schedules of a test run, in batches that the test processes share; `.ci/run` and `make simulate` run many more.
BATCHES, BATCH = 2, 2


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any plan; a smaller one if that fails as well."""

    def choose(options: Sequence[object]) -> object:
        return draw(st.sampled_from(options))

    return draw_plan(choose)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_any_schedule_keeps_every_invariant(aws: Accounts, batch: int) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        ran = run_seed(seed, aws)
        assert not ran.complaints, told(ran, f"--seed {seed}")


@settings(
    max_examples=3,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
@given(plan=plans(), seed=st.integers(0, 2**32))
def test_any_plan_keeps_every_invariant(aws: Accounts, plan: Plan, seed: int) -> None:
    ran = run(plan, Chance(plan, seed), aws)
    assert not ran.complaints, told(ran, f"--seed {seed} --plan {str(plan)!r}")


def test_a_seed_gives_the_same_schedule_again(aws: Accounts) -> None:
    first, second = run_seed(11, aws).counts, run_seed(11, aws).counts
    assert first == second
    assert first["effects"] > 50
