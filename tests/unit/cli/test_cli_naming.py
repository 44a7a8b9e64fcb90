"""A job is named by its id, by the beginning of that, or by its place, wherever a verb wants one."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from cli.exits import INVALID, Trouble
from cli.naming import job_id
from cli.stack import Stack
from dropreel.aws.items import to_item
from dropreel.jobs import Job, Status
from tests.unit.stacks import a_stack, forget_jobs, job

PLACE = "veed-fabric-1-0-api-130/monday/cat"


@pytest.fixture(scope="module")
def there() -> Iterator[Stack]:
    with a_stack(created_at=time.time() - 1000) as stack:
        yield stack


@pytest.fixture(autouse=True)
def nothing_left(there: Stack) -> Iterator[None]:
    yield
    forget_jobs(there)


def made(there: Stack, name: str, place: str = PLACE, ago: float = 60, **more: Any) -> Job:
    one = job(more.pop("status", Status.SUCCEEDED), created_at=time.time() - ago, **more)
    one = one.evolve(job_id=name.ljust(26, "x"), place=place)
    there.dynamodb.put_item(TableName="jobs", Item=to_item(one))
    return one


def test_a_whole_id_is_taken_without_asking(there: Stack) -> None:
    assert job_id(there, "A" * 26) == "a" * 26


def test_the_beginning_of_an_id_is_enough(there: Stack) -> None:
    one = made(there, "abcdef2")
    made(there, "abcdeg2")
    assert job_id(there, "ABCDEF") == one.job_id


def test_a_beginning_of_several_names_them(there: Stack) -> None:
    for name in "234567":
        made(there, f"abcdef{name}", status=Status.HELD, place=f"veo-3-1/{name}")
    with pytest.raises(Trouble) as refused:
        job_id(there, "abcdef")
    assert refused.value.status == INVALID
    assert str(refused.value).startswith("6 ids begin with abcdef: abcdef")
    assert "(HELD, veo-3-1/" in str(refused.value)
    assert str(refused.value).endswith("; and 1 more")


def test_a_job_that_is_held_for_a_year_is_found_by_its_beginning(there: Stack) -> None:
    held = made(there, "abcdef2", ago=366 * 86_400, status=Status.HELD)
    assert job_id(there, "abcdef") == held.job_id


def test_a_beginning_of_none_is_told(there: Stack) -> None:
    with pytest.raises(Trouble, match="no id of a job in Dropreel-local begins with abcdef"):
        job_id(there, "abcdef")


@pytest.mark.parametrize(
    "said",
    [
        PLACE,
        "veed-fabric/monday/cat",
        "veed-fabric/monday/cat.png",
        "veed-fabric-1-0-api-130/monday/cat.WAV",
        "veed-fabric/monday/cat.txt",
        "s3://inbox/veed-fabric/monday/cat.json",
        f"s3://outbox/{PLACE}",
    ],
)
def test_a_place_means_its_newest_job(there: Stack, said: str) -> None:
    made(there, "older2", ago=90)
    newest = made(there, "newest2", ago=60)
    made(there, "other2", place=f"{PLACE}s", ago=30)
    assert job_id(there, said) == newest.job_id


def test_a_file_of_the_outbox_names_its_own_job(there: Stack) -> None:
    older = made(there, "older2", ago=90)
    made(there, "newest2", ago=60)
    for end in (".mp4", "-2.mp4", ".json"):
        assert job_id(there, f"s3://outbox/{PLACE}-{older.job_id}{end}") == older.job_id


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("veo-3-1/tree", "veo-3-1/tree.last.png"),
        ("veo-3-1/v1.2-final", "veo-3-1/v1.2-final"),
        ("veo-3-1/v1.2-final", "veo-3-1/v1.2-final.png"),
        ("veo-3-1/été", unicodedata.normalize("NFD", "veo-3-1/été.png")),
        ("rejected/no-such-model/cat", "no-such-model/cat.png"),
        ("rejected/no-such-model/cat", "rejected/no-such-model/cat"),
        ("rejected/loose", "s3://inbox/loose.png"),
        ("a-model-of-old/cat", "a-model-of-old/cat"),
        ("veo-3-1-fast/campaign/7/order-17", "veo-3-1-fast/campaign/7/order-17"),
    ],
)
def test_a_place_is_said_as_people_see_it(there: Stack, place: str, said: str) -> None:
    one = made(there, "found2", place=place)
    assert job_id(there, said) == one.job_id


def test_a_place_without_a_job_and_a_bucket_of_others_are_told(there: Stack) -> None:
    with pytest.raises(Trouble, match="there is no job at veo-3-1/nobody in Dropreel-local"):
        job_id(there, "veo-3-1/nobody.png")
    with pytest.raises(Trouble, match="in no bucket of Dropreel-local, which are inbox and outbox"):
        job_id(there, "s3://elsewhere/veo-3-1/cat.png")
