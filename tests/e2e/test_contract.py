"""The public contract through `dropreel up`, with nothing but S3, SQS and HTTP clients."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from local.gateways import SimulatedGateways
from local.gateways.samples import sample_clip, sample_picture, sample_sound
from tests.e2e.harness import Stack
from tests.e2e.tiny import eventually

#: A smallest input of every model; PICTURE, SOUND and CLIP stand for objects in S3.
MODELS: Mapping[str, Mapping[str, Any]] = {
    "veed-fabric-1-0-api-130": {"image_url": "PICTURE", "audio_url": "SOUND"},
    "veed-video-background-remover-541": {"video_url": "CLIP"},
    "veo-3-1-fast": {"prompt": "a cat", "duration": "4s"},
    "veo-3-1-fast-reference-to-video": {"prompt": "a cat", "image_urls": ["PICTURE", "PICTURE"], "duration": 4},
    "veo-3-1": {"prompt": "a cat", "image": "PICTURE", "last_frame": "PICTURE", "duration": 4},
    "pixelcut-video-background-removal": {"video_url": "CLIP", "background": "green"},
    "pixverse-v6-text-to-video": {"prompt": "a cat", "duration": 1},
    "pixverse-v6-image-to-video": {"prompt": "a cat", "image_url": "PICTURE", "duration": 1},
    "pixverse-c1-text-to-video": {"prompt": "a cat", "duration": 1},
    "pixverse-c1-image-to-video": {"prompt": "a cat", "image_url": "PICTURE", "duration": 1},
    "pixverse": {"prompt": "a cat", "aspect_ratio": "1:1", "resolution": "720p", "duration": 3},
    "pixverse-i2v": {"prompt": "a cat", "image_url": "PICTURE", "resolution": "720p", "duration": "5"},
    "aimlapi-veed-fabric-1-0": {"image_url": "PICTURE", "audio_url": "SOUND", "resolution": "480p"},
}


def posts(gateways: SimulatedGateways, needle: str) -> list[Any]:
    """The POSTs that speak of something."""
    return [post for post in gateways.posts if needle in json.dumps(post.body)]


def delivered(stack: Stack, gateways: SimulatedGateways, prefix: str) -> dict[str, Any]:
    """The one manifest under a prefix, which has succeeded, its output byte for byte what the gateway served."""
    manifest = stack.manifest(prefix)
    assert manifest["status"] == "SUCCEEDED", manifest["error"]
    assert len(stack.manifests(prefix)) == 1
    found = [hashlib.sha256(stack.output(output["key"])["Body"]).hexdigest() for output in manifest["outputs"]]
    assert found == [output["sha256"] for output in manifest["outputs"]] != []
    assert found == gateways.media_sha256(manifest["request_id"])
    assert [post.request_id for post in gateways.posts].count(manifest["request_id"]) == 1
    return manifest


@pytest.fixture
def folder() -> str:
    """A folder that no other test uses."""
    return uuid.uuid4().hex[:8]


@pytest.fixture(scope="module")
def media(laptop: Stack) -> Mapping[str, str]:
    laptop.client("s3").create_bucket(Bucket="elsewhere")
    samples = {"PICTURE": ("a cat.png", sample_picture()), "SOUND": ("a+b.wav", sample_sound())}
    uris = {}
    for name, (key, body) in {**samples, "CLIP": ("é&.mp4", sample_clip())}.items():
        laptop.client("s3").put_object(Bucket="elsewhere", Key=key, Body=body)
        uris[name] = f"s3://elsewhere/{key}"
    return uris


@pytest.fixture(scope="module")
def ordered(laptop: Stack, media: Mapping[str, str]) -> None:
    """A message for every model, all at once."""

    def filled(value: Any) -> Any:
        return [filled(item) for item in value] if isinstance(value, list) else media.get(str(value), value)

    for model, smallest in MODELS.items():
        values = {name: filled(value) for name, value in smallest.items()}
        laptop.send({"model": model, "input": values, "id": "order-17", "output": "campaign/7"})


@pytest.mark.usefixtures("ordered")
@pytest.mark.parametrize("model", MODELS)
def test_message_for_every_model_becomes_a_video(laptop: Stack, gateways: SimulatedGateways, model: str) -> None:
    manifest = delivered(laptop, gateways, f"{model}/campaign/7/order-17-")
    output = laptop.output(manifest["outputs"][0]["key"])
    assert output["ContentType"] == manifest["outputs"][0]["content_type"]
    assert output["ContentType"].startswith("video/")
    assert output["Metadata"] == {
        "dropreel-job": manifest["job_id"],
        "dropreel-model": model,
        "dropreel-request": manifest["request_id"],
    }
    assert "X-Amz" not in json.dumps(manifest)


@pytest.mark.parametrize("order", [("png", "wav"), ("wav", "png")])
def test_picture_and_sound_in_either_order_become_one_film(
    laptop: Stack, gateways: SimulatedGateways, folder: str, order: tuple[str, str]
) -> None:
    samples = {"png": sample_picture(), "wav": sample_sound()}
    for extension in order:
        laptop.drop(f"veed-fabric/{folder}/cat.{extension}", samples[extension])
    delivered(laptop, gateways, f"veed-fabric-1-0-api-130/{folder}/cat-")
    assert len(posts(gateways, f"/{folder}/cat.png")) == 1


def test_a_film_follows_a_film(laptop: Stack, gateways: SimulatedGateways, folder: str) -> None:
    cutter = "pixelcut-video-background-removal"
    steps = [{"model": "pixelcut-background-removal", "input": {"background": "green"}}]
    laptop.drop(f"veo-3-1-fast/{folder}/cat.json", json.dumps({"prompt": f"a cat {folder}", "then": steps}))
    first = delivered(laptop, gateways, f"veo-3-1-fast/{folder}/cat-")
    second = delivered(laptop, gateways, f"{cutter}/{folder}/cat-")
    assert (first["then"], second["then"]) == (second["job_id"], None)
    assert second["source"] == {"type": "step", "of": first["job_id"], "step": 2}
    assert second["outputs"][0]["key"].startswith(f"{cutter}/{folder}/cat-{second['job_id']}.")


def test_half_a_pair_waits_and_its_record_says_for_what(laptop: Stack, folder: str) -> None:
    laptop.drop(f"veed-fabric/{folder}/cat.png", sample_picture())
    place = f"veed-fabric-1-0-api-130/{folder}/cat"
    found = eventually(lambda: [job for job in laptop.jobs() if job["place"] == place])
    assert [job["status"] for job in found] == ["WAITING"]
    assert "audio_url" in json.dumps(found[0]["missing"])


def test_prompt_in_metadata_makes_a_job_of_a_picture(laptop: Stack, gateways: SimulatedGateways, folder: str) -> None:
    laptop.drop(f"pixverse-c1-image-to-video/{folder}/a.png", sample_picture(), prompt=f"a cat {folder}", mtime="1")
    delivered(laptop, gateways, f"pixverse-c1-image-to-video/{folder}/a-")
    assert len(posts(gateways, f"a cat {folder}")) == 1


def test_prompt_file_alone_with_folder_defaults(laptop: Stack, gateways: SimulatedGateways, folder: str) -> None:
    laptop.drop(f"veo-3-1-fast/{folder}/_defaults.json", {"duration": 4, "aspect_ratio": "9:16"})
    laptop.drop(f"veo-3-1-fast/{folder}/deep/a.txt", f"a cat {folder}\n")
    delivered(laptop, gateways, f"veo-3-1-fast/{folder}/deep/a-")
    (post,) = posts(gateways, folder)
    assert post.body == {"prompt": f"a cat {folder}", "duration": 4, "aspect_ratio": "9:16"}


def test_settings_file_that_is_copied_beside_its_image_counts(
    laptop: Stack, gateways: SimulatedGateways, folder: str
) -> None:
    laptop.drop(f"veo-3-1/{folder}/a.png", sample_picture(), prompt=f"weaker {folder}")
    laptop.drop(f"veo-3-1/{folder}/a.json", {"prompt": f"stronger {folder}", "duration": 6, "take": "second"})
    delivered(laptop, gateways, f"veo-3-1/{folder}/a-")
    (post,) = posts(gateways, folder)
    assert (post.body["prompt"], post.body["duration"]) == (f"stronger {folder}", 6)


def test_names_of_every_kind(laptop: Stack, gateways: SimulatedGateways, folder: str) -> None:
    stems = ["my cat", "a&b=c", "1+1", "été", "v1.2-final", "50% #1"]
    for stem in stems:
        laptop.drop(f"veed-fabric/{folder} é/{stem}.png", sample_picture())
        laptop.drop(f"veed-fabric/{folder} é/{stem}.WAV", sample_sound())
    for stem in stems:
        delivered(laptop, gateways, f"veed-fabric-1-0-api-130/{folder} é/{stem}-")


def test_job_whose_callback_never_comes_is_polled(laptop: Stack, gateways: SimulatedGateways, folder: str) -> None:
    laptop.drop(f"veo-3-1-fast/{folder}/a.txt", f"[sim:no-callback] {folder}")
    delivered(laptop, gateways, f"veo-3-1-fast/{folder}/a-")
    assert len(posts(gateways, folder)) == 1


def test_five_duplicate_callbacks_at_once_are_one_202_and_four_200(
    laptop: Stack, gateways: SimulatedGateways, folder: str
) -> None:
    laptop.drop(f"veo-3-1-fast/{folder}/a.txt", f"[sim:no-callback][sim:seconds=6] {folder}")
    (post,) = eventually(lambda: posts(gateways, folder))
    body = {"request_id": post.request_id, "status": "COMPLETED", "error": None, "output": {"media_url": []}}
    body |= {"created_at": "2026-05-22T13:17:32.110Z", "updated_at": "2026-05-22 13:19:23", "completed_at": "..."}
    url = post.headers["x-webhook-url"]
    with httpx.Client() as client, ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: client.post(url, json=body).status_code, range(5)))
        assert sorted(answers) == [200, 200, 200, 200, 202]
        assert client.post(f"{url}x", json=body).status_code == 403
        stranger = f"{laptop.addresses['callback_base_url']}/callbacks/{'a' * 26}/{'b' * 43}"
        assert client.post(stranger, json=body).status_code == 403
        for malformed in (b"", b"{", b"[]", b'"COMPLETED"', b'{"status": "COMPLETED"}', b"\xff", b"null"):
            assert client.post(url, content=malformed).status_code == 400
        assert client.post(url, json={**body, "status": "DONE"}).status_code == 400
        assert client.post(url, content=b" " * 262_145).status_code == 413
    # The callback lied: the job was still under way, so nothing was delivered on its word.
    delivered(laptop, gateways, f"veo-3-1-fast/{folder}/a-")


def test_message_in_every_envelope(laptop: Stack, gateways: SimulatedGateways, folder: str) -> None:
    def request(name: str) -> dict[str, Any]:
        return {"model": "veo-3-1-fast", "input": {"prompt": f"{folder} {name}"}, "id": f"{folder}-{name}"}

    laptop.send({"Type": "Notification", "MessageId": folder, "Message": json.dumps(request("sns"))})
    bridge = {"version": "0", "id": folder, "detail-type": "Video wanted", "source": "shop", "detail": request("bus")}
    laptop.send(bridge)
    laptop.send(request("raw"))
    laptop.send("not JSON at all")
    for name in ("sns", "bus", "raw"):
        delivered(laptop, gateways, f"veo-3-1-fast/{folder}-{name}-")


def test_outcomes_are_published_on_the_event_bus(laptop: Stack, folder: str) -> None:
    sqs, events, bus = laptop.client("sqs"), laptop.client("events"), laptop.addresses["event_bus"]
    url = sqs.create_queue(QueueName=f"listener-{folder}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["dropreel"], "detail-type": ["Job Succeeded", "Job Failed"]}
    events.put_rule(Name=folder, EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=folder, EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
    laptop.drop(f"veo-3-1-fast/{folder}/good.txt", "a cat")
    laptop.drop(f"veo-3-1-fast/{folder}/bad.json", {"promt": "a cat"})
    wanted = {laptop.manifest(f"veo-3-1-fast/{folder}/{name}-")["job_id"] for name in ("good", "bad")}
    heard: dict[str, str] = {}

    def listen() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(message["Body"])
            heard[event["detail"]["job_id"]] = event["detail-type"]
        return wanted <= set(heard)

    assert eventually(listen)
    assert sorted(heard[job_id] for job_id in wanted) == ["Job Failed", "Job Succeeded"]


def test_mistake_is_rejected_by_name_and_nothing_is_sent(
    laptop: Stack, gateways: SimulatedGateways, folder: str
) -> None:
    laptop.drop(f"veo-3-1-fast/{folder}/a.json", {"prompt": folder, "duration": 5})
    laptop.drop(f"no-such-model/{folder}.png", b"x")
    manifest = laptop.manifest(f"veo-3-1-fast/{folder}/a-")
    assert manifest["status"] == "REJECTED"
    assert "duration" in manifest["error"]["message"]
    assert "4, 6" in manifest["error"]["message"]
    assert laptop.manifest(f"rejected/no-such-model/{folder}-")["status"] == "REJECTED"
    assert posts(gateways, folder) == []


def test_a_file_of_a_bucket_that_was_not_named_in_the_settings_is_rejected(laptop: Stack) -> None:
    s3, bucket = laptop.client("s3"), f"somebody-elses-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="cat.png", Body=sample_picture())
    laptop.send({"model": "veo-3-1-fast", "id": bucket, "input": {"prompt": "A", "image": f"s3://{bucket}/cat.png"}})
    manifest = laptop.manifest(f"veo-3-1-fast/{bucket}-")
    assert manifest["status"] == "REJECTED"
    assert manifest["error"]["message"].startswith(f"image: s3://{bucket}/cat.png may not be read (access denied)")
