"""Identity, arrivals and the watch's decisions, as tables."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropreel.jobs import (
    ATTENTION,
    ENDED,
    ENDED_RANK,
    FIRST_LINES,
    LAST_LOOKS,
    LONGEST_HISTORY,
    RANK,
    RETRIABLE,
    SETTLED,
    SUBMIT_WINDOW,
    Arrival,
    Job,
    Look,
    Rhythm,
    Status,
    identity,
    is_request_id,
    iso,
    next_look,
    next_wait,
    on_arrival,
    token_hash,
    watch_is_over,
)

NOW = 1_800_000_000.0
DEADLINE = NOW + 3600
LATE = 7200.0


def a_job(status: Status = Status.SUBMITTED, **changes: object) -> Job:
    job = Job("abcdefghijklmnopqrstuvwxyz", "veo-3-1", "pixazo", status, "veo-3-1/cat", attempt=2)
    return job.evolve(drop="this", submitting_at=NOW, deadline_at=DEADLINE, **changes)


# Identity


@pytest.mark.parametrize(
    ("parts", "job_id"),
    [
        (("message", "veo-3-1", "id", "order-17"), "5pqvscvbkkget3lkz6cbhi4lyv"),
        (("drop", "veo-3-1", "a/", "cat", [["prompt", None, "00", {}]]), "u526m6gfdxcobuapxqfkr4x6un"),
        (("waiting", "veo-3-1", "", "é"), "ktdaboi5u5vm5s3lgeisbtl746"),
    ],
)
def test_an_identity_stays_what_it_was_in_earlier_releases(parts: tuple[object, ...], job_id: str) -> None:
    # Jobs are remembered for ever under these ids: another derivation would pay all of them again.
    assert identity(*parts) == job_id


@given(st.lists(st.text() | st.lists(st.text()) | st.none(), max_size=4))
def test_an_identity_is_26_characters_that_fit_any_key_or_url(parts: list[object]) -> None:
    assert re.fullmatch(r"[a-z2-7]{26}", identity(*parts))


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_identities_are_equal_only_for_equal_facts(one: list[str], other: list[str]) -> None:
    assert (identity(*one) == identity(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a", ""), ("a",)),
        (("1",), (1,)),
        ((None,), ("None",)),
        ((["a", "b"],), ("a", "b")),
        ((["a", "b"],), (["b", "a"],)),
    ],
)
def test_facts_that_look_alike_have_other_identities(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert identity(*one) != identity(*other)


def test_the_order_of_names_in_an_object_does_not_change_an_identity() -> None:
    assert identity({"a": 1, "b": 2}) == identity({"b": 2, "a": 1})


def test_only_the_sha256_of_a_token_is_kept() -> None:
    assert token_hash("a token") == hashlib.sha256(b"a token").hexdigest()


@pytest.mark.parametrize(
    "value", ["a", "x" * 256, "veed_019d-é", "uuid:veed/fabric-1.0", "two words", "?&#%2F", "0190000000000"]
)
def test_any_printable_text_up_to_256_characters_is_a_request_id(value: str) -> None:
    assert is_request_id(value)


@pytest.mark.parametrize("value", ["", " ", "x" * 257, "a\nb", "a\x00", "\ud800", "\u200b", None, 7, ["a"], b"a", True])
def test_anything_else_is_no_request_id(value: object) -> None:
    assert not is_request_id(value)


# The job itself


def test_the_statuses_are_those_of_the_contract() -> None:
    waiting = "WAITING HELD SUBMITTING UNKNOWN SUBMITTED DELIVERING"
    assert {str(status) for status in Status} == set(f"{waiting} SUCCEEDED FAILED REJECTED EXPIRED".split())
    assert set(ENDED) == {Status.SUCCEEDED, Status.FAILED, Status.REJECTED, Status.EXPIRED}
    assert set(SETTLED) == {Status.SUCCEEDED, Status.FAILED, Status.REJECTED}
    assert set(RETRIABLE) == {Status.FAILED, Status.REJECTED, Status.EXPIRED}
    assert set(ATTENTION) == {Status.WAITING, Status.HELD, Status.UNKNOWN}


def test_the_gateways_news_are_ranked_by_how_far_they_are() -> None:
    assert RANK["QUEUED"] < RANK["PROCESSING"] < ENDED_RANK
    assert [status for status, rank in RANK.items() if rank == ENDED_RANK] == ["COMPLETED", "FAILED", "ERROR"]
    assert max(RANK.values()) == ENDED_RANK


@pytest.mark.parametrize("status", Status)
def test_a_job_has_ended_in_the_terminal_statuses_only(status: Status) -> None:
    assert a_job(status).ended == (status in ENDED)


def test_a_line_of_history_is_added_behind_the_others() -> None:
    job = a_job(Status.HELD).noted(NOW, "first").noted(NOW + 1.5, "x" * 501)
    assert job.history == (
        {"at": "2027-01-15T08:00:00.000Z", "status": "HELD", "note": "first"},
        {"at": "2027-01-15T08:00:01.500Z", "status": "HELD", "note": "x" * 500},
    )


def test_of_a_long_history_the_first_and_the_newest_lines_are_kept() -> None:
    job = a_job(Status.HELD)
    for number in range(1, 101):
        job = job.noted(NOW, str(number))
        assert len(job.history) == min(number, LONGEST_HISTORY)
    notes = [int(line["note"]) for line in job.history]
    assert notes == [*range(1, FIRST_LINES + 1), *range(101 - (LONGEST_HISTORY - FIRST_LINES), 101)]


def test_evolving_leaves_the_job_itself_alone() -> None:
    job = a_job()
    assert job.evolve(attempt=3).attempt == 3
    assert job.attempt == 2


def test_each_attempt_has_a_watch_of_its_own_name() -> None:
    job = a_job(token_hash=token_hash("a token"))
    assert job.execution_name == f"abcdefghijklmnopqrstuvwxyz-2-{token_hash('a token')[:12]}"
    assert job.evolve(attempt=3).execution_name != job.execution_name
    assert job.evolve(token_hash=token_hash("another try")).execution_name != job.execution_name
    assert len(job.execution_name) <= 80  # what Step Functions takes


@given(st.integers(0, 4_000_000_000_000))
def test_times_are_iso_8601_utc_with_milliseconds(milliseconds: int) -> None:
    text = iso(milliseconds / 1000)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert abs(datetime.fromisoformat(text).astimezone(UTC).timestamp() - milliseconds / 1000) < 0.002


# Arrivals

SAME_EVENT, ANOTHER_DROP, MESSAGE = "this", "another", ""
ARRIVALS = {
    Status.WAITING: (Arrival.NOTHING, Arrival.NOTE, Arrival.NOTHING),
    Status.HELD: (Arrival.SEND, Arrival.SEND, Arrival.SEND),
    Status.SUBMITTING: (Arrival.NOTHING, Arrival.NOTE, Arrival.NOTHING),
    Status.UNKNOWN: (Arrival.NOTHING, Arrival.NOTE, Arrival.NOTHING),
    Status.SUBMITTED: (Arrival.NOTHING, Arrival.NOTE, Arrival.NOTHING),
    Status.DELIVERING: (Arrival.NOTHING, Arrival.NOTE, Arrival.NOTHING),
    Status.SUCCEEDED: (Arrival.NOTHING, Arrival.NOTHING, Arrival.NOTHING),
    Status.FAILED: (Arrival.NOTHING, Arrival.RETRY, Arrival.NOTHING),
    Status.REJECTED: (Arrival.NOTHING, Arrival.RETRY, Arrival.NOTHING),
    Status.EXPIRED: (Arrival.NOTHING, Arrival.RETRY, Arrival.NOTHING),
}


@pytest.mark.parametrize("drop", [SAME_EVENT, MESSAGE])
def test_a_job_that_nobody_knows_is_sent(drop: str) -> None:
    assert on_arrival(None, drop) is Arrival.SEND


@pytest.mark.parametrize(
    ("status", "drop", "expected"),
    [
        (status, drop, expected)
        for status, row in ARRIVALS.items()
        for drop, expected in zip((SAME_EVENT, ANOTHER_DROP, MESSAGE), row, strict=True)
    ],
)
def test_an_arrival_means_what_the_table_says(status: Status, drop: str, expected: Arrival) -> None:
    assert on_arrival(a_job(status), drop) is expected


def test_the_table_of_arrivals_knows_every_status() -> None:
    assert set(ARRIVALS) == set(Status)


# The looks


#: Looks at an attempt that is not there yet, and at another try of the one that is.
NEXT, RIVAL = "job-3-0123456789ab", "job-2-0123456789ab"


def look(job: Job | None, now: float = NOW, *, watch: str = "", resubmit_unknown: bool = False) -> Look:
    watch = watch or (job.execution_name if job else NEXT)
    return next_look(job, watch, NOW, now, resubmit_unknown=resubmit_unknown)


WATCHES = st.sampled_from(["", NEXT, RIVAL])
ASKED = {"request_id": "r"}
LEASED = {"request_id": "r", "lease_until": NOW + 60}


@pytest.mark.parametrize(
    ("status", "facts", "now", "expected"),
    [
        # Before the deadline.
        (Status.SUBMITTING, {}, NOW, Look.WAIT),
        (Status.SUBMITTING, {}, NOW + SUBMIT_WINDOW - 0.1, Look.WAIT),
        (Status.SUBMITTING, {}, NOW + SUBMIT_WINDOW, Look.LOST),
        (Status.SUBMITTING, ASKED, NOW, Look.ASK),  # a callback was faster than the submitter's own write
        (Status.SUBMITTING, ASKED, NOW + SUBMIT_WINDOW, Look.ASK),
        (Status.SUBMITTED, ASKED, NOW, Look.ASK),
        (Status.SUBMITTED, ASKED, DEADLINE - 0.1, Look.ASK),
        (Status.UNKNOWN, {}, NOW, Look.WAIT),
        (Status.UNKNOWN, {}, DEADLINE - 0.1, Look.WAIT),
        (Status.UNKNOWN, ASKED, NOW, Look.ASK),
        (Status.HELD, {"gate": "pixazo"}, NOW, Look.RESUME),  # perhaps the gate was never closed, and nobody opens it
        (Status.HELD, {"gate": "budget"}, DEADLINE + 1, Look.RESUME),
        (Status.HELD, {}, NOW, Look.RESUME),  # given back after ERROR, and perhaps nobody was told
        # At the deadline the delivery asks a last time.
        (Status.SUBMITTING, {}, DEADLINE, Look.WAKE),
        (Status.SUBMITTED, ASKED, DEADLINE, Look.WAKE),
        (Status.UNKNOWN, {}, DEADLINE, Look.WAKE),
        (Status.UNKNOWN, ASKED, DEADLINE + 1, Look.WAKE),
        # A delivery that lives is left alone, whatever the deadline.
        (Status.DELIVERING, LEASED, NOW + 59.9, Look.WAIT),
        (Status.DELIVERING, LEASED, NOW + 60, Look.WAKE),
        (Status.DELIVERING, {"lease_until": DEADLINE + 60}, DEADLINE + 1, Look.WAIT),
        (Status.DELIVERING, {}, NOW, Look.WAKE),
        # After the end.
        (Status.SUCCEEDED, ASKED, NOW, Look.STOP),
        (Status.FAILED, ASKED, DEADLINE + 1, Look.STOP),
        (Status.REJECTED, {}, NOW, Look.STOP),
        (Status.EXPIRED, ASKED, DEADLINE, Look.ASK),
        (Status.EXPIRED, ASKED, DEADLINE + LATE - 0.1, Look.ASK),
        (Status.EXPIRED, ASKED, DEADLINE + LATE, Look.ASK),  # a last time
        (Status.EXPIRED, {}, DEADLINE, Look.WAIT),  # nothing to ask by yet
    ],
)
def test_a_look_does_what_the_table_says(status: Status, facts: dict[str, object], now: float, expected: Look) -> None:
    assert look(a_job(status, **facts), now) is expected


@pytest.mark.parametrize("job", [None, *map(a_job, Status)])
def test_looks_wait_for_their_intent_as_long_as_its_writer_may_live(job: Job | None) -> None:
    assert look(job, NOW + SUBMIT_WINDOW - 0.1, watch=NEXT) is Look.WAIT
    assert look(job, NOW + SUBMIT_WINDOW, watch=NEXT) is Look.STOP


@pytest.mark.parametrize("status", Status)
def test_looks_of_a_try_that_another_was_faster_than_end_at_once(status: Status) -> None:
    assert look(a_job(status), watch=RIVAL) is Look.STOP


def test_an_unknown_job_is_sent_again_only_where_the_operator_chose_that() -> None:
    assert look(a_job(Status.UNKNOWN), resubmit_unknown=True) is Look.RESUBMIT
    assert look(a_job(Status.UNKNOWN, **ASKED), resubmit_unknown=True) is Look.ASK
    assert look(a_job(Status.UNKNOWN), DEADLINE, resubmit_unknown=True) is Look.WAKE


FACTS = st.fixed_dictionaries(
    {"request_id": st.sampled_from(["", "r"]), "lease_until": st.sampled_from([0.0, NOW + 60, DEADLINE + 60])}
)


@given(st.sampled_from(Status), FACTS, st.floats(NOW, DEADLINE + 2 * LATE), WATCHES, st.booleans())
def test_nothing_that_ended_for_good_or_is_held_is_touched(
    status: Status, facts: dict[str, object], now: float, watch: str, resubmit_unknown: bool
) -> None:
    found = look(a_job(status, **facts), now, watch=watch, resubmit_unknown=resubmit_unknown)
    if status in SETTLED or status is Status.HELD:
        assert found in (Look.STOP, Look.WAIT, Look.RESUME)
    if found is Look.LOST:
        assert status is Status.SUBMITTING


@given(st.sampled_from([Status.UNKNOWN, Status.SUBMITTING, Status.DELIVERING, Status.EXPIRED]), FACTS, st.floats(0, 1))
def test_only_an_unknown_job_without_a_request_id_is_ever_resubmitted(
    status: Status, facts: dict[str, object], share: float
) -> None:
    found = look(a_job(status, **facts), NOW + share * 3600, resubmit_unknown=True)
    if found is Look.RESUBMIT:
        assert status is Status.UNKNOWN
        assert not facts["request_id"]


# When the next look comes


def waits(count: int, *, calls_back: bool, first: float = 180, poll: float = 10) -> list[float]:
    rhythm = Rhythm.of(calls_back=calls_back, first_poll_seconds=first, poll_seconds=poll)
    return [rhythm.wait(looks) for looks in range(count)]


def test_without_callbacks_waits_begin_at_poll_seconds_and_grow_by_half_up_to_a_minute() -> None:
    # Contract, section 6: poll-only, the first round of the wait-loop is poll_seconds.
    assert waits(7, calls_back=False) == [10, 15, 22.5, 33.75, 50.625, 60, 60]


def test_with_callbacks_the_first_wait_is_for_them_and_the_others_grow_to_five_minutes() -> None:
    assert waits(3, calls_back=True) == [180, 10, 15]
    assert waits(12, calls_back=True)[-2:] == [300, 300]


@given(st.integers(1, 120), st.booleans())
def test_waits_from_the_second_on_never_shrink(poll: int, calls_back: bool) -> None:
    found = waits(40, calls_back=calls_back, poll=poll)[1:]
    assert all(one <= other for one, other in pairwise(found))
    assert found[-1] == max(poll, 300 if calls_back else 60)


def a_wait(job: Job | None, now: float, wait: float = 100, watch: str = "") -> float:
    watch = watch or (job.execution_name if job else NEXT)
    return next_wait(job, watch, wait, now, late_seconds=LATE)


def test_there_is_a_look_at_the_deadline() -> None:
    assert a_wait(a_job(Status.SUBMITTED), DEADLINE - 30) == 30


def test_a_delivery_is_looked_after_as_soon_as_its_lease_is_over() -> None:
    assert a_wait(a_job(Status.DELIVERING, lease_until=NOW + 20), NOW) == 21


def test_an_expired_job_is_looked_at_every_five_minutes_and_a_last_time() -> None:
    expired = a_job(Status.EXPIRED)
    assert a_wait(expired, DEADLINE, 60) == min(300, LATE)
    assert a_wait(expired, DEADLINE + LATE - 7, 60) == 7


@pytest.mark.parametrize(("overdue", "wait"), [(0, 60), (400, 100), (3600, 900), (1_000_000, 3600)])
def test_a_job_that_is_overdue_is_looked_at_after_a_quarter_of_that_time(overdue: float, wait: float) -> None:
    assert a_wait(a_job(Status.SUBMITTED), DEADLINE + overdue, 60) == wait


@pytest.mark.parametrize("job", [None, a_job(Status.SUBMITTED)])
def test_a_watch_whose_intent_is_not_there_waits_no_longer_than_its_writer_can_live(job: Job | None) -> None:
    assert a_wait(job, NOW, 400, watch=RIVAL) == SUBMIT_WINDOW


@pytest.mark.parametrize("status", Status)
def test_a_watch_is_over_when_there_is_nothing_to_look_after_or_it_was_the_last_late_look(status: Status) -> None:
    job = a_job(status, **ASKED)
    last = status is Status.EXPIRED
    assert watch_is_over(job, Look.ASK, DEADLINE + LATE, late_seconds=LATE) is last
    assert watch_is_over(job, Look.ASK, DEADLINE + LATE - 1, late_seconds=LATE) is False
    assert {found for found in Look if watch_is_over(job, found, NOW, late_seconds=LATE)} == LAST_LOOKS


def test_history_has_room_for_every_look_that_any_setting_allows() -> None:
    """Step Functions ends an execution whose history has 25,000 events."""
    day, broken = 86_400.0, 14 * 86_400.0
    worst = 0
    for poll in (1, 10, 60, 3600):
        rhythm = Rhythm.of(calls_back=False, first_poll_seconds=1, poll_seconds=poll)
        job = a_job(Status.SUBMITTED).evolve(deadline_at=NOW + day)
        now, looks = NOW + rhythm.first, 1
        while now < NOW + 2 * day + broken:
            now += max(1, next_wait(job, job.execution_name, rhythm.wait(looks), now, late_seconds=day))
            looks += 1
        worst = max(worst, looks)
    # Entered and left: wait, task and choice; scheduled, started and ended: the task's try; begun and ended: all.
    assert worst * (2 + 2 + 3 + 2) + 2 < 25_000
