"""What the errors say, and how they are sorted for the money."""

from __future__ import annotations

import pytest

from dropreel.errors import (
    AnswerLost,
    Declined,
    DropreelError,
    MediaUnavailable,
    Mistake,
    NotSent,
    Refused,
    StatusUnavailable,
)


def test_a_mistake_names_the_field_and_what_is_allowed() -> None:
    mistake = Mistake("duration", "5 is not allowed", "4, 6, 8 seconds")
    assert str(mistake) == "duration: 5 is not allowed; allowed: 4, 6, 8 seconds"
    assert (mistake.field, mistake.problem, mistake.allowed) == ("duration", "5 is not allowed", "4, 6, 8 seconds")


def test_a_mistake_may_leave_open_what_is_allowed() -> None:
    assert str(Mistake("image_url", "is missing")) == "image_url: is missing"


def test_a_refusal_is_a_kind_of_not_sent_and_carries_the_gateways_wish() -> None:
    refusal = Refused(429, "slow down", retry_after=7.0)
    assert isinstance(refusal, NotSent)
    assert (str(refusal), refusal.reason, refusal.status, refusal.retry_after) == ("slow down", "slow down", 429, 7.0)
    assert NotSent("no connection").retry_after is None


@pytest.mark.parametrize("kind", [Declined, AnswerLost, StatusUnavailable, MediaUnavailable, Mistake])
def test_nothing_else_can_be_taken_for_not_sent(kind: type[DropreelError]) -> None:
    # Whoever catches NotSent sends again.
    assert issubclass(kind, DropreelError)
    assert not issubclass(kind, NotSent)


def test_an_output_may_come_back_unless_it_is_said_to_be_final() -> None:
    assert not MediaUnavailable("broke off").final
    assert MediaUnavailable("404", final=True).final
    assert str(MediaUnavailable("404", final=True)) == "404"


def test_a_hosts_name_of_any_length_makes_no_message_that_a_store_refuses() -> None:
    assert str(MediaUnavailable(f"the host {'x' * 450_000} is not known")) == f"the host {'x' * 391}"
