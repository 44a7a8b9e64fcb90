"""`dropreel redrive`, `backfill` and `drop s3://…`: what concerns many messages or files at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.exits import INVALID
from dropreel.jobs import identity
from local.gateways import SimulatedGateways
from tests.e2e.harness import Stack
from tests.e2e.tiny import eventually
from tests.e2e.verbs import dead_letters, dropreel, one, posts, until

pytestmark = pytest.mark.long


def test_a_dead_letter_goes_back_as_the_message_that_it_was(
    laptop: Stack, gateways: SimulatedGateways, name: str
) -> None:
    sqs, dead = laptop.client("sqs"), dead_letters(laptop)
    body = json.dumps({"model": "veo-3-1-fast", "input": {"prompt": name, "duration": 4}})
    message_id = sqs.send_message(QueueUrl=dead, MessageBody=body)["MessageId"]
    told = dropreel(laptop, "redrive", "--dry-run").stdout
    assert "request for veo-3-1-fast" in told
    assert "up to 0.60 USD" in told
    letters = one(dropreel(laptop, "redrive", "--dry-run", "--json"))["letters"]
    assert letters == {"intake": ["request for veo-3-1-fast"], "deliver": []}
    assert "up to 0.60 USD" in dropreel(laptop, "redrive", status=INVALID).stderr
    assert posts(gateways, name) == []
    assert one(dropreel(laptop, "redrive", "--yes", "--json"))["moved"]["intake"] == 1
    until(laptop, identity("message", "itself", message_id), "SUCCEEDED")
    # The same letter, as it would lie there after a crash between its sending and its deletion.
    laptop.send(json.dumps({"Type": "Notification", "MessageId": message_id, "Message": body}))
    assert one(dropreel(laptop, "redrive", "--yes", "--json"))["moved"] == {"intake": 0, "deliver": 0}
    assert len(posts(gateways, name)) == 1


def test_a_backfill_says_its_price_and_goes_on_where_it_stopped(
    laptop: Stack, gateways: SimulatedGateways, picture: Path, name: str
) -> None:
    s3 = laptop.client("s3")
    s3.create_bucket(Bucket=name)
    for number in range(5):
        s3.put_object(Bucket=name, Key=f"old/{number}.txt", Body=f"{name} {number}")
        s3.put_object(Bucket=name, Key=f"old/{number}.json", Body='{"duration": 4}')
    s3.put_object(Bucket=name, Key="old/half.png", Body=picture.read_bytes())
    s3.put_object(Bucket=name, Key="old/wrong.json", Body='{"prompt": "x", "duration": 5}')
    words = ("backfill", f"s3://{name}/old/", "--model", "veo-3-1-fast", "--folder", name)
    planned = dropreel(laptop, *words, "--dry-run").stdout
    assert "5 jobs, copied into the inbox: 3.00 USD" in planned
    assert "1 passed over: parts are missing" in planned
    assert "1 passed over: it would be REJECTED" in planned
    dropreel(laptop, *words, status=INVALID)
    assert posts(gateways, name) == []
    first = one(dropreel(laptop, *words, "--limit", "2", "--json"))
    assert (first["sent"], first["more"]) == (2, True)
    assert eventually(lambda: len(posts(gateways, name)) == 2, 30)
    rest = one(dropreel(laptop, *words, "--json"))
    assert (rest["known"], rest["sent"]) == (2, 3)
    assert eventually(lambda: len(posts(gateways, name)) == 5, 30)
    assert one(dropreel(laptop, *words, "--json"))["sent"] == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("s3://no-such-bucket-anywhere/",), "there is no bucket no-such-bucket-anywhere"),
        (("s3://a/",), "is no place in S3: say s3://BUCKET/PREFIX"),
        (("s3://UPPER_case/",), "is no place in S3"),
        (("archive/2025",), "is no place in S3"),
        (("s3://archive/2025/", "--folder", "old"), "--folder: goes with --model"),
    ],
)
def test_a_place_that_can_not_be_filled_in_from_is_named(laptop: Stack, words: tuple[str, ...], problem: str) -> None:
    said = dropreel(laptop, "backfill", *words, status=INVALID).stderr
    assert problem in said
    assert len(said.splitlines()) == 1


def test_objects_of_the_inbox_are_taken_where_they_lie(laptop: Stack, gateways: SimulatedGateways, name: str) -> None:
    s3, inbox = laptop.client("s3"), laptop.addresses["inbox_bucket"]
    configuration = s3.get_bucket_notification_configuration(Bucket=inbox)
    configuration.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=inbox, NotificationConfiguration={})
    try:
        laptop.drop(f"veo-3-1-fast/{name}.json", {"prompt": name, "duration": 4})
    finally:
        s3.put_bucket_notification_configuration(Bucket=inbox, NotificationConfiguration=configuration)
    told = dropreel(laptop, "backfill", f"s3://{inbox}/veo-3-1-fast/{name}").stdout
    assert "1 job, taken where they lie: 0.60 USD" in told
    assert laptop.manifest(f"veo-3-1-fast/{name}")["status"] == "SUCCEEDED"
    assert len(posts(gateways, name)) == 1
