"""What is said of prices, and from which on somebody is asked."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from cli.drop import confirm
from cli.exits import Trouble
from cli.stack import Stack
from cli.wording import total
from tests.unit.stacks import a_stack

USD = Decimal


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ((USD("0.8"),), "0.80 USD"),
        ((USD("0.8"), USD("0.05")), "0.85 USD"),
        ((None,), "unknown price"),
        ((None, None), "2 unknown prices"),
        ((USD("0.8"), None), "0.80 USD, and 1 of unknown price"),
        ((), "0.00 USD"),
    ],
)
def test_a_sum_says_what_it_does_not_know(prices: Sequence[Decimal | None], said: str) -> None:
    assert total(prices) == said


@pytest.fixture(scope="module")
def there() -> Stack:
    with a_stack(default_price_usd=Decimal(2)) as stack:
        return stack


def test_steps_of_unknown_price_count_before_anything_is_dropped(there: Stack) -> None:
    confirm((USD("0.8"), None), there, 2.8, yes=False)
    with pytest.raises(Trouble, match=r"0\.80 USD, and 1 of unknown price, counted as 2\.80 USD"):
        confirm((USD("0.8"), None), there, 2.7, yes=False)
