"""`dropreel backfill` copies what S3 does not copy by one request, as it was."""

from __future__ import annotations

import pytest

from cli import backfill
from cli.survey import Origin
from tests.unit.stacks import a_stack

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [10, 6 * MIB])
def test_a_copy_has_the_bytes_the_metadata_and_the_type(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "MOST_AT_ONCE", 5 * MIB)
    monkeypatch.setattr(backfill, "COPIED_PART", 5 * MIB)
    with a_stack() as there:
        for bucket in ("inbox", "archive"):
            there.s3.create_bucket(Bucket=bucket)
        body = bytes(range(256)) * (size // 256 + 1)
        about = {"ContentType": "video/mp4", "Metadata": {"prompt": "a cat"}}
        there.s3.put_object(Bucket="archive", Key="a b.mp4", Body=body, **about)
        asked: list[str] = []
        there.s3.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
        backfill._copy(there, Origin(bucket="archive", prefix="", root="veo-3-1/"), "a b.mp4", len(body))
        assert ("UploadPartCopy" in asked) is (size > 5 * MIB)
        found = there.s3.get_object(Bucket="inbox", Key="veo-3-1/a b.mp4")
        assert (found["ContentType"], found["Metadata"]) == ("video/mp4", {"prompt": "a cat"})
        assert found["Body"].read() == body


def test_no_larger_object_is_copied_by_one_request_than_s3_takes() -> None:
    assert backfill.MOST_AT_ONCE <= 5 * 1024**3
    assert backfill.COPIED_PART <= 5 * 1024**3
