"""What the simulated gateways do when a test, or a marker in a prompt, asks them to misbehave."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


class Receiver(ThreadingHTTPServer):
    """Takes callbacks; the first `broken` of them are answered 500."""

    daemon_threads = False
    broken = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/callbacks/x"


class Taken(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.broken -= 1
        self.send_response(500 if self.server.broken >= 0 else 202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(("127.0.0.1", 0), Taken) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def gateways() -> Iterator[SimulatedGateways]:
    with SimulatedGateways(seconds=0.05, scale=0.1, cache=None, cycle_seconds=0.1, retry_seconds=0.05) as running:
        yield running


@pytest.fixture
def client(gateways: SimulatedGateways, receiver: Receiver) -> Iterator[httpx.Client]:
    headers = {**KEY, "X-Webhook-URL": receiver.url}
    with httpx.Client(base_url=gateways.url, headers=headers, trust_env=False, verify=NO_TLS) as running:
        yield running


def post(client: httpx.Client, prompt: str, **headers: str) -> httpx.Response:
    return client.post(FAST, json={"prompt": prompt, "duration": 4}, headers=headers)


def told(client: httpx.Client, request_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v2/requests/status/{request_id}").json()
    return found


def statuses(gateways: SimulatedGateways) -> list[object]:
    return [callback.body["status"] for callback in gateways.callbacks]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a tree", ["COMPLETED"]),
        ("a tree [sim:duplicate]", ["COMPLETED", "COMPLETED"]),
        ("a tree [sim:duplicate=4]", ["COMPLETED"] * 4),
        ("a tree [sim:out-of-order]", ["COMPLETED", "PROCESSING", "QUEUED"]),
        ("a tree [sim:error]", ["ERROR"]),
        ("a tree [sim:failed]", ["FAILED"]),
        ("a tree [sim:late=0.2]", ["COMPLETED"]),
        ("a tree [sim:early]", ["COMPLETED"]),
        ("a tree [sim:500]", ["COMPLETED"]),
        ("a tree [sim:failed] [sim:duplicate]", ["FAILED", "FAILED"]),
    ],
)
def test_callbacks_come_as_asked(
    gateways: SimulatedGateways, client: httpx.Client, prompt: str, expected: list[str]
) -> None:
    post(client, prompt)
    assert gateways.wait_for(lambda: len(gateways.callbacks) >= len(expected))
    time.sleep(0.1)
    assert statuses(gateways) == expected
    assert all(callback.answered == 202 for callback in gateways.callbacks)


def test_callback_is_the_status_answer(gateways: SimulatedGateways, client: httpx.Client) -> None:
    request_id = post(client, "a tree").json()["request_id"]
    assert gateways.wait_for(lambda: len(gateways.callbacks) == 1)
    assert gateways.callbacks[0].body == told(client, request_id)


def test_no_callback_still_completes(gateways: SimulatedGateways, client: httpx.Client) -> None:
    request_id = post(client, "[sim:no-callback]").json()["request_id"]
    assert gateways.wait_for(lambda: told(client, request_id)["status"] == "COMPLETED")
    time.sleep(0.1)
    assert gateways.callbacks == ()


def test_generation_ends_only_when_it_was_asked_for_often_enough(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    request_id = post(client, "[sim:asked=2]").json()["request_id"]
    time.sleep(0.5)
    assert {told(client, request_id)["status"] for _ in range(2)} == {"PROCESSING"}
    assert gateways.wait_for(lambda: told(client, request_id)["status"] == "COMPLETED")


def test_late_callback_follows_a_status_that_is_already_completed(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    request_id = post(client, "[sim:late=0.4]").json()["request_id"]
    assert gateways.wait_for(lambda: told(client, request_id)["status"] == "COMPLETED")
    assert gateways.callbacks == ()
    assert gateways.wait_for(lambda: len(gateways.callbacks) == 1)


def test_early_callback_arrives_before_the_post_is_answered(gateways: SimulatedGateways, client: httpx.Client) -> None:
    answer = post(client, "[sim:early]")
    assert (answer.status_code, answer.json()["status"]) == (202, "QUEUED")
    assert statuses(gateways) == ["COMPLETED"]


def test_sync_mode_tells_the_progress_too(gateways: SimulatedGateways, client: httpx.Client) -> None:
    post(client, "[sim:seconds=3]", **{"X-Webhook-Mode": "sync"})
    assert gateways.wait_for(lambda: "COMPLETED" in statuses(gateways))
    time.sleep(0.25)  # two more cycles, which must be silent
    seen = statuses(gateways)
    assert seen[0] == "QUEUED"
    assert "PROCESSING" in seen
    assert seen.count("COMPLETED") == 1


def test_failed_callback_is_tried_again_three_times(
    gateways: SimulatedGateways, client: httpx.Client, receiver: Receiver
) -> None:
    receiver.broken = 2
    post(client, "a tree")
    assert gateways.wait_for(lambda: len(gateways.callbacks) == 3)
    assert [callback.answered for callback in gateways.callbacks] == [500, 500, 202]
    receiver.broken = 100
    post(client, "another")
    assert gateways.wait_for(lambda: len(gateways.callbacks) == 3 + 4)
    time.sleep(0.2)
    assert len(gateways.callbacks) == 3 + 4


def test_error_for_the_first_two_attempts_only(gateways: SimulatedGateways, client: httpx.Client) -> None:
    ends = []
    for _ in range(3):
        request_id = post(client, "[sim:error=2]").json()["request_id"]
        assert gateways.wait_for(lambda: told(client, request_id)["status"] in ("ERROR", "COMPLETED"))  # noqa: B023
        ends.append(told(client, request_id))
    assert [end["status"] for end in ends] == ["ERROR", "ERROR", "COMPLETED"]
    assert (ends[0]["output"], bool(ends[0]["error"])) == (None, True)


@pytest.mark.parametrize(("marker", "status"), [("401", 401), ("402", 402), ("403", 403)])
def test_refusals_begin_nothing(gateways: SimulatedGateways, client: httpx.Client, marker: str, status: int) -> None:
    for _ in range(2):
        assert post(client, f"[sim:{marker}]").status_code == status
    assert [(seen.answered, seen.request_id) for seen in gateways.posts] == [(status, None)] * 2


def test_balance_is_refused_in_the_documents_words(client: httpx.Client) -> None:
    expected = {"error": "Insufficient Balance", "message": "Your wallet does not have enough balance."}
    assert post(client, "[sim:402]").json() == expected


def test_too_many_requests_once_for_each_distinct_body(client: httpx.Client) -> None:
    first = post(client, "[sim:429=3]")
    assert (first.status_code, first.headers["retry-after"]) == (429, "3")
    assert post(client, "[sim:429=3]").status_code == 202
    assert post(client, "another [sim:429=3]").status_code == 429


def test_freshly_signed_urls_make_no_new_body(client: httpx.Client) -> None:
    body = {"audio_url": "http://127.0.0.1:9/a.wav?sig=1", "image_url": "http://127.0.0.1:9/%5Bsim:429%5D.png?sig=1"}
    again = {name: url.replace("sig=1", "sig=2") for name, url in body.items()}
    assert [client.post(FABRIC, json=sent).status_code for sent in (body, again)] == [429, 202]


def test_500_after_accepting_runs_the_job(gateways: SimulatedGateways, client: httpx.Client) -> None:
    assert post(client, "[sim:500]").status_code == 500
    assert gateways.wait_for(lambda: len(gateways.callbacks) == 1)
    assert gateways.posts[0].request_id == gateways.callbacks[0].request_id


def test_dropped_connection_runs_the_job(gateways: SimulatedGateways, client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        post(client, "[sim:drop]")
    assert gateways.wait_for(lambda: len(gateways.callbacks) == 1)
    assert (gateways.posts[0].answered, bool(gateways.posts[0].request_id)) == (None, True)


def test_dropped_and_unaccepted_runs_nothing(gateways: SimulatedGateways, client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        post(client, "[sim:drop-unaccepted]")
    assert (gateways.posts[0].answered, gateways.posts[0].request_id) == (None, None)


def test_slow_answer_outlasts_an_impatient_client(gateways: SimulatedGateways, client: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.post(FAST, json={"prompt": "[sim:slow-answer=0.5]"}, timeout=0.1)
    assert gateways.wait_for(lambda: len(gateways.callbacks) == 1)


def test_misspelt_marker_is_loud(client: httpx.Client) -> None:
    answer = post(client, "[sim:no-calback]")
    assert (answer.status_code, "no-callback" in answer.json()["message"]) == (400, True)


def test_unfetchable_input_fails_the_generation(gateways: SimulatedGateways, client: httpx.Client) -> None:
    body = {"image_url": f"{gateways.url}/media/none.png", "audio_url": f"{gateways.url}/media/none.wav"}
    request_id = client.post(FABRIC, json=body).json()["request_id"]
    assert gateways.wait_for(lambda: statuses(gateways) == ["FAILED"])
    assert told(client, request_id)["error"] == "image_url could not be fetched: HTTP 404"
    assert [(fetch.field, fetch.answered) for fetch in gateways.fetches] == [("image_url", 404)]


def test_unreadable_input_fails_the_generation(gateways: SimulatedGateways, client: httpx.Client) -> None:
    body = {"image_url": f"{gateways.url}/_sim/log", "audio_url": f"{gateways.url}/_sim/log"}
    request_id = client.post(FABRIC, json=body).json()["request_id"]
    assert gateways.wait_for(lambda: statuses(gateways) == ["FAILED"])
    assert told(client, request_id)["error"] == "image_url is not a readable image"


def test_rule_of_a_test_holds_for_what_it_matches_and_as_often_as_told(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    gateways.behave(Behaviour(refusal=403, refusals=9), match="order-17", times=1)
    gateways.behave(Behaviour(refusal=402, refusals=1), match="veo-3-1", times=1)
    assert post(client, "order-18").status_code == 202
    assert post(client, "order-17").status_code == 403
    assert post(client, "order-17").status_code == 202
    assert client.post("/veo/v1/veo-3.1/generate", json={"prompt": "x"}).status_code == 402


def test_switch_refuses_everything_until_it_is_undone(gateways: SimulatedGateways, client: httpx.Client) -> None:
    request_id = post(client, "a tree").json()["request_id"]
    gateways.refuse(429, retry_after=7)
    assert post(client, "a tree").headers["retry-after"] == "7"
    assert told(client, request_id)["request_id"] == request_id
    gateways.refuse(401, reads=True)
    assert client.get(f"/v2/requests/status/{request_id}").status_code == 401
    gateways.refuse(402, gateway="aimlapi")
    assert post(client, "a tree").status_code == 202
    gateways.refuse(None)
    assert post(client, "a tree").status_code == 202


def test_stop_ends_what_is_under_way(receiver: Receiver) -> None:
    gateways = SimulatedGateways(seconds=60, cache=None).start()
    with httpx.Client(
        base_url=gateways.url, headers={**KEY, "X-Webhook-URL": receiver.url}, trust_env=False, verify=NO_TLS
    ) as client:
        post(client, "a tree")
        began = time.monotonic()
        gateways.stop()
        assert time.monotonic() - began < 30, "it does not wait for the film"
        with pytest.raises(httpx.TransportError):
            post(client, "a tree")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("simulated-gateways")]


@pytest.mark.parametrize(
    ("marker", "status", "error"),
    [
        ("object-error", "FAILED", {"message": "The input was flagged", "code": "policy"}),
        ("long-error", "FAILED", "no " * 150_000),
        ("succeeded", "succeeded", None),
        ("cancelled", "CANCELLED", None),
    ],
)
def test_an_end_is_told_in_other_words_than_the_documents(
    gateways: SimulatedGateways, client: httpx.Client, marker: str, status: str, error: object
) -> None:
    request_id = post(client, f"[sim:{marker}]").json()["request_id"]
    assert gateways.wait_for(lambda: len(gateways.callbacks) == 1)
    found = told(client, request_id)
    assert (found["status"], found["error"]) == (status, error)


def test_outputs_are_told_in_other_forms_than_the_documents(gateways: SimulatedGateways, client: httpx.Client) -> None:
    forms = {}
    for marker in ("many", "object-output", "no-output"):
        request_id = post(client, f"[sim:{marker}]").json()["request_id"]
        assert gateways.wait_for(lambda: told(client, request_id)["status"] == "COMPLETED")  # noqa: B023
        forms[marker] = told(client, request_id)["output"]["media_url"]
    assert [type(url) for url in forms["many"]] == [str, str]
    assert list(forms["object-output"][0]) == ["url"]
    assert (forms["object-output"][1:], forms["no-output"]) == ([""], None)


def test_a_mistake_is_told_in_the_manner_of_fastapi(client: httpx.Client) -> None:
    answer = post(client, "[sim:422]")
    assert answer.status_code == 422
    assert [detail["msg"] for detail in answer.json()["detail"]] == ["This ratio is not supported."]
