"""How the benchmark of a job's cost reads AWS's rules."""

from __future__ import annotations

import pytest

from benchmarks.cost.meter import Index, Meter, item_size, read_units, write_units
from benchmarks.cost.prices import Unit, usd

INDEX = [Index(("attention", "place"))]
DAYS = [Index(("day",), frozenset({"job_id", "day", "status"}))]
MADE = {"job_id": {"S": "a"}, "day": {"S": "2026-01-31"}, "status": {"S": "HELD"}, "note": {"S": "x" * 1500}}
SMALL = {"job_id": {"S": "a"}}
LARGE = {"job_id": {"S": "a"}, "note": {"S": "x" * 1500}}
WAITING = {"job_id": {"S": "a"}, "attention": {"S": "WAITING"}, "place": {"S": "p"}}


def test_an_item_is_its_names_and_values() -> None:
    item = {"id": {"S": "é"}, "n": {"N": "12345"}, "b": {"BOOL": True}, "l": {"L": [{"S": "ab"}]}}
    assert item_size(item) == (2 + 2) + (1 + 4) + (1 + 1) + (1 + 3 + 1 + 2)
    assert item_size({"m": {"M": {"k": {"N": "-7"}}}}) == 1 + 3 + 1 + 1 + 3


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, SMALL, 1),
        (SMALL, LARGE, 2),  # of the larger
        (LARGE, SMALL, 2),
        (SMALL, None, 1),
        (None, None, 1),  # a condition that fails, or a deletion of nothing, costs the least
        (None, WAITING, 2),  # and one in the index
        (WAITING, SMALL, 2),  # and out of the index
        (WAITING, WAITING, 1),  # nothing changed, so nothing is written to the index
        (WAITING, {**WAITING, "place": {"S": "q"}}, 3),  # out of one place and into the other
    ],
)
def test_a_write_costs_the_larger_item_and_its_index(before: object, after: object, units: int) -> None:
    assert write_units(before, after, INDEX) == units  # type: ignore[arg-type]


def test_an_index_of_some_attributes_costs_only_where_they_change() -> None:
    assert write_units(None, MADE, DAYS) == 2 + 1
    assert write_units(MADE, {**MADE, "note": {"S": "y" * 1500}}, DAYS) == 2
    assert write_units(MADE, {**MADE, "status": {"S": "FAILED"}}, DAYS) == 2 + 1


def test_a_consistent_read_costs_twice_a_stale_one() -> None:
    assert (read_units(5000, consistent=True), read_units(5000, consistent=False), read_units(0, consistent=True)) == (
        2.0,
        1.0,
        1.0,
    )


def test_each_begun_millisecond_and_each_begun_chunk_is_billed() -> None:
    meter = Meter()
    meter.invocation("submit", 0.0101, 512)
    meter.sqs("SendMessage", 64 * 1024 + 1)
    assert meter.units[Unit.GB_SECONDS] == pytest.approx(0.011 * 0.5)
    assert meter.units[Unit.SQS] == 2


def test_deleting_an_object_is_free_and_listing_costs_what_a_put_does() -> None:
    meter = Meter()
    for operation in ("DeleteObject", "ListObjectsV2", "HeadObject"):
        meter.s3(operation)
    assert usd(meter.units) == pytest.approx(0.005 / 1000 + 0.0004 / 1000)
