"""What the page's server says of a stack, of a row of steps, of a job made again, and of what AWS denies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from cli.stack import Stack
from dropreel.jobs import Job, Status
from local.gateways.samples import sample_picture
from tests.unit.consoles import browser, denied, hooked, put
from tests.unit.stacks import a_stack, job

FABRIC = "veed-fabric-1-0-api-130"


@pytest.fixture(scope="module")
def there() -> Iterator[Stack]:
    with a_stack() as stack:
        stack.s3.create_bucket(Bucket="inbox")
        yield stack


@pytest.fixture
def page(there: Stack) -> Any:
    return browser(there)


def test_the_page_says_whose_stack_it_shows(page: Any) -> None:
    told = json.loads(page.get("/").text.partition('id="facts">')[2].partition("</script>")[0])
    assert [told[name] for name in ("env", "stack", "account", "region")] == [
        "local", "Dropreel-local", "123456789012", "us-east-1",
    ]  # fmt: skip
    assert told["paid_gateways"] == {"pixazo": "https://pixazo.example"}
    assert told["quiet_seconds"] == 5


# A row of steps


def check(page: Any, *steps: dict[str, Any], **settings: Any) -> dict[str, Any]:
    intended = {"model": "veo-3-1-fast", "name": "a", "prompt": "A cat", "settings": {**settings, "then": steps}}
    found: dict[str, Any] = page.post("/api/check", json=intended).json
    return found


CUT = {"model": "veed-video-background-remover-541", "input": {}}


def test_a_row_costs_the_sum_of_its_steps_and_each_is_told(page: Any) -> None:
    found = check(page, CUT, duration=4)
    assert (found["mistakes"], found["missing"]) == ([], [])
    assert len(found["prices"]) == 2
    assert found["prices"][0] == 0.6
    assert found["price_usd"] == sum(price for price in found["prices"] if price is not None)
    assert check(page, duration="5")["prices"] == []


def test_a_mistake_in_a_step_names_it(page: Any) -> None:
    found = check(page, {"model": "nope"}, {**CUT, "input": {"mood": 1}})
    assert [mistake["field"] for mistake in found["mistakes"]] == ["step 2, model", "step 3, mood"]


# Again, with changes


def again(there: Stack, page: Any, one: Job) -> dict[str, Any]:
    put(there, [one])
    found: dict[str, Any] = page.get(f"/api/jobs/{one.job_id}/again").json
    return found


def test_again_fills_in_all_that_a_job_was_made_of_but_what_is_gone(there: Stack, page: Any) -> None:
    for key in ("veo-3-1/x/cat.png", "veo-3-1/x/cat.last.png"):
        there.s3.put_object(Bucket="inbox", Key=key, Body=sample_picture())
    values = {
        "prompt": "A cat",
        "image": "s3://inbox/veo-3-1/x/cat.png",
        "last_frame": "s3://inbox/veo-3-1/x/cat.last.png",
        "image_urls": ["s3://inbox/veo-3-1/x/gone.1.png", "https://example.com/two.png"],
        "duration": 4,
    }
    one = job(input=values, then=(CUT,)).evolve(model="veo-3-1", place="veo-3-1/x/cat")
    found = again(there, page, one)
    size = len(sample_picture())
    assert (found["model"], found["name"], found["prompt"]) == ("veo-3-1", "x/cat", "A cat")
    assert found["settings"] == {"duration": 4, "image_urls": ["https://example.com/two.png"], "then": [CUT]}
    assert found["files"] == [
        {"field": "image", "name": "cat.png", "role": "", "key": "veo-3-1/x/cat.png", "version": "", "bytes": size},
        {
            "field": "last_frame",
            "name": "cat.last.png",
            "role": "last",
            "key": "veo-3-1/x/cat.last.png",
            "version": "",
            "bytes": size,
        },
    ]
    assert page.get(f"/api/inbox/{found['files'][0]['key']}").data == sample_picture()


def test_again_shows_no_signed_address(there: Stack, page: Any) -> None:
    one = job(input={"image_url": "https://cdn.example/a.png?X-Amz-Signature=secret", "audio_url": "s3://inbox/a.wav"})
    found = again(
        there, page, one.evolve(model=FABRIC, then=({"model": FABRIC, "input": {"a": "https://b/?token=x"}},))
    )
    assert found["settings"] == {"then": [{"model": FABRIC, "input": {}}]}
    assert found["files"] == []
    assert page.get("/api/jobs/nobody/again").status_code == 404


def test_again_fills_in_what_it_can_of_a_job_whose_model_there_is_none_of(there: Stack, page: Any) -> None:
    found = again(there, page, job(Status.REJECTED, input={"a": 1}).evolve(model="nope"))
    assert (found["settings"], found["files"]) == ({"a": 1}, [])


# What AWS denies


@pytest.mark.parametrize(
    ("service", "operation", "path"),
    [
        ("dynamodb", "Query", "/api/jobs"),
        ("dynamodb", "Query", "/api/costs"),
        ("dynamodb", "GetItem", "/api/jobs/any"),
        ("s3", "GetObject", "/api/outputs/any.mp4"),
        ("s3", "GetObject", "/api/inbox/any.mp4"),
    ],
)
def test_what_somebody_may_not_do_is_named(there: Stack, page: Any, service: str, operation: str, path: str) -> None:
    with hooked(getattr(there, service), f"before-call.{service}.{operation}", denied):
        answer = page.get(path)
    assert answer.status_code == 403
    assert answer.json["message"].startswith(f"AWS does not allow you {operation} (no policy allows it)")


def test_an_act_that_aws_denies_is_named_and_no_conflict(there: Stack, page: Any) -> None:
    failed = job(Status.FAILED)
    put(there, [failed])
    with hooked(there.sqs, "before-call.sqs.SendMessage", denied):
        answer = page.post(f"/api/jobs/{failed.job_id}/actions/retry")
    assert answer.status_code == 403
    assert answer.json["message"].startswith("AWS does not allow you SendMessage")


def test_an_aws_that_does_not_answer_is_told_as_the_verbs_tell_it(there: Stack, page: Any) -> None:
    def broken(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://aws.example")

    with hooked(there.dynamodb, "before-call.dynamodb.Query", broken):
        answer = page.get("/api/jobs")
    assert answer.status_code == 502
    assert answer.json["message"].startswith("nothing answers at https://aws.example; is it running")
