"""The rounds of a watch come at ever longer intervals."""

from __future__ import annotations

import pytest

from dropreel.watching import next_round


@pytest.mark.parametrize(
    ("overdue", "wait"), [(-5, 60), (0, 60), (240, 60), (480, 120), (1800, 450), (3600, 900), (1_000_000, 900)]
)
def test_a_round_waits_for_a_quarter_of_the_time_that_the_job_is_overdue(overdue: float, wait: int) -> None:
    assert next_round(overdue) == wait
