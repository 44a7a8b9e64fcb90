"""Both gateways: the exact requests of their documents, and every answer that the documents show or forget."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, get_args
from urllib.parse import parse_qs, unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropreel import catalog
from dropreel.catalog.model import Gateway
from dropreel.errors import AnswerLost, Declined, DropreelError, Refused, StatusUnavailable
from dropreel.gateways import Answer, Callback, access
from dropreel.gateways.aimlapi import Aimlapi
from dropreel.gateways.pixazo import Pixazo
from dropreel.jobs import RANK, identity, is_request_id
from dropreel.settings import GatewaySettings
from infra import environments

PIXAZO, AIMLAPI = "https://gateway.pixazo.ai", "https://api.aimlapi.com"
VEO, FABRIC = catalog.find("veo-3-1"), catalog.find("aimlapi-veed-fabric")
AIMLAPI_ID = "8fbb9a2e-7c31-4b8e-9d0f-000000000000:veed/fabric-1.0"
REQUEST_IDS = ["veo_019d-0001", "a/b", "a:b", "..", "a?b=c&d#e", "a b", "100%", "%2F", "été", "+", "x" * 256]


class Line:
    """The line to a gateway, which says one thing and remembers what it was asked."""

    def __init__(self, status: int, answer: object) -> None:
        self.status, self.answer = status, answer
        self.requests: list[httpx.Request] = []
        self.client = httpx.Client(transport=httpx.MockTransport(self._respond))

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.status, content=json.dumps(self.answer))

    @property
    def request(self) -> httpx.Request:
        (request,) = self.requests
        return request


@pytest.fixture
def line() -> Iterator[Callable[..., Line]]:
    lines: list[Line] = []

    def make(answer: object, status: int = 200) -> Line:
        lines.append(Line(status, answer))
        return lines[-1]

    yield make
    for one in lines:
        one.client.close()


def pixazo(line: Line) -> Pixazo:
    return Pixazo(line.client, PIXAZO, lambda: "the-key")


def aimlapi(line: Line) -> Aimlapi:
    return Aimlapi(line.client, AIMLAPI, lambda: "the-key")


def the_answer(found: object) -> Answer:
    """What Pixazo's answer to a status request is read as."""
    wire = Line(200, found)
    with wire.client:
        return pixazo(wire).status("r")


def headers(request: httpx.Request) -> dict[str, str]:
    """What we say, without what any HTTP client says."""
    usual = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}
    return {name: value for name, value in request.headers.items() if name not in usual}


# Pixazo

TAKEN = {"request_id": "veo_019d-0001", "status": "QUEUED", "polling_url": f"{PIXAZO}/v2/requests/status/veo_019d-0001"}
VALUES = {"prompt": "été", "duration": 8, "generate_audio": False, "reference_images": ["https://a.example/b?c=d&e"]}


@pytest.mark.parametrize(
    ("callback", "more"),
    [
        (None, {}),
        (
            Callback("https://cb.example/callbacks/j/t", progress=False),
            {"x-webhook-url": "https://cb.example/callbacks/j/t", "x-webhook-mode": "terminal"},
        ),
        (
            Callback("https://cb.example/callbacks/j/t", progress=True),
            {"x-webhook-url": "https://cb.example/callbacks/j/t", "x-webhook-mode": "sync"},
        ),
    ],
)
def test_pixazo_is_asked_exactly_as_its_document_says(
    line: Callable[..., Line], callback: Callback | None, more: dict[str, str]
) -> None:
    wire = line(TAKEN, 202)
    assert pixazo(wire).submit(VEO, VALUES, callback) == "veo_019d-0001"
    assert (wire.request.method, str(wire.request.url)) == ("POST", f"{PIXAZO}/veo/v1/veo-3.1/generate")
    assert json.loads(wire.request.content) == VALUES
    assert headers(wire.request) == {
        "ocp-apim-subscription-key": "the-key",
        "content-type": "application/json",
        "cache-control": "no-cache",
        **more,
    }


@pytest.mark.parametrize(
    "model", [model for model in catalog.MODELS.values() if model.gateway == "pixazo"], ids=lambda model: model.id
)
def test_every_model_is_asked_for_at_its_own_path(line: Callable[..., Line], model: type[catalog.Model]) -> None:
    wire = line(TAKEN, 202)
    pixazo(wire).submit(model, {}, None)
    assert str(wire.request.url) == PIXAZO + model.endpoint
    assert wire.request.content == b"{}"


@pytest.mark.parametrize("answer", [{"request_id": "r"}, {"id": "r"}, {"request_id": "r", "id": "other"}])
def test_pixazos_request_id_may_be_called_id(line: Callable[..., Line], answer: dict[str, str]) -> None:
    assert pixazo(line(answer, 202)).submit(VEO, {}, None) == "r"


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (400, {"error": "Bad Request"}, Declined),
        (402, {"error": "Insufficient Balance", "message": "top up"}, Refused),
        (404, {"error": "Model not found"}, Declined),
        (500, {"error": "Internal Server Error"}, AnswerLost),
        (202, {"status": "QUEUED"}, AnswerLost),
    ],
)
def test_pixazos_refusals_go_to_the_table_of_the_money(
    line: Callable[..., Line], status: int, answer: object, error: type[Exception]
) -> None:
    wire = line(answer, status)
    with pytest.raises(error):
        pixazo(wire).submit(VEO, {}, None)
    assert len(wire.requests) == 1


@pytest.mark.parametrize("request_id", [name for name in REQUEST_IDS if name != ".."])
def test_pixazos_status_is_asked_by_the_whole_request_id(line: Callable[..., Line], request_id: str) -> None:
    assert is_request_id(request_id)
    wire = line({"status": "QUEUED"})
    assert pixazo(wire).status(request_id) == Answer("QUEUED")
    path, _, last = wire.request.url.raw_path.decode().rpartition("/")
    assert (wire.request.method, wire.request.url.host, path) == ("GET", "gateway.pixazo.ai", "/v2/requests/status")
    assert unquote(last) == request_id
    assert headers(wire.request) == {"ocp-apim-subscription-key": "the-key"}
    assert wire.request.content == b""


FILM = "https://cdn.example/film.mp4"


def an_answer(status: object, **changes: object) -> dict[str, object]:
    """The document's status answer, with all its oddities."""
    usual: dict[str, object] = {
        "request_id": "veo-3-1_019dxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxxx",
        "status": status,
        "model_id": "veo-3-1",
        "error": None,
        "output": {"media_url": [FILM], "media_type": "application/octet-stream"},
        "created_at": "2026-05-22T13:18:03.000Z",
        "updated_at": "2026-05-22 13:19:23",
        "completed_at": "...",
    }
    return usual | changes


ENDS = {
    "COMPLETED": Answer("COMPLETED", (FILM,)),
    "FAILED": Answer("FAILED", (), "no"),
    "ERROR": Answer("ERROR", (), "no"),
}


@pytest.mark.parametrize("status", ["QUEUED", "PROCESSING", "COMPLETED", "FAILED", "ERROR"])
@pytest.mark.parametrize("when", ["2026-05-22T13:18:03.000Z", "2026-05-22 13:19:23", "...", "", None, 7, {}])
def test_no_timestamp_ever_spoils_an_answer(status: str, when: object) -> None:
    times = {"created_at": when, "updated_at": when, "completed_at": when}
    assert the_answer(an_answer(status, error="no", **times)) == ENDS.get(status, Answer(status))


@pytest.mark.parametrize(("status", "ended"), [("QUEUED", False), ("PROCESSING", False), ("COMPLETED", True)])
def test_an_answer_knows_whether_it_is_the_end(status: str, ended: bool) -> None:
    assert Answer(status).ended == ended
    assert Answer("FAILED").ended
    assert Answer("ERROR").ended


SECOND = "https://cdn.example/2"
OUTPUTS: list[tuple[object, tuple[str, ...]]] = [
    ({"media_url": FILM}, (FILM,)),
    ({"media_url": [FILM, SECOND]}, (FILM, SECOND)),
    ({"media_url": [None, FILM, 7, "", " "]}, (FILM,)),
    ({"media_url": [FILM, ""]}, (FILM,)),
    ({"media_url": {"url": FILM}}, (FILM,)),
    ({"media_url": [{"url": FILM, "content_type": "video/mp4"}, {"url": SECOND}, {"url": None}]}, (FILM, SECOND)),
    ({"media_url": [[FILM], [SECOND]]}, (FILM, SECOND)),
    ({"media_url": "", "url": FILM}, (FILM,)),
    ({"media_url": f" {FILM}\n"}, (FILM,)),
    ({"media_url": "HTTPS://cdn.example/a b.mp4"}, ("HTTPS://cdn.example/a b.mp4",)),
    ({"video": {"url": FILM}}, (FILM,)),
    ({"videos": [{"url": FILM}]}, (FILM,)),
    ({"video_url": FILM, "thumbnail_url": SECOND}, (FILM,)),
    ({"url": FILM, "thumbnail": {"url": SECOND}}, (FILM,)),
    (FILM, (FILM,)),
    ([FILM, SECOND], (FILM, SECOND)),
    ([{"media_url": [FILM]}, {"url": SECOND}], (FILM, SECOND)),
]


@pytest.mark.parametrize(("output", "urls"), OUTPUTS)
def test_an_output_is_found_in_any_form_in_which_it_is_told(output: object, urls: tuple[str, ...]) -> None:
    assert the_answer(an_answer("COMPLETED", output=output)) == Answer("COMPLETED", urls)


def test_an_output_may_lie_where_the_other_gateway_puts_it(line: Callable[..., Line]) -> None:
    for place in ("video", "output", "media_url"):
        found = {"status": "completed", "output": None, place: [{"url": FILM}]}
        assert the_answer(found) == aimlapi(line(found)).status("r") == Answer("COMPLETED", (FILM,))


@pytest.mark.parametrize(
    "output",
    [
        {"media_url": None},
        {"media_url": []},
        {"media_url": ["", " "]},
        {"media_url": "s3://bucket/film.mp4"},
        {"media_url": "data:video/mp4;base64,AAAA"},
        {"media_url": "/media/film.mp4"},
        {"media_url": 7},
        {"preview": FILM, "log": SECOND},
        {"thumbnail_url": FILM},
        "no film",
        [None],
        {"url": {"url": {"url": {"url": {"url": {"url": FILM}}}}}},
    ],
)
def test_an_end_without_an_address_says_what_is_there_instead(output: object) -> None:
    answer = the_answer(an_answer("COMPLETED", output=output))
    seen = json.dumps({"output": output})
    assert answer == Answer("COMPLETED", (), f"the gateway completed it with no output that has an address: {seen}")


@pytest.mark.parametrize("output", [None, {}, [], "", False, 0])
def test_an_end_without_an_output_says_what_was_said(output: object) -> None:
    answer = the_answer({"status": "COMPLETED", "output": output, "result": {"link": f"{FILM}?secret"}})
    assert answer.media_urls == ()
    assert answer.error.endswith(f'"result": {{"link": "{FILM}"}}}}')


def test_an_end_with_more_outputs_than_a_record_holds_is_none() -> None:
    urls = [f"{FILM}?{number}" for number in range(101)]
    assert len(the_answer(an_answer("COMPLETED", output=urls[1:])).media_urls) == 100
    answer = the_answer(an_answer("COMPLETED", output=urls))
    assert (answer.media_urls, answer.error[:42]) == ((), "the gateway completed it with 101 outputs:")
    assert len(answer.error) == 400


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("Description of the error", "Description of the error"),
        (None, ""),
        ({"code": 7}, "7"),
        ({"message": "flagged"}, "flagged"),
        ([{"loc": ["body", "image"], "msg": "ratio not supported"}], "image: ratio not supported"),
        ("x" * 450_000, "x" * 400),
        ("can not read https://inbox.example/a.png?X-Amz-Signature=secret", "can not read https://inbox.example/a.png"),
    ],
)
def test_the_gateways_message_is_passed_on_without_secrets(error: object, message: str) -> None:
    assert the_answer(an_answer("ERROR", error=error, output=None)) == Answer("ERROR", (), message)


def both(line: Callable[..., Line], found: object) -> Answer:
    """What both gateways' answers are read as."""
    answer = the_answer(found)
    assert aimlapi(line(found)).status("r") == answer
    return answer


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *((word, "QUEUED") for word in ("Queued", "in_queue", "IN-QUEUE", "pending", "waiting")),
        *(
            (word, "PROCESSING")
            for word in ("processing", "in progress", "RUNNING", "starting", "active", "generating")
        ),
        *((word, "COMPLETED") for word in ("completed", " Complete ", "SUCCEEDED", "success", "done", "finished")),
    ],
)
def test_a_word_in_any_spelling_is_taken_for_what_it_plainly_means(
    line: Callable[..., Line], word: str, status: str
) -> None:
    answer = both(line, an_answer(word, error="an old error"))
    assert answer == Answer(status, (FILM,) if status == "COMPLETED" else ())


@pytest.mark.parametrize(
    "word", ["CANCELLED", "canceled", "Rejected", "error", "Error", "timed-out", "BANANA", "x" * 99]
)
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, ""),
        ({"error": {"message": "flagged"}}, ": flagged"),
        ({"message": "flagged"}, ": flagged"),
        ({"error": "see https://a.example/b?secret"}, ": see https://a.example/b"),
    ],
)
def test_any_other_word_ends_the_job_by_its_name_and_is_never_taken_for_not_charged(
    line: Callable[..., Line], word: str, more: dict[str, object], said: str
) -> None:
    answer = both(line, {"status": word, "output": {"media_url": [FILM]}, **more})
    assert answer == Answer("FAILED", (), f"the gateway ended it as {word!r}{said}")


@pytest.mark.parametrize("word", ["FAILED", "failed", "Failed"])
def test_what_failed_tells_why(line: Callable[..., Line], word: str) -> None:
    assert both(line, {"status": word, "error": {"message": "flagged"}}) == Answer("FAILED", (), "flagged")
    assert both(line, {"status": word, "detail": "flagged"}) == Answer("FAILED", (), "flagged")
    assert both(line, {"status": word, "error": None}) == Answer("FAILED", (), f"the gateway ended it as {word!r}")


@pytest.mark.parametrize("status", [None, "", " ", 7, ["COMPLETED"], {}, True])
def test_an_answer_without_a_word_is_no_news_and_says_what_it_is(line: Callable[..., Line], status: object) -> None:
    for ask in (the_answer, lambda found: aimlapi(line(found)).status("r")):
        with pytest.raises(StatusUnavailable, match="gave no status: no such request"):
            ask({"status": status, "error": "no such request"})
        with pytest.raises(StatusUnavailable, match=r'gave no status: \{"status": '):
            ask({"status": status})
    with pytest.raises(StatusUnavailable, match=r"gave no status: \{\}"):
        the_answer({})


@pytest.mark.parametrize("status", ["ERROR", "the-key"])
def test_pixazos_words_never_repeat_our_key(status: str) -> None:
    try:
        said = the_answer(an_answer(status, error="Invalid key the-key.")).error
    except StatusUnavailable as error:
        said = str(error)
    assert "the-key" not in said
    assert "…" in said


@pytest.mark.parametrize("said", [{"error": "bad key the-key"}, {"error": {"message": "bad key the-key"}}])
def test_aimlapis_words_never_repeat_our_key(line: Callable[..., Line], said: dict[str, object]) -> None:
    for word in ("failed", "oh, the-key", "x"):
        error = aimlapi(line({"status": word, **said})).status("r").error
        assert "bad key …" in error
        assert "the-key" not in error


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_a_refused_request_never_repeats_our_key_or_callback(line: Callable[..., Line], status: int) -> None:
    place = f"cb.example/callbacks/{identity('j')}/the-token"
    address = f"https://{place}"
    wire = line({"error": f"key the-key, webhook {address} and {place}"}, status)
    with pytest.raises(DropreelError) as caught:
        pixazo(wire).submit(VEO, {}, Callback(address, progress=False))
    assert "the-key" not in str(caught.value)
    assert "the-token" not in str(caught.value)
    with pytest.raises(DropreelError) as caught:
        pixazo(wire).status("r")
    assert "the-key" not in str(caught.value)


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "ERROR", "CANCELLED", "https://a.example/?secret ", ""])
@pytest.mark.parametrize("place", ["error", "message", "output", "status"])
def test_a_text_of_any_length_is_cut_wherever_it_comes_in(line: Callable[..., Line], status: str, place: str) -> None:
    found = {"status": status, "error": {"message": "no"}} | {place: status + " " + "x" * 450_000}
    for ask in (the_answer, lambda found: aimlapi(line(found)).status("r")):
        try:
            said = ask(found).error
        except StatusUnavailable as error:
            said = str(error)
        assert 2 <= len(said) <= 400
        assert "secret" not in said


@given(
    st.dictionaries(
        st.sampled_from(["status", "output", "error", "request_id"]),
        st.recursive(
            st.none() | st.integers() | st.floats() | st.text() | st.sampled_from(["COMPLETED", "QUEUED", FILM]),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["media_url", "url", "loc", "msg"]), inner),
            max_leaves=5,
        ),
    )
)
def test_no_answer_of_any_form_breaks_the_reading(found: dict[str, Any]) -> None:
    try:
        answer = the_answer(found)
    except StatusUnavailable:
        return
    assert answer.status in RANK
    assert all(url.startswith("https://") for url in answer.media_urls)
    assert len(answer.error) <= 400


@pytest.mark.parametrize("depth", [25, 300, 600, 900, 950, 980])
@pytest.mark.parametrize("status", ['"COMPLETED"', "7", '"FAILED"'])
def test_an_answer_of_any_depth_is_read_or_no_news(depth: int, status: str) -> None:
    deep = "[" * depth + "]" * depth
    body = f'{{"status": {status}, "output": {deep}, "error": {deep}}}'
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=body))) as client:
        try:
            answer = Pixazo(client, PIXAZO, lambda: "the-key").status("r")
        except StatusUnavailable:
            return
    assert answer.media_urls == ()
    assert answer.error


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_a_refused_status_is_unavailable_at_both_gateways(line: Callable[..., Line], status: int) -> None:
    with pytest.raises(StatusUnavailable):
        pixazo(line({"status": "COMPLETED"}, status)).status("r")
    with pytest.raises(StatusUnavailable):
        aimlapi(line({"status": "completed"}, status)).status("r")


def test_only_pixazo_calls_back() -> None:
    assert Pixazo.calls_back
    assert not Aimlapi.calls_back


def test_the_key_is_asked_for_each_time(line: Callable[..., Line]) -> None:
    keys = iter(["one", "two", "three", "four"])
    wire = line({"status": "QUEUED", "id": "r"})
    for kind, base in ((Pixazo, PIXAZO), (Aimlapi, AIMLAPI)):
        gateway = kind(wire.client, base, lambda: next(keys))
        gateway.submit(FABRIC, {}, None)
        gateway.status("r")
    names = ("ocp-apim-subscription-key", "authorization")
    sent = [request.headers[name] for request in wire.requests for name in names if name in request.headers]
    assert sent == ["one", "two", "Bearer three", "Bearer four"]


# AI/ML API


def test_aimlapi_is_asked_exactly_as_its_document_says(line: Callable[..., Line]) -> None:
    wire = line({"id": AIMLAPI_ID, "status": "queued", "meta": {"usage": {}}}, 201)
    values = {"image_url": "https://a.example/b?c=d", "audio_url": "https://a.example/e", "resolution": "720p"}
    assert aimlapi(wire).submit(FABRIC, values, None) == AIMLAPI_ID
    assert (wire.request.method, str(wire.request.url)) == ("POST", f"{AIMLAPI}/v2/video/generations")
    assert json.loads(wire.request.content) == {"model": "veed/fabric-1.0", **values}
    assert headers(wire.request) == {"authorization": "Bearer the-key", "content-type": "application/json"}


def test_aimlapi_is_never_told_of_a_callback(line: Callable[..., Line]) -> None:
    wire = line({"id": "r"})
    aimlapi(wire).submit(FABRIC, {}, Callback("https://cb.example/callbacks/j/t", progress=True))
    assert "callbacks" not in str(wire.request.headers) + wire.request.content.decode()


@pytest.mark.parametrize("answer", [{"id": "r"}, {"generation_id": "r"}, {"id": "r", "generation_id": "other"}])
def test_aimlapis_request_id_may_be_called_generation_id(line: Callable[..., Line], answer: dict[str, str]) -> None:
    assert aimlapi(line(answer)).submit(FABRIC, {}, None) == "r"


@pytest.mark.parametrize("request_id", [AIMLAPI_ID, *REQUEST_IDS])
def test_aimlapis_status_is_asked_by_the_whole_request_id(line: Callable[..., Line], request_id: str) -> None:
    wire = line({"id": request_id, "status": "queued"})
    assert aimlapi(wire).status(request_id) == Answer("QUEUED")
    url = wire.request.url
    assert (wire.request.method, url.host, url.path) == ("GET", "api.aimlapi.com", "/v2/video/generations")
    assert parse_qs(url.query.decode(), strict_parsing=True, encoding="utf-8") == {"generation_id": [request_id]}
    assert headers(wire.request) == {"authorization": "Bearer the-key"}


def test_colons_and_slashes_of_an_id_are_encoded(line: Callable[..., Line]) -> None:
    wire = line({"status": "queued"})
    aimlapi(wire).status(AIMLAPI_ID)
    assert wire.request.url.query.endswith(b"%3Aveed%2Ffabric-1.0")


@pytest.mark.parametrize(
    ("status", "progress"),
    [("waiting", "QUEUED"), ("queued", "QUEUED"), ("active", "PROCESSING"), ("generating", "PROCESSING")],
)
def test_aimlapis_running_words_are_progress(line: Callable[..., Line], status: str, progress: str) -> None:
    assert aimlapi(line({"status": status, "video": {"url": FILM}, "error": "x"})).status("r") == Answer(progress)


@pytest.mark.parametrize("status", ["completed", "complete"])
def test_aimlapis_end_is_spelled_in_two_ways(line: Callable[..., Line], status: str) -> None:
    found = {"id": "r", "status": status, "video": {"url": FILM, "duration": 5}}
    assert aimlapi(line(found)).status("r") == Answer("COMPLETED", (FILM,))


# All of them


def test_a_gateway_is_registered_everywhere_under_one_name() -> None:
    named = set(get_args(Gateway))
    told = {field.name for field in fields(GatewaySettings)} - {"allow_loopback"}
    assert named == set(access.GATEWAYS) == set(environments.GATEWAYS)
    assert told == {f"{name}_{what}" for name in named for what in ("url", "secret")}
