"""The console's API: what a drop would become, who may ask, and films that can be played from anywhere within."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

import console as package
from cli.advice import advise
from cli.summary import cost
from dropreel.aws.items import to_item
from dropreel.catalog import MODELS
from dropreel.jobs import Job, Status
from local.gateways import SimulatedGateways
from local.gateways.samples import sample_picture, sample_sound
from tests.e2e.harness import COMMAND, Stack
from tests.e2e.tiny import eventually

PAGE = Path(package.__file__).with_name("page")
PICTURE, SOUND = {"name": "cat.png", "size": 9}, {"name": "Cat.WAV", "size": 9}
WHOLE = {"model": "veed-fabric", "name": "x/cat", "files": [PICTURE, SOUND]}


@pytest.fixture(scope="session")
def console(laptop: Stack) -> httpx.Client:
    return httpx.Client(base_url=laptop.addresses["console_url"], timeout=30)


def facts(console: httpx.Client) -> dict[str, Any]:
    """What the page knows before it asks."""
    told = console.get("/").text.partition('id="facts">')[2].partition("</script>")[0]
    known: dict[str, Any] = json.loads(told)
    return known


def check(console: httpx.Client, **intended: Any) -> dict[str, Any]:
    answer = console.post("/api/check", json=intended)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_model_is_described_with_a_place_for_each_file_that_it_takes(console: httpx.Client) -> None:
    described = {model["id"]: model for model in facts(console)["models"]}
    assert list(described) == list(MODELS)
    for name, model in MODELS.items():
        assert {place["field"] for place in described[name]["places"]} == {field.name for field in model.media()}
        known = {control["name"] for control in described[name]["settings"]} | {"prompt"}
        assert known >= set(model.model_fields) - {field.name for field in model.media()}
    roles = [place["role"] for place in described["veo-3-1"]["places"]]
    assert roles == ["", "last", "1", "2", "3"]
    assert [place["role"] for place in described["veo-3-1-fast-reference-to-video"]["places"]] == [*"123456789"]


def test_a_whole_drop_has_keys_and_a_place(console: httpx.Client) -> None:
    found = check(console, **WHOLE)
    assert found["keys"] == ["veed-fabric/x/cat.png", "veed-fabric/x/cat.WAV"]
    assert found["place"] == "veed-fabric-1-0-api-130/x/cat"
    assert (found["mistakes"], found["missing"], found["price_usd"]) == ([], [], None)


@pytest.mark.parametrize(
    ("settings", "price"), [({}, 1.2), ({"duration": "4"}, 0.6), ({"duration": "4", "generate_audio": "false"}, 0.4)]
)
def test_the_price_is_that_of_the_very_settings(console: httpx.Client, settings: dict[str, str], price: float) -> None:
    assert check(console, model="veo-3-1-fast", name="p", prompt="A cat", settings=settings)["price_usd"] == price


def test_missing_parts_are_named_until_what_lies_in_the_inbox_makes_it_whole(
    console: httpx.Client, laptop: Stack
) -> None:
    half = {"model": "veed-fabric", "name": "console/half", "files": [PICTURE]}
    assert check(console, **half)["missing"] == ["audio_url"]
    laptop.drop("veed-fabric/console/half.wav", sample_sound())
    found = check(console, **half)
    assert (found["missing"], found["present"]) == ([], ["veed-fabric/console/half.wav"])


def test_folder_defaults_count(console: httpx.Client, laptop: Stack) -> None:
    laptop.drop("veo-3-1-fast/console/_defaults.json", {"duration": 4})
    assert check(console, model="veo-3-1-fast", name="console/d", prompt="A cat")["price_usd"] == 0.6


@pytest.mark.parametrize(
    ("intended", "field", "words"),
    [
        ({"model": "nope", "name": "a"}, "model", "veed-fabric"),
        ({"model": "veo-3-1", "name": "a", "files": [{"name": "a.mp3", "size": 9}]}, "file", "takes no audio"),
        ({"model": "veo-3-1", "name": "a", "files": [{"name": "a.exe", "size": 9}]}, "file", "png"),
        ({"model": "veo-3-1", "name": "a", "files": [{"name": "a", "size": 9}]}, "file", "png"),
        ({"model": "veo-3-1", "name": "a", "prompt": "x", "settings": {"duration": "5"}}, "duration", "4, 6, 8"),
        ({"model": "veo-3-1", "name": "a", "prompt": "x", "settings": {"mood": "5"}}, "mood", "prompt"),
        ({"model": "veo-3-1", "name": "_a", "prompt": "x"}, "name", "_"),
        ({"model": "veo-3-1", "name": "a/", "prompt": "x"}, "name", "is empty"),
        ({"model": "veo-3-1", "name": "//../a", "prompt": "x"}, "folder", "campaign/7"),
        ({"model": "veo-3-1", "name": "a/./b", "prompt": "x"}, "folder", "campaign/7"),
        ({"model": "veo-3-1", "name": "a", "prompt": "x" * 300_000}, "prompt", "too long"),
        ({"model": "veo-3-1", "name": "a", "prompt": "x", "files": [{**PICTURE, "size": 0}]}, "image", "is empty"),
        ({"model": "veo-3-1", "name": "é" * 500, "prompt": "x"}, "name", "960"),
        ({"model": "veo-3-1", "name": "a.last", "files": [PICTURE]}, "name", "read as 'a'"),
        ({"model": "veed-fabric", "name": "a", "files": [{**PICTURE, "role": "last"}]}, "name", "a.last"),
        ({"model": "veo-3-1", "name": "a", "files": [PICTURE, PICTURE]}, "file", "cat.png and cat.png"),
    ],
)
def test_a_mistake_names_the_field_and_what_is_allowed(
    console: httpx.Client, intended: dict[str, Any], field: str, words: str
) -> None:
    found = check(console, **intended)
    (mistake,) = found["mistakes"]
    assert mistake["field"] == field
    assert words in " ".join(mistake.values())
    assert found["price_usd"] is None


def test_every_mistake_is_told(console: httpx.Client) -> None:
    wrong = {"settings": {"duration": "5", "mood": 1}, "files": [{"name": "a.exe", "size": 9}]}
    found = check(console, model="veo-3-1", name="a", prompt="x", **wrong)
    assert [mistake["field"] for mistake in found["mistakes"]] == ["file", "duration", "mood"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"model": 1, "name": "a"}', b"\xff"])
def test_what_is_no_question_is_refused(console: httpx.Client, body: bytes) -> None:
    assert console.post("/api/check", content=body).status_code == 400


def test_a_check_leaves_nothing_behind(console: httpx.Client, laptop: Stack) -> None:
    check(console, model="veo-3-1-fast", name="console/untouched", prompt="x")
    place = "veo-3-1-fast/console/untouched"
    listed = laptop.client("s3").list_objects_v2(Bucket=laptop.addresses["inbox_bucket"], Prefix=place)
    assert listed["KeyCount"] == 0
    assert not [job for job in laptop.jobs() if job["place"] == place]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example.com"},
        {"Host": "localhost.evil.example.com"},
        {"Host": "["},
        {"Origin": "https://evil.example.com"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_is_turned_away_whatever_it_asks(
    console: httpx.Client, laptop: Stack, headers: dict[str, str]
) -> None:
    # Such a request could start a job that costs money.
    key = "veo-3-1-fast/console/stolen.txt"
    answers = [
        console.put(f"/api/inbox/{key}", content=b"A cat", headers=headers),
        console.post("/api/check", json=WHOLE, headers=headers),
        console.post("/api/jobs/any/actions/retry", headers=headers),
        console.get("/api/jobs", headers=headers),
        console.get("/api/inbox/any", headers=headers),
        console.get("/api/outputs/any", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [403] * 6
    listed = laptop.client("s3").list_objects_v2(Bucket=laptop.addresses["inbox_bucket"], Prefix=key)
    assert listed["KeyCount"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Host": "evil.example.com"},
        {"Host": "localhost.example.com"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_site_can_not_go_round_the_page_by_the_aws_endpoint(laptop: Stack, headers: dict[str, str]) -> None:
    # It would need no key: this AWS takes any.
    url, key = laptop.addresses["aws_endpoint_url"], "veo-3-1-fast/console/by-aws.txt"
    preflight = {"Access-Control-Request-Method": "PUT"}
    answers = [
        httpx.put(f"{url}/{laptop.addresses['inbox_bucket']}/{key}", content=b"A cat", headers=headers),
        httpx.options(f"{url}/{laptop.addresses['inbox_bucket']}/{key}", headers={**headers, **preflight}),
        httpx.get(f"{url}/", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [403] * 3
    assert not any("access-control-allow-origin" in answer.headers for answer in answers)
    listed = laptop.client("s3").list_objects_v2(Bucket=laptop.addresses["inbox_bucket"], Prefix=key)
    assert listed["KeyCount"] == 0


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://localhost:5173"}, {"Host": "bucket.localhost:80"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_this_machines_own_clients_and_pages_reach_the_aws_endpoint(laptop: Stack, headers: dict[str, str]) -> None:
    assert httpx.get(laptop.addresses["aws_endpoint_url"] + "/", headers=headers).status_code != 403


def test_the_page_can_be_linked_to_but_not_under_another_name(console: httpx.Client) -> None:
    assert console.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert console.get("/", headers={"Host": "evil.example.com"}).status_code == 403
    assert console.get("/", headers={"Host": "[::1]:80"}).status_code == 200


def test_the_page_knows_which_gateways_are_not_simulated(console: httpx.Client, gateways: SimulatedGateways) -> None:
    assert facts(console)["paid_gateways"] == {"pixazo": gateways.url, "aimlapi": gateways.url}


def test_no_answer_can_be_read_or_framed_by_another_site(console: httpx.Client) -> None:
    for path in ("/", "/api/jobs", "/api/costs"):
        answer = console.get(path, headers={"Origin": str(console.base_url).rstrip("/")})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = console.get("/")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    nonce = page.headers["Content-Security-Policy"].partition("'nonce-")[2].partition("'")[0]
    assert page.text.count(f'nonce="{nonce}"') == len(re.findall(r'(?:href|src)="/page/', page.text)) > 2
    assert nonce not in console.get("/").text


def test_the_page_is_given_its_own_files_and_none_beside_them(console: httpx.Client) -> None:
    asked = re.findall(r'(?:href|src)="/page/([^"]+)"', console.get("/").text)
    assert set(asked) == {path.name for path in PAGE.glob("*.[cj]s*")}
    needed = {"console.css", "console.js"}
    for name in set(asked):
        script = console.get(f"/page/{name}")
        assert script.headers["Content-Type"].startswith("text/css" if name.endswith("css") else "text/javascript")
        needed |= set(re.findall(r' from "\./([^"]+)"', script.text))
    assert needed == set(asked)
    for path in ("/page/console.html", "/page/../console.py", "/page/..%2fconsole.py", "/page/", "/page/no.js"):
        assert console.get(path).status_code == 404


def test_a_film_dropped_here_can_be_played_from_anywhere_within(console: httpx.Client, laptop: Stack) -> None:
    for key, body in (("cat.png", sample_picture()), ("cat.wav", sample_sound())):
        assert console.put(f"/api/inbox/veed-fabric/console/{key}", content=body).status_code == 201
    manifest = laptop.manifest("veed-fabric-1-0-api-130/console/cat")
    key = manifest["outputs"][0]["key"]
    whole = console.get(f"/api/outputs/{key}")
    assert whole.content == laptop.output(key)["Body"]
    assert (whole.headers["Content-Type"], whole.headers["Accept-Ranges"]) == ("video/mp4", "bytes")
    part = console.get(f"/api/outputs/{key}", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.content)}"
    beyond = console.get(f"/api/outputs/{key}", headers={"Range": f"bytes={len(whole.content)}-"})
    assert beyond.status_code == 416
    assert console.get("/api/outputs/no-such.mp4").status_code == 404


def test_what_is_no_film_is_kept_and_never_shown_as_a_page_of_ours(console: httpx.Client, laptop: Stack) -> None:
    bucket, key = laptop.addresses["outbox_bucket"], "console/evil.html"
    laptop.client("s3").put_object(Bucket=bucket, Key=key, Body=b"<script>1</script>", ContentType="text/html")
    answer = console.get(f"/api/outputs/{key}")
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_jobs_come_newest_first_and_only_when_something_is_new(console: httpx.Client, laptop: Stack) -> None:
    for number in range(2):
        laptop.drop(f"veo-3-1-fast/console/wrong-{number}.json", {"duration": 5})
        laptop.manifest(f"veo-3-1-fast/console/wrong-{number}")
    answer = console.get("/api/jobs")
    created = [job["created_at"] for job in answer.json()["jobs"]]
    assert created == sorted(created, reverse=True)
    assert "token_hash" not in answer.text

    def unchanged() -> bool:
        etag = console.get("/api/jobs").headers["ETag"]
        return console.get("/api/jobs", headers={"If-None-Match": etag}).status_code == 304

    assert eventually(unchanged)  # at once, unless jobs of other tests are still moving


def test_a_job_comes_with_its_next_step_and_its_list_without_secrets(console: httpx.Client, laptop: Stack) -> None:
    secret = "https://cdn.example/film.mp4?X-Amz-Signature=secret"
    failed = Job(
        job_id="consolefailed",
        model="veo-3-1-fast",
        gateway="pixazo",
        status=Status.FAILED,
        place="veo-3-1-fast/console/failed",
        source={"type": "drop"},
        drop="",
        created_at=time.time(),
        completed_at=time.time(),
        reason=f"no {secret}",
        error={"code": "error", "message": f"could not read {secret}"},
    )
    table = laptop.addresses["jobs_table"]
    laptop.client("dynamodb").put_item(TableName=table, Item=to_item(failed))
    answer = console.get("/api/jobs?text=consolefailed")
    laptop.client("dynamodb").delete_item(TableName=table, Key={"job_id": {"S": failed.job_id}})
    assert "secret" not in answer.text
    (told,) = answer.json()["jobs"]
    assert (told["cost"], told["meaning"]) == (cost(failed), advise(failed, "local").meaning)
    assert "dropreel retry consolefailed" in told["todo"]


def test_a_job_tells_its_story_without_its_secrets(console: httpx.Client, laptop: Stack) -> None:
    laptop.send(
        {
            "model": "pixverse-v6-image-to-video",
            "input": {"prompt": "x", "image_url": "https://example.com/a.png?X-Amz-Signature=secret"},
            "id": "console-story",
        }
    )
    manifest = laptop.manifest("pixverse-v6-image-to-video/console-story")
    answer = console.get(f"/api/jobs/{manifest['job_id']}")
    assert answer.json()["history"][0]["status"] == "SUBMITTING"
    assert "secret" not in answer.text
    assert "token" not in answer.text
    assert console.get("/api/jobs/nobody").status_code == 404


def test_what_was_dropped_comes_back_into_the_form_and_what_it_cost_is_told(
    console: httpx.Client, laptop: Stack
) -> None:
    before = console.get("/api/costs").json()
    picture = sample_picture()
    console.put("/api/inbox/veo-3-1-fast/console/again.png", content=picture)
    console.put("/api/inbox/veo-3-1-fast/console/again.json", content=b'{"prompt": "A cat", "duration": 4}')
    job_id = laptop.manifest("veo-3-1-fast/console/again")["job_id"]
    found = console.get(f"/api/jobs/{job_id}/again").json()
    assert (found["name"], found["prompt"], found["settings"]) == ("console/again", "A cat", {"duration": 4})
    (file,) = found["files"]
    assert console.get(f"/api/inbox/{file['key']}", params={"version": file["version"]}).content == picture

    def counted() -> bool:
        now = console.get("/api/costs").json()
        return bool(now["today"]["usd"] >= before["today"]["usd"] + 0.6)

    assert eventually(counted)  # today's sum is good for some seconds


def test_an_action_of_the_page_is_the_verbs(console: httpx.Client, laptop: Stack) -> None:
    laptop.send({"model": "veo-3-1-fast", "input": {"prompt": "x", "duration": 4}, "id": "console-anew"})
    job_id = laptop.manifest("veo-3-1-fast/console-anew")["job_id"]
    # The manifest comes first, and then the record's last state.
    (offered,) = eventually(lambda: console.get(f"/api/jobs/{job_id}").json()["actions"])
    assert (offered["name"], "pays nothing" in offered["asks"]) == ("fetch-again", True)
    done = console.post(f"/api/jobs/{job_id}/actions/fetch-again").json()
    assert (done["done"], done["job"]["status"]) == ("Its output is fetched again; nothing is paid.", "SUBMITTED")
    assert eventually(lambda: console.get(f"/api/jobs/{job_id}").json()["status"] == "SUCCEEDED")
    assert console.post(f"/api/jobs/{job_id}/actions/go-on").status_code == 409


def test_of_a_laptop_stack_the_command_tells_where_its_page_is(laptop: Stack) -> None:
    endpoint = ("--endpoint-url", laptop.addresses["aws_endpoint_url"])
    told = subprocess.run([*COMMAND, "console", *endpoint], capture_output=True, text=True, check=True)
    assert told.stdout == laptop.addresses["console_url"] + "\n"
