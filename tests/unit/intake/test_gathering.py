"""When a place is quiet: which event of its parts does the job, and which leaves it to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dropreel.aws.queues import ComeAgain
from dropreel.intake import drops
from dropreel.intake.drops import Name, Place
from dropreel.intake.envelopes import Drop
from dropreel.intake.gathering import Gatherer

SOUND, PICTURE = "veed-fabric/cat.mp3", "veed-fabric/cat.png"


class Listing:
    """An inbox whose parts were written at these whole seconds, as S3 tells them; reading is as far as a test goes."""

    bucket = "inbox"

    def __init__(self, written: Mapping[str, float]) -> None:
        self.written = written
        self.read_keys: list[str] = []

    def newest(self, place: Place) -> tuple[list[str], Mapping[str, float]]:
        return list(self.written), self.written

    def read(self, key: str, name: Name) -> None:
        self.read_keys.append(key)


def gathered(
    key: str, written: Mapping[str, float], now: float, quiet: float = 5, *, at: float = 0.0
) -> tuple[bool, list[float]]:
    """Whether the event of a key goes on to read the parts at this moment, and after how long it comes again."""
    inbox = Listing(written)
    anything: Any = None
    parts: Any = inbox
    gatherer = Gatherer(store=anything, inbox=parts, quiet_seconds=quiet, clock=lambda: now)
    try:
        assert gatherer.gather(Drop("inbox", key, at), drops.parse(key)) is None
    except ComeAgain as early:
        return bool(inbox.read_keys), [early.seconds]
    return bool(inbox.read_keys), []


def test_a_part_that_is_alone_goes_on_when_its_own_event_comes() -> None:
    assert gathered(PICTURE, {PICTURE: 100.0}, 105.2) == (True, [])


def test_of_two_parts_of_one_second_either_may_be_nearly_a_second_younger() -> None:
    both = {SOUND: 100.0, PICTURE: 100.0}
    for key in both:
        assert gathered(key, both, 105.9)[0] is False
        assert gathered(key, both, 106.1)[0] is True


def test_of_two_parts_of_one_second_only_one_comes_again() -> None:
    both = {SOUND: 100.0, PICTURE: 100.0}
    assert gathered(SOUND, both, 105.2)[1] == []
    (delay,) = gathered(PICTURE, both, 105.2)[1]
    assert 105.2 + delay >= 106


def test_an_earlier_part_leaves_the_job_to_the_last_one() -> None:
    assert gathered(SOUND, {SOUND: 100.0, PICTURE: 103.0}, 105.1) == (False, [])


def test_the_event_of_a_file_that_is_gone_comes_again_for_the_parts_that_relied_on_it() -> None:
    started, delays = gathered(PICTURE, {SOUND: 100.0}, 105.5)
    assert (started, len(delays)) == (False, 1)


@pytest.mark.parametrize("now", [100.0, 100.9])
def test_without_a_quiet_time_nothing_waits(now: float) -> None:
    assert gathered(SOUND, {SOUND: 100.0, PICTURE: 100.0}, now, quiet=0) == (True, [])


def test_an_upload_in_parts_counts_from_its_end_which_only_its_own_event_tells() -> None:
    both = {SOUND: 100.0, PICTURE: 190.0}
    started, (delay,) = gathered(SOUND, both, 203.0, at=200.4)
    assert not started
    assert 203.0 + delay >= 205.4
    assert gathered(SOUND, both, 205.5, at=200.4) == (True, [])


def test_an_event_of_the_same_second_is_told_by_the_listing() -> None:
    both = {SOUND: 100.0, PICTURE: 100.0}
    assert gathered(SOUND, both, 105.2, at=100.9) == gathered(SOUND, both, 105.2)
