"""The simulated gateways say what the documents say: statuses, headers, bodies, both forms of time."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.gateways import Behaviour, SimulatedGateways

pytestmark = pytest.mark.thorough

#: Reading the machine's certificates for each client would take most of these tests' time.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
KEY = {"Ocp-Apim-Subscription-Key": "sim-key"}
FAST = "/veo31f/v1/veo-3.1-fast/generate"
FABRIC = "/veed-fabric-1-0-api-130/v1/veed-fabric-1-0-api-request"
GENERATIONS = "/v2/video/generations"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PICTURE, SOUND = "http://127.0.0.1:9/cat.png", "http://127.0.0.1:9/cat.wav"

# Typed from the documents: path, a minimal body, the model's id.
MODELS: list[tuple[str, str, dict[str, Any]]] = [
    ("veed-fabric-1-0-api-130", FABRIC, {"image_url": PICTURE, "audio_url": SOUND}),
    (
        "veed-video-background-remover-541",
        "/veed-video-background-remover-541/v1/veed-video-background-remover-request",
        {"video_url": "https://x.test/v.mp4"},
    ),
    ("veo-3-1-fast", FAST, {"prompt": "a tree"}),
    (
        "veo-3-1-fast-reference-to-video",
        "/veo-3-1-fast-reference-to-video/v1/veo-3-1-fast-reference-to-video-request",
        {"prompt": "a tree", "image_urls": [PICTURE]},
    ),
    ("veo-3-1", "/veo/v1/veo-3.1/generate", {"prompt": "a tree"}),
    (
        "pixelcut-video-background-removal",
        "/pixelcut-video-background-removal/v1/pixelcut-video-background-removal-request",
        {"video_url": "https://x.test/v.mp4"},
    ),
    (
        "pixverse-v6-text-to-video",
        "/pixverse-v6-text-to-video/v1/pixverse-v6-text-to-video-request",
        {"prompt": "a tree"},
    ),
    (
        "pixverse-v6-image-to-video",
        "/pixverse-v6-image-to-video/v1/pixverse-v6-image-to-video-request",
        {"prompt": "a tree", "image_url": PICTURE},
    ),
    (
        "pixverse-c1-text-to-video",
        "/pixverse-c1-text-to-video/v1/pixverse-c1-text-to-video-request",
        {"prompt": "a tree"},
    ),
    (
        "pixverse-c1-image-to-video",
        "/pixverse-c1-image-to-video/v1/pixverse-c1-image-to-video-request",
        {"prompt": "a tree", "image_url": PICTURE},
    ),
    (
        "pixverse",
        "/pixverse/v1/pixverse-request",
        {"prompt": "a tree", "aspect_ratio": "16:9", "resolution": "720p", "duration": 5},
    ),
    (
        "pixverse-i2v",
        "/pixverse-i2v/v1/pixverse-i2v-request",
        {"prompt": "a tree", "image_url": PICTURE, "resolution": "720p", "duration": "5"},
    ),
]


@pytest.fixture(scope="module")
def gateways() -> Iterator[SimulatedGateways]:
    with SimulatedGateways(seconds=0.1, scale=0.1, cache=None) as running:
        # Nothing needs fetching to see how a POST is answered.
        running.behave(Behaviour(seconds=60), match="http://127.0.0.1:9/cat.png")
        yield running


@pytest.fixture(scope="module")
def client(gateways: SimulatedGateways) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateways.url, headers=KEY, trust_env=False, verify=NO_TLS) as running:
        yield running


def finished(gateways: SimulatedGateways, client: httpx.Client, request_id: str) -> dict[str, Any]:
    def ended() -> bool:
        told = client.get(f"/v2/requests/status/{request_id}").json()
        return told["status"] not in ("QUEUED", "PROCESSING")

    assert gateways.wait_for(ended)
    found: dict[str, Any] = client.get(f"/v2/requests/status/{request_id}").json()
    return found


@pytest.mark.parametrize(("model_id", "path", "body"), MODELS)
def test_every_model_answers_202_with_an_id_and_where_to_ask(
    gateways: SimulatedGateways, client: httpx.Client, model_id: str, path: str, body: dict[str, Any]
) -> None:
    answer = client.post(path, json=body)
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (202, "application/json")
    assert list(told) == ["request_id", "status", "polling_url"]
    assert re.fullmatch(f"{model_id}_{UUID}", told["request_id"])
    assert told["status"] == "QUEUED"
    assert told["polling_url"] == f"{gateways.url}/v2/requests/status/{told['request_id']}"
    assert gateways.posts[-1].model == model_id


@pytest.mark.parametrize(("model_id", "path", "body"), MODELS)
def test_every_model_misses_each_required_field_and_knows_no_other(
    client: httpx.Client, model_id: str, path: str, body: dict[str, Any]
) -> None:
    for name in body:
        answer = client.post(path, json={key: value for key, value in body.items() if key != name})
        assert (answer.status_code, answer.json()["message"]) == (400, f"Missing required field: {name}")
    answer = client.post(path, json={**body, "colour": "red"})
    assert (answer.status_code, answer.json()["message"]) == (400, "Unknown field: colour")


def test_status_goes_from_queued_to_processing_to_completed(gateways: SimulatedGateways, client: httpx.Client) -> None:
    gateways.behave(Behaviour(seconds=0.8), match="slowly", times=1)
    request_id = client.post(FAST, json={"prompt": "slowly"}).json()["request_id"]
    seen: list[str] = []

    def ended() -> bool:
        seen.append(client.get(f"/v2/requests/status/{request_id}").json()["status"])
        return seen[-1] == "COMPLETED"

    assert gateways.wait_for(ended)
    assert sorted(set(seen), key=seen.index) == ["QUEUED", "PROCESSING", "COMPLETED"]


def test_running_status_has_no_output_and_no_end(gateways: SimulatedGateways, client: httpx.Client) -> None:
    request_id = client.post(FABRIC, json={"image_url": PICTURE, "audio_url": SOUND}).json()["request_id"]
    told = client.get(f"/v2/requests/status/{request_id}").json()
    assert (told["output"], told["error"], told["completed_at"]) == (None, None, None)


def test_completed_status_has_the_documents_fields_and_both_forms_of_time(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    told = finished(gateways, client, client.post(FAST, json={"prompt": "a tree"}).json()["request_id"])
    assert list(told) == [
        "request_id",
        "status",
        "model_id",
        "error",
        "output",
        "created_at",
        "updated_at",
        "completed_at",
    ]
    assert (told["status"], told["model_id"], told["error"]) == ("COMPLETED", "veo-3-1-fast", None)
    assert told["output"]["media_type"] == "video/mp4"
    assert told["output"]["media_url"] == [f"{gateways.url}/media/v1/{told['request_id']}/output.mp4"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["created_at"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", told["updated_at"])
    assert told["completed_at"] == told["updated_at"]


def test_models_documented_without_a_type_answer_octet_stream_and_output_ext(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    posted = client.post("/veo/v1/veo-3.1/generate", json={"prompt": "a tree", "duration": 4}).json()
    output = finished(gateways, client, posted["request_id"])["output"]
    assert output["media_type"] == "application/octet-stream"
    assert output["media_url"][0].endswith("/output.ext")


def test_unknown_request_is_404(client: httpx.Client) -> None:
    assert client.get("/v2/requests/status/veo-3-1-fast_none").status_code == 404


def test_unknown_model_is_400_in_the_documents_words(client: httpx.Client) -> None:
    answer = client.post("/sora/v1/generate", json={"prompt": "a tree"})
    told = {"error": "Model not found", "message": "Model 'sora' not found or is disabled"}
    assert (answer.status_code, answer.json()) == (400, told)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sim-key"}, {"Ocp-Apim-Subscription-Key": ""}])
def test_pixazo_wants_its_own_key_header(gateways: SimulatedGateways, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=gateways.url, trust_env=False, verify=NO_TLS, headers=headers) as stranger:
        assert stranger.post(FAST, json={"prompt": "a tree"}).status_code == 401
        assert stranger.get("/v2/requests/status/x").status_code == 401


def test_only_configured_keys_are_accepted() -> None:
    with (
        SimulatedGateways(keys={"right"}, cache=None, seconds=60, scale=0.1) as gateways,
        httpx.Client(base_url=gateways.url, trust_env=False, verify=NO_TLS) as client,
    ):
        statuses = [
            client.post(FAST, json={"prompt": "x"}, headers={"Ocp-Apim-Subscription-Key": key}).status_code
            for key in ("right", "wrong")
        ]
    assert statuses == [202, 401]
    assert "right" not in str(gateways.posts)


@pytest.mark.parametrize(
    ("content", "kind"), [(b"{}", "text/plain"), (b"{", "application/json"), (b"[]", "application/json")]
)
def test_what_is_no_json_object_is_400(client: httpx.Client, content: bytes, kind: str) -> None:
    assert client.post(FAST, content=content, headers={"Content-Type": kind}).status_code == 400


@pytest.mark.parametrize(
    ("webhook", "status"),
    [
        ({"X-Webhook-URL": "https://example.test/x"}, 202),
        ({"X-Webhook-URL": "http://localhost:9/x", "X-Webhook-Mode": "sync"}, 202),
        ({"X-Webhook-URL": "http://127.0.0.1:9/x", "X-Webhook-Mode": "terminal"}, 202),
        ({"X-Webhook-URL": "http://example.test/x"}, 400),
        ({"X-Webhook-URL": "http://127.0.0.1:9/x", "X-Webhook-Mode": "always"}, 400),
    ],
)
def test_plain_http_webhook_is_rejected_off_this_machine(
    gateways: SimulatedGateways, client: httpx.Client, webhook: dict[str, str], status: int
) -> None:
    gateways.behave(Behaviour(seconds=60), match="webhook", times=1)
    assert client.post(FAST, json={"prompt": "webhook"}, headers=webhook).status_code == status
    logged = gateways.posts[-1].headers
    assert logged["x-webhook-url"] == webhook["X-Webhook-URL"]


@pytest.mark.parametrize(
    ("parameters", "status"),
    [({"duration": 4}, 202), ({"duration": "8s"}, 202), ({"duration": "long"}, 400), ({"resolution": "8k"}, 400)],
)
def test_unreadable_size_or_length_is_400(client: httpx.Client, parameters: dict[str, Any], status: int) -> None:
    assert client.post(FAST, json={"prompt": "[sim:seconds=60]", **parameters}).status_code == status


def test_aimlapi_speaks_its_own_protocol(gateways: SimulatedGateways) -> None:
    body = {"model": "veed/fabric-1.0", "image_url": PICTURE, "audio_url": SOUND, "resolution": "480p"}
    bearer = {"Authorization": "Bearer sim-key"}
    with httpx.Client(base_url=gateways.url, headers=bearer, trust_env=False, verify=NO_TLS) as client:
        answer = client.post(GENERATIONS, json=body)
        told = answer.json()
        assert answer.status_code == 200
        assert re.fullmatch(f"{UUID}:veed/fabric-1.0", told["id"])
        assert (told["status"], "meta" in told) == ("queued", True)
        assert client.get(GENERATIONS, params={"generation_id": told["id"]}).json() == {
            "id": told["id"],
            "status": "queued",
        }
        assert client.get(GENERATIONS, params={"generation_id": "none"}).status_code == 404
        assert client.post(GENERATIONS, json={**body, "model": "veed/other"}).status_code == 400
        assert client.post(GENERATIONS, json=body, headers={"Authorization": "sim-key"}).status_code == 401


def test_aimlapi_tells_a_failure_with_its_message(gateways: SimulatedGateways) -> None:
    body = {"model": "veed/fabric-1.0", "image_url": "http://127.0.0.1:9/[sim:failed].png", "audio_url": SOUND}
    bearer = {"Authorization": "Bearer sim-key"}
    with httpx.Client(base_url=gateways.url, headers=bearer, trust_env=False, verify=NO_TLS) as client:
        wanted = {"generation_id": client.post(GENERATIONS, json=body).json()["id"]}
        assert gateways.wait_for(lambda: client.get(GENERATIONS, params=wanted).json()["status"] == "failed")
        assert client.get(GENERATIONS, params=wanted).json()["error"]["message"]


def test_journal_and_switch_work_from_outside(gateways: SimulatedGateways, client: httpx.Client) -> None:
    assert client.post("/_sim/refuse", json={"status": 402}).status_code == 200
    refused = client.post(FAST, json={"prompt": "a tree"})
    assert client.post("/_sim/refuse", json={"status": None}).status_code == 200
    assert client.post("/_sim/refuse", json={"status": 200}).status_code == 400
    assert (refused.status_code, refused.json()["error"]) == (402, "Insufficient Balance")
    posts = client.get("/_sim/log").json()["posts"]
    assert posts[-1]["answered"] == 402
    assert len(posts) == len(gateways.posts)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_alone_it_prints_its_url_and_ends_cleanly(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-m", "local.gateways"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/_sim/log", trust_env=False, verify=NO_TLS).status_code == 200
        process.send_signal(number)
        assert process.wait(10) == 0


def test_proxy_of_the_environment_is_not_asked_for_this_machine() -> None:
    env = {**os.environ, "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    command = [sys.executable, "-m", "local.gateways", "--seconds", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        body = {"image_url": f"{url}/_sim/log", "audio_url": f"{url}/_sim/log"}
        with httpx.Client(headers=KEY, trust_env=False, verify=NO_TLS) as client:
            status_url = client.post(url + FABRIC, json=body).json()["polling_url"]
            for _ in range(100):
                if told := client.get(status_url).json()["error"]:
                    break
                time.sleep(0.05)
        process.terminate()
    assert told == "image_url is not a readable image"
