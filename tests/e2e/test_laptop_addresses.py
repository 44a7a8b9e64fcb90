"""What `dropreel up` says of itself is so, and a film goes all the way."""

import httpx

from local.gateways import SimulatedGateways
from local.gateways.samples import sample_picture, sample_sound
from tests.e2e.harness import Stack

CONTRACT = [
    "aws_endpoint_url",
    "region",
    "inbox_bucket",
    "outbox_bucket",
    "queue_url",
    "callback_base_url",
    "jobs_table",
    "event_bus",
    "console_url",
]


def test_the_line_of_json_says_where_everything_is(laptop: Stack) -> None:
    assert list(laptop.addresses) == CONTRACT
    assert laptop.addresses["aws_endpoint_url"].startswith("http://localhost:")
    names = [bucket["Name"] for bucket in laptop.client("s3").list_buckets()["Buckets"]]
    assert {laptop.addresses["inbox_bucket"], laptop.addresses["outbox_bucket"]} <= set(names)
    assert laptop.client("sqs").get_queue_attributes(QueueUrl=laptop.addresses["queue_url"])
    assert laptop.client("dynamodb").describe_table(TableName=laptop.addresses["jobs_table"])
    assert laptop.client("events").describe_event_bus(Name=laptop.addresses["event_bus"])
    page = httpx.get(laptop.addresses["console_url"])
    assert page.headers["Content-Type"].startswith("text/html")
    assert laptop.addresses["inbox_bucket"] in page.text


def test_a_picture_and_a_sound_reach_the_outbox_within_three_seconds_of_the_gateways_end(
    laptop: Stack, gateways: SimulatedGateways
) -> None:
    laptop.drop("veed-fabric/up/cat.png", sample_picture())
    laptop.drop("veed-fabric/up/cat.wav", sample_sound())
    manifest = laptop.manifest("veed-fabric-1-0-api-130/up/")
    assert manifest["status"] == "SUCCEEDED"
    key = manifest["outputs"][0]["key"]
    arrived = laptop.client("s3").head_object(Bucket=laptop.addresses["outbox_bucket"], Key=key)["LastModified"]
    (callback,) = [each for each in gateways.callbacks if manifest["job_id"] in each.url]
    assert arrived.timestamp() - callback.at < 3
    assert any(job["job_id"] == manifest["job_id"] for job in httpx.get(_console(laptop)).json()["jobs"])


def _console(laptop: Stack) -> str:
    return laptop.addresses["console_url"] + "/api/jobs"


def test_a_stranger_gets_nothing_but_a_refusal(laptop: Stack) -> None:
    base = laptop.addresses["callback_base_url"]
    assert httpx.get(base + "/callbacks/a/b").status_code == 404
    assert httpx.post(base + "/callbacks/a/b/c").status_code == 404
    assert httpx.post(base + "/callbacks/a/b", json={}).status_code < 500
