"""What the page says that jobs have cost: by the estimates, of those that were paid or may have been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cli.search import DAY
from cli.stack import Stack
from console.costs import Costs, Sum, added
from dropreel.aws.gates import BUDGET
from dropreel.aws.items import marshal
from dropreel.jobs import Job, Status, day_of
from tests.unit.consoles import browser, hooked, put
from tests.unit.stacks import a_stack, job

PRICE = Decimal("0.6")
#: The middle of a month's twelfth day, in UTC.
NOW = 1_781_222_400.0 + DAY / 2


@pytest.fixture
def there() -> Iterator[Stack]:
    with a_stack(created_at=NOW - 30 * DAY) as stack:
        yield stack


def paid(ago: float = 0.0, status: Status = Status.SUCCEEDED, **more: Any) -> Job:
    return job(status, **{"created_at": NOW - ago, "price_usd": PRICE, **more})


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (paid(), True),
        (paid(status=Status.SUBMITTED), True),
        (paid(status=Status.UNKNOWN), True),
        (paid(status=Status.EXPIRED), True),
        (paid(status=Status.FAILED, error={"code": "failed", "message": ""}), True),
        (paid(status=Status.FAILED, error={"code": "output_unavailable", "message": ""}), True),
        (paid(status=Status.FAILED, error={"code": "given_up", "message": ""}), True),
        (paid(status=Status.FAILED, error={"code": "given_up", "message": ""}, attempt=0), False),
        (paid(status=Status.FAILED, error={"code": "error", "message": ""}), False),
        (paid(status=Status.FAILED, error={"code": "declined", "message": ""}), False),
        (paid(status=Status.HELD), False),
        (paid(status=Status.WAITING), False),
        (paid(status=Status.REJECTED), False),
    ],
    ids=lambda each: f"{each.status}-{(each.error or {}).get('code', '')}" if isinstance(each, Job) else "",
)
def test_only_what_was_paid_or_may_have_been_is_counted(one: Job, counts: bool) -> None:
    assert added([one]) == ({one.model: Sum(usd=PRICE, jobs=1)} if counts else {})


def test_costs_are_told_of_today_of_the_month_and_by_model_with_the_dearest_first(there: Stack) -> None:
    rich = replace(there, settings=replace(there.settings, daily_budget_usd=Decimal(5)))
    fabric = paid(5, price_usd=None).evolve(model="veed-fabric-1-0-api-130")
    put(there, [paid(), paid(DAY), paid(DAY, price_usd=Decimal(2)), paid(20 * DAY), fabric])
    there.dynamodb.put_item(
        TableName="gates", Item=marshal({"name": BUDGET, "item": f"spent#{day_of(NOW)}", "usd": Decimal("1.5")})
    )
    assert Costs().told(rich, NOW) == {
        "today": {"usd": 0.6, "jobs": 2, "unpriced": 1},
        "month": {"usd": 3.2, "jobs": 4, "unpriced": 1},
        "by_model": [
            {"model": "veo-3-1-fast", "title": "Veo 3.1 Fast", "usd": 3.2, "jobs": 3, "unpriced": 0},
            {"model": fabric.model, "title": "VEED Fabric 1.0", "usd": 0.0, "jobs": 1, "unpriced": 1},
        ],
        "daily_budget_usd": 5.0,
        "reserved_today_usd": 1.5,
        "held_jobs": 0,
    }
    told = Costs().told(there, NOW)
    assert (told["daily_budget_usd"], told["reserved_today_usd"]) == (None, None)


def test_a_day_is_read_again_only_after_a_while_and_an_ended_one_after_a_long_one(
    there: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(there, [paid(DAY) for _ in range(3)])
    costs, days = Costs(), []

    def note(params: dict[str, Any], **_: Any) -> None:
        if "IndexName" in params:
            days.append(params["ExpressionAttributeValues"][":index"]["S"])

    with hooked(there.dynamodb, "before-parameter-build.dynamodb.Query", note):
        monkeypatch.setattr("console.costs._REST", 1000)
        costs.told(there, NOW)
        assert days == [day_of(NOW - ago * DAY) for ago in range(12)]
        days.clear()
        put(there, [paid(), paid(DAY)])
        assert costs.told(there, NOW + 0.001)["month"]["jobs"] == 3
        assert days == []
        monkeypatch.setattr("console.costs._REST", 0)
        assert Costs().told(there, NOW)["month"]["jobs"] == 5
        days.clear()
        costs.told(there, NOW + 3599)
        assert costs.told(there, NOW + 3599)["month"]["jobs"] == 4
        assert set(days) == {day_of(NOW)}
        assert costs.told(there, NOW + 3600)["month"]["jobs"] == 5


def test_the_page_tells_them(there: Stack) -> None:
    answer = browser(there).get("/api/costs")
    assert (answer.status_code, answer.json["month"]["jobs"]) == (200, 0)
