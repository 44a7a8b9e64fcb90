"""The samples in events/ are what AWS sends."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.integration.samples import EVENTS

QUEUE_SAMPLES = sorted(
    str(path.relative_to(EVENTS)) for path in EVENTS.glob("*/*.json") if "Records" in path.read_text()
)


@pytest.mark.parametrize("path", QUEUE_SAMPLES)
def test_queue_sample_has_the_documented_fields_and_true_hashes(path: str) -> None:
    for record in json.loads((EVENTS / path).read_text())["Records"]:
        assert set(record) == {
            "messageId",
            "receiptHandle",
            "body",
            "attributes",
            "messageAttributes",
            "md5OfBody",
            "eventSource",
            "eventSourceARN",
            "awsRegion",
        }
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()


def test_every_sample_has_its_line_in_the_readme() -> None:
    told = (EVENTS / "README.md").read_text()
    found = [str(path.relative_to(EVENTS)) for path in EVENTS.glob("*/*.json")]
    assert len(found) >= 17
    assert [path for path in found if f"({path})" not in told] == []
