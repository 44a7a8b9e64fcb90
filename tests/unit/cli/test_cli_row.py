"""How a row of films is told."""

from __future__ import annotations

from cli.row import as_json, row
from dropreel.jobs import Job, Status
from tests.unit.stacks import job

CUT = {"model": "pixelcut-background-removal", "input": {}}


def nobody(_: str) -> Job | None:
    return None


def a_row() -> list[Job]:
    """Three films were wished for: one is there, the second is under way."""
    first = job(Status.SUCCEEDED).evolve(then=(CUT, CUT))
    source = {"type": "step", "of": first.job_id, "step": 2}
    second = job(Status.SUBMITTED).evolve(job_id=first.next_id, model=CUT["model"], source=source, then=(CUT,))
    return [first, second]


def test_a_row_is_the_same_from_whichever_of_its_jobs_one_looks() -> None:
    jobs = a_row()
    get = {each.job_id: each for each in jobs}.get
    stories = [as_json(row(each, get)) for each in jobs]
    assert stories[0] == stories[1]
    assert [(step["step"], step["status"]) for step in stories[0]] == [(1, "SUCCEEDED"), (2, "SUBMITTED"), (3, None)]
    assert [step["job_id"] for step in stories[0]] == [jobs[0].job_id, jobs[1].job_id, jobs[1].next_id]


def test_a_job_that_is_alone_has_no_row() -> None:
    assert row(job(Status.SUCCEEDED), nobody) == []


def test_what_is_left_of_a_row_is_told_where_a_record_is_missing() -> None:
    _, second = a_row()
    assert [step.number for step in row(second, nobody)] == [2, 3]
