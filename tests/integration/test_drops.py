"""The drop convention: whose word counts, what waits, what is refused."""

from __future__ import annotations

import json
from unicodedata import normalize

import pytest
from botocore.exceptions import ClientError

from dropreel.aws.clients import client
from dropreel.aws.jobs_table import JobsTable
from dropreel.delivery.ending import Ending
from dropreel.jobs import Job, Status
from local.gateways.samples import sample_picture, sample_sound
from tests.integration.world import INBOX, OUTBOX, World

PNG = b"\x89PNG\r\n\x1a\n"


def body(world: World) -> dict[str, object]:
    (post,) = world.gateways.posts
    assert isinstance(post.body, dict)
    return post.body


def test_strength_is_settings_then_prompt_then_metadata_then_nearest_defaults(world: World) -> None:
    world.drop(
        "veo-3-1-fast/_defaults.json", '{"seed": 1, "duration": 4, "aspect_ratio": "9:16", "negative_prompt": "d"}'
    )
    world.drop("veo-3-1-fast/a/_defaults.json", '{"duration": "6s", "negative_prompt": "near"}')
    world.drop("veo-3-1-fast/a/b/cat.png", PNG, prompt="from metadata", **{"negative-prompt": "m"}, seed="2")
    world.drop("veo-3-1-fast/a/b/cat.txt", "from the prompt file\n")
    world.drop("veo-3-1-fast/a/b/cat.json", '{"seed": 3}')
    world.take()
    sent = body(world)
    assert sent.pop("image")
    assert sent == {
        "prompt": "from the prompt file",
        "seed": 3,
        "negative_prompt": "m",
        "duration": 6,
        "aspect_ratio": "9:16",
    }


@pytest.mark.parametrize("stem", ["my cat", "a&b", "1+1", "été à la mer", "猫", "v1.2-final", "100%", "a=b#c"])
def test_names_of_every_kind_reach_the_outbox_as_they_are(world: World, stem: str) -> None:
    world.drop(f"veed-fabric/dir é/{stem}.png", sample_picture())
    world.drop(f"veed-fabric/dir é/{stem}.wav", sample_sound())
    world.settle_down(world.finished)
    job = world.job()
    assert set(world.outbox()) == {
        f"veed-fabric-1-0-api-130/dir é/{stem}-{job.job_id}.{extension}" for extension in ("mp4", "json")
    }


def test_metadata_in_rfc_2047_is_decoded(world: World) -> None:
    world.drop("veo-3-1-fast/cat.png", PNG, prompt="=?UTF-8?B?w6l0w6k=?=")
    world.take()
    assert body(world)["prompt"] == "été"


def test_numbered_images_keep_their_order_with_the_plain_one_first(world: World) -> None:
    for name in ("hero.3.png", "hero.png", "hero.2.PNG"):
        world.drop(f"veo-3-1-fast-reference/{name}", PNG)
    world.drop("veo-3-1-fast-reference/hero.txt", "a hero")
    world.take()
    urls = body(world)["image_urls"]
    assert isinstance(urls, list)
    assert [url.partition("?")[0].rpartition("/")[2] for url in urls] == ["hero.png", "hero.2.PNG", "hero.3.png"]


def test_last_frame_and_references_find_their_fields(world: World) -> None:
    for name in ("tree.png", "tree.last.png", "tree.1.webp"):
        world.drop(f"veo-3-1/{name}", PNG)
    world.drop("veo-3-1/tree.txt", "a tree")
    world.take()
    assert set(body(world)) == {"prompt", "image", "last_frame", "reference_images"}


def test_parts_under_alias_and_id_are_one_job(world: World) -> None:
    world.drop("veed-fabric/cat.png", sample_picture())
    world.drop("veed-fabric-1-0-api-130/cat.wav", sample_sound())
    world.take()
    assert world.post_count() == len(world.jobs()) == 1


def test_defaults_that_arrive_later_complete_a_waiting_job(world: World) -> None:
    world.drop("pixverse/a/cat.txt", "a cat")
    world.take()
    assert world.job().missing == ("aspect_ratio", "resolution", "duration")
    world.drop("pixverse/_defaults.json", '{"aspect_ratio": "1:1", "resolution": "720p", "duration": 5}')
    world.take()
    assert world.job().status == "SUBMITTED"
    assert body(world)["duration"] == 5


@pytest.mark.parametrize("content", ["{", '{"promt": "x"}'])
def test_bad_folder_defaults_are_answered_at_once(world: World, content: str) -> None:
    world.drop("veo-3-1-fast/campaign/_defaults.json", content)
    world.take()
    (key,) = world.outbox()
    assert key.startswith("veo-3-1-fast/campaign/_defaults-")
    assert world.manifest()["status"] == "REJECTED"
    assert world.post_count() == 0


def test_part_that_comes_within_the_quiet_time_still_counts(world: World) -> None:
    world.setting(quiet_seconds=2)
    world.drop("veo-3-1-fast/cat.txt", "a cat")
    world.take()
    assert world.jobs() == []
    world.drop("veo-3-1-fast/cat.json", '{"duration": 4}')
    world.settle_down(world.finished)
    assert body(world)["duration"] == 4
    assert len(world.jobs()) == 1


@pytest.mark.parametrize(
    ("key", "content", "manifest", "named", "allowed"),
    [
        ("no-such-model/cat.png", PNG, "rejected/no-such-model/cat", "model", "veo-3-1-fast"),
        ("loose.png", PNG, "rejected/loose", "model", "veo-3-1-fast"),
        ("veo-3-1-fast/cat.bmp", b"x", "veo-3-1-fast/cat", "file", "png"),
        ("veo-3-1-fast/cat", b"x", "veo-3-1-fast/cat", "file", "png"),
        ("veo-3-1-fast/cat.mp3", b"x", "veo-3-1-fast/cat", "file", "image"),
        ("veed-fabric/cat.txt", b"x", "veed-fabric-1-0-api-130/cat", "prompt", "resolution"),
        ("veed-fabric/cat.gif", b"x", "veed-fabric-1-0-api-130/cat", "image_url", "png"),
        ("veo-3-1-fast/cat.json", b"{", "veo-3-1-fast/cat", "settings", "JSON object"),
        ("veo-3-1-fast/cat.json", b'{"promt": "x"}', "veo-3-1-fast/cat", "promt", "prompt"),
        ("veo-3-1-fast/cat.json", b'{"prompt": "x", "duration": 5}', "veo-3-1-fast/cat", "duration", "4"),
        ("veo-3-1-fast/a.json", b'{"prompt":"x","resolution":"1080p","duration":4}', "veo-3-1-fast/a", "1080p", "8"),
        ("veo-3-1/cat.json", b'{"prompt": "x", "webhook": "https://a.b"}', "veo-3-1/cat", "webhook", "pipeline"),
        ("veo-3-1-fast/cat.txt", b"\xff\xfe", "veo-3-1-fast/cat", "prompt", "UTF-8"),
        ("veo-3-1-fast/_cat.txt/x.TXT", b"  ", "veo-3-1-fast/_cat.txt/x", "prompt", ""),
    ],
)  # fmt: skip
def test_mistake_is_rejected_by_name_and_nothing_is_sent(
    world: World, key: str, content: bytes, manifest: str, named: str, allowed: str
) -> None:
    world.drop(key, content)
    world.take()
    found = world.manifest()
    assert found["status"] == "REJECTED"
    assert named in found["error"]["message"]
    assert allowed in found["error"]["message"]
    assert list(world.outbox()) == [f"{manifest}-{found['job_id']}.json"]
    assert world.gateways.posts == ()
    assert world.events()[0]["detail-type"] == "Job Failed"


def test_everything_that_is_wrong_with_a_drop_is_in_its_manifest_and_it_does_not_wait(world: World) -> None:
    world.drop("veo-3-1-fast/_defaults.json", '{"aspect_ratio": "1:1"}')
    world.take()
    world.drop("veo-3-1-fast/cat.png", b"%PDF-1.7", duration="5")
    world.drop("veo-3-1-fast/cat.json", '{"promt": "a cat", "generate_audio": "yes"}')
    world.take()
    (manifest,) = [each for each in world.manifests() if len(each["source"]["keys"]) == 2]
    lines = manifest["error"]["message"].splitlines()
    assert (manifest["status"], manifest["input"], manifest["price_usd"]) == ("REJECTED", {}, None)
    assert sorted(line.partition(":")[0] for line in lines) == [
        "aspect_ratio", "duration", "generate_audio", "image", "promt"
    ]  # fmt: skip
    assert "duration: '5' is not allowed (in the metadata of veo-3-1-fast/cat.png); allowed: 4, 6, 8 seconds" in lines
    assert "generate_audio: 'yes' is not allowed (in veo-3-1-fast/cat.json); allowed: true or false" in lines
    assert world.gateways.posts == ()


def test_mended_mistake_is_sent_and_repeated_event_of_it_is_not_rejected_twice(world: World) -> None:
    world.drop("veo-3-1-fast/cat.json", '{"prompt": "x", "duration": 5}')
    world.take()
    world.send({"Records": [{"s3": {"bucket": {"name": "the-inbox"}, "object": {"key": "veo-3-1-fast/cat.json"}}}]})
    world.take()
    assert len(world.s3.list_object_versions(Bucket=OUTBOX)["Versions"]) == 1
    world.drop("veo-3-1-fast/cat.json", '{"prompt": "x", "duration": 4}')
    world.take()
    assert sorted(str(job.status) for job in world.jobs()) == ["REJECTED", "SUBMITTED"]


@pytest.mark.parametrize("key", ["veo-3-1-fast/", "veo-3-1-fast/.DS_Store", "veo-3-1-fast/_notes.txt", "_x", ".x"])
def test_ignored_names_leave_no_trace(world: World, key: str) -> None:
    world.drop(key)
    world.take()
    assert world.jobs() == []
    assert world.outbox() == {}


def test_large_multipart_upload_is_the_same_content_as_a_plain_one(world: World) -> None:
    data = b"\x89PNG\r\n\x1a\n" + bytes(6 * 1024 * 1024)
    world.drop("veo-3-1-fast/big.png", data, prompt="a cat")
    world.take()
    upload = world.s3.create_multipart_upload(
        Bucket="the-inbox", Key="veo-3-1-fast/big.png", Metadata={"prompt": "a cat"}
    )
    target = {"Bucket": "the-inbox", "Key": "veo-3-1-fast/big.png", "UploadId": upload["UploadId"]}
    parts = []
    for number, part in enumerate((data[: 5 * 1024 * 1024], data[5 * 1024 * 1024 :]), start=1):
        etag = world.s3.upload_part(Body=part, PartNumber=number, **target)["ETag"]
        parts.append({"ETag": etag, "PartNumber": number})
    world.s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **target)
    world.take()
    assert world.post_count() == len(world.jobs()) == 1


def test_dropping_again_after_failure_tries_again_and_ends_with_one_manifest(world: World) -> None:
    world.drop("veo-3-1-fast/cat.txt", "[sim:400=1] a cat")
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "FAILED"
    world.drop("veo-3-1-fast/cat.txt", "[sim:400=1] a cat")
    world.settle_down(lambda: world.manifest()["status"] == "SUCCEEDED")
    assert world.post_count() == 2


def test_same_drop_while_under_way_is_not_tried_again_when_it_fails(world: World) -> None:
    world.drop("veo-3-1-fast/cat.txt", "[sim:failed][sim:seconds=0.6] a cat")
    world.take()
    world.drop("veo-3-1-fast/cat.txt", "[sim:failed][sim:seconds=0.6] a cat")
    world.take()
    world.settle_down(world.finished)
    world.send({"Records": [{"s3": {"bucket": {"name": "the-inbox"}, "object": {"key": "veo-3-1-fast/cat.txt"}}}]})
    world.take()
    assert world.post_count() == 1


def test_job_record_says_where_it_came_from(world: World) -> None:
    world.drop("veo-3-1-fast/cat.txt", "a cat")
    world.settle_down(world.finished)
    manifest = world.manifest()
    assert manifest["source"] == {"type": "drop", "bucket": "the-inbox", "keys": ["veo-3-1-fast/cat.txt"]}
    assert json.dumps(manifest["input"]) == '{"prompt": "a cat"}'
    assert manifest["price_usd"] == 1.2


def test_drop_upon_a_manifest_whose_record_is_not_written_yet_is_tried_again(world: World) -> None:
    world.drop("veo-3-1-fast/cat.txt", "[sim:400=1] a cat")
    world.take()
    job = world.job()
    failed = job.evolve(status=Status.FAILED, error={"code": "declined", "message": "no"}, claims=1)
    nowhere = JobsTable(world.dynamodb, "no-such-table", world.clock)
    with pytest.raises(ClientError):
        Ending(nowhere, world.s3, OUTBOX, client("events"), "bus").end(failed, job)
    assert world.manifest()["status"] == "FAILED"
    assert world.job().status == "DELIVERING"
    world.drop("veo-3-1-fast/cat.txt", "[sim:400=1] a cat")
    world.take()
    waiting = world.sqs.get_queue_attributes(QueueUrl=world.intake_url, AttributeNames=["All"])["Attributes"]
    assert int(waiting["ApproximateNumberOfMessagesNotVisible"]) == 1, "its event comes again"
    world.deliver()
    assert world.job().status == "FAILED"
    world.send({"dropreel": {"bucket": INBOX, "key": "veo-3-1-fast/cat.txt"}})
    world.settle_down(lambda: world.job().status == "SUCCEEDED")


def test_drop_while_its_job_is_being_delivered_is_not_tried_again(world: World) -> None:
    world.drop("veo-3-1-fast/cat.txt", "[sim:400=1] a cat")
    world.take()
    assert world.job().status == "DELIVERING"
    world.drop("veo-3-1-fast/cat.txt", "[sim:400=1] a cat")
    world.take()
    world.deliver()
    assert world.job().status == "FAILED"
    world.send({"dropreel": {"bucket": INBOX, "key": "veo-3-1-fast/cat.txt"}})
    world.take()
    assert world.post_count() == 1


def test_drop_whose_note_comes_too_late_is_decided_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.drop("veo-3-1-fast/cat.txt", "[sim:400=1] a cat")
    world.take()
    note = JobsTable.note_drop

    def ends_meanwhile(self: JobsTable, job: Job, drop: str) -> bool:
        world.deliver()
        return note(self, job, drop)

    monkeypatch.setattr(JobsTable, "note_drop", ends_meanwhile)
    world.drop("veo-3-1-fast/cat.txt", "[sim:400=1] a cat")
    world.take()
    assert world.post_count() == 2, "it came upon the end, and is a try of its own"
    world.settle_down(world.finished)
    world.send({"dropreel": {"bucket": INBOX, "key": "veo-3-1-fast/cat.txt"}})
    world.take()
    assert world.post_count() == 2


def test_media_are_lent_for_an_hour_however_long_a_job_may_take(world: World) -> None:
    """A URL ends with the session of the role that signed it, whatever it promises."""
    world.setting(deadline_seconds=36_000)
    world.drop("veo-3-1-fast/cat.png", PNG, prompt="a cat")
    world.take()
    assert "X-Amz-Expires=3600&" in str(body(world)["image"])


@pytest.mark.parametrize("root", ["veed-fabric-1-0-api-130", "veed-fabric"])
@pytest.mark.parametrize("letter", ["a", "é", "e\u0301", "\u0344", "\U0001d160", "😀"])
def test_the_longest_keys_that_s3_takes_wait_and_are_held_like_any_other(world: World, root: str, letter: str) -> None:
    """DynamoDB takes 1,024 bytes for the sort key of an index, and some texts are three times as long in NFC."""
    room = 1024 - len(f"{root}//.png".encode())
    stem = letter * (room // 2 // len(letter.encode()))
    folder = letter * ((room - len(stem.encode())) // len(letter.encode()))
    key = f"{root}/{folder}/{stem}"
    key += "x" * (1024 - len(f"{key}.png".encode()))
    world.gateways.refuse(402)
    world.drop(f"{key}.png", sample_picture())
    world.take()
    assert world.job().status is Status.WAITING
    world.drop(f"{key}.wav", sample_sound())
    world.take()
    held = world.job()
    assert held.status is Status.HELD
    assert held.place == normalize("NFC", held.place)
    assert len(held.place.encode()) <= 960
    world.gateways.refuse(None)
    world.ahead = 301
    world.settle_down(world.finished)
    assert world.job().status is Status.SUCCEEDED
