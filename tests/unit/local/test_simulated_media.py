"""The results' files are served as a CDN would, and go wrong when a test asks for it."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Iterator

import httpx
import pytest

from local.gateways import Behaviour, SimulatedGateways

pytestmark = pytest.mark.thorough

#: Reading the machine's certificates for each client would take most of these tests' time.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
FAST = "/veo31f/v1/veo-3.1-fast/generate"


@pytest.fixture(scope="module")
def gateways() -> Iterator[SimulatedGateways]:
    with SimulatedGateways(seconds=0.0, scale=0.1, cache=None) as running:
        yield running


@pytest.fixture(scope="module")
def client(gateways: SimulatedGateways) -> Iterator[httpx.Client]:
    key = {"Ocp-Apim-Subscription-Key": "sim-key"}
    with httpx.Client(base_url=gateways.url, headers=key, trust_env=False, verify=NO_TLS) as running:
        yield running


def generate(gateways: SimulatedGateways, client: httpx.Client, prompt: str) -> str:
    request_id: str = client.post(FAST, json={"prompt": prompt, "duration": 4}).json()["request_id"]
    assert gateways.wait_for(lambda: bool(gateways.media_sha256(request_id)))
    return request_id


def urls(client: httpx.Client, request_id: str) -> list[str]:
    found: list[str] = client.get(f"/v2/requests/status/{request_id}").json()["output"]["media_url"]
    return found


def media(gateways: SimulatedGateways, client: httpx.Client, prompt: str) -> str:
    return urls(client, generate(gateways, client, prompt))[0]


def test_file_is_whole_and_has_the_hash_that_the_gateways_tell(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    request_id = generate(gateways, client, "a tree")
    answer = client.get(urls(client, request_id)[0])
    assert answer.status_code == 200
    assert [hashlib.sha256(answer.content).hexdigest()] == gateways.media_sha256(request_id)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["accept-ranges"] == "bytes"


def test_no_two_generations_have_the_same_bytes(gateways: SimulatedGateways, client: httpx.Client) -> None:
    first, second = (generate(gateways, client, "a tree") for _ in range(2))
    assert gateways.media_sha256(first) != gateways.media_sha256(second)


def test_head_tells_the_size_without_the_body(gateways: SimulatedGateways, client: httpx.Client) -> None:
    url = media(gateways, client, "a tree")
    answer = client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(client.get(url).content)


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-10", 206, slice(-10, None)),
        ("bytes=-999999999", 206, slice(None)),
        ("bytes=10-999999999", 206, slice(10, None)),
        ("bytes=999999999-", 416, slice(0)),
        ("bytes=-0", 416, slice(0)),
        ("bytes=9-3", 416, slice(0)),
        ("bytes=-", 200, slice(None)),
        ("bytes=0-3,5-6", 200, slice(None)),
        ("words=0-3", 200, slice(None)),
    ],
)
def test_ranges(gateways: SimulatedGateways, client: httpx.Client, asked: str, status: int, expected: slice) -> None:
    url = media(gateways, client, "ranges")
    whole = client.get(url).content
    answer = client.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, whole[expected])
    if status == 206:
        first = expected.indices(len(whole))[0]
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(whole)}"


def test_if_range_of_something_else_gets_the_whole(gateways: SimulatedGateways, client: httpx.Client) -> None:
    url = media(gateways, client, "a tree")
    etag = client.head(url).headers["etag"]
    same = client.get(url, headers={"Range": "bytes=1-", "If-Range": etag})
    other = client.get(url, headers={"Range": "bytes=1-", "If-Range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)


def test_unknown_file_is_404(client: httpx.Client) -> None:
    assert client.get("/media/v1/none/output.mp4").status_code == 404


def test_many_outputs_are_many_files(gateways: SimulatedGateways, client: httpx.Client) -> None:
    request_id = generate(gateways, client, "[sim:many=3]")
    hashes = [hashlib.sha256(client.get(url).content).hexdigest() for url in urls(client, request_id)]
    assert hashes == gateways.media_sha256(request_id)
    assert len(set(hashes)) == 3


def read_into(pieces: list[bytes], answer: httpx.Response) -> None:
    for piece in answer.iter_raw():
        pieces.append(piece)  # noqa: PERF402 - what came before the break counts


def test_truncated_file_breaks_in_the_middle_and_a_range_brings_the_rest(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    request_id = generate(gateways, client, "[sim:truncated-media=1]")
    url = urls(client, request_id)[0]
    pieces: list[bytes] = []
    with client.stream("GET", url) as answer, pytest.raises(httpx.RemoteProtocolError):
        read_into(pieces, answer)
    got = b"".join(pieces)
    assert 0 < len(got) < int(answer.headers["content-length"])
    got += client.get(url, headers={"Range": f"bytes={len(got)}-"}).content
    assert [hashlib.sha256(got).hexdigest()] == gateways.media_sha256(request_id)


def test_vanished_file_is_404_as_often_as_told(gateways: SimulatedGateways, client: httpx.Client) -> None:
    url = media(gateways, client, "[sim:vanished-media]")
    assert [client.get(url).status_code for _ in range(3)] == [404, 404, 404]
    url = media(gateways, client, "[sim:vanished-media=1]")
    assert [client.get(url).status_code for _ in range(2)] == [404, 200]


def test_expired_url_is_403_and_a_fresh_status_brings_one_that_works(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    request_id = generate(gateways, client, "[sim:expired-media]")
    first = urls(client, request_id)
    assert client.get(first[0]).status_code == 403
    fresh = urls(client, request_id)
    assert client.get(first[0]).status_code == 403
    assert [client.get(url).status_code for url in fresh] == [200]


def test_redirected_file_is_one_hop_away(gateways: SimulatedGateways, client: httpx.Client) -> None:
    url = media(gateways, client, "[sim:redirect-media]")
    assert client.get(url).status_code == 302
    assert client.get(url, follow_redirects=True).status_code == 200


def test_forbidden_file_lies_at_a_private_address_as_often_as_told(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    url = media(gateways, client, "[sim:forbidden-media=1]")
    assert client.get(url).headers["location"].startswith("https://10.")
    assert client.get(url).status_code == 200


def test_slow_file_takes_its_seconds_and_is_whole(gateways: SimulatedGateways, client: httpx.Client) -> None:
    gateways.behave(Behaviour(media="slow", media_seconds=0.4), match="slowly", times=1)
    request_id = generate(gateways, client, "slowly")
    began = time.monotonic()
    content = client.get(urls(client, request_id)[0]).content
    assert time.monotonic() - began > 0.3
    assert [hashlib.sha256(content).hexdigest()] == gateways.media_sha256(request_id)
    assert [get.answered for get in gateways.media_gets if get.request_id == request_id] == [200]


def test_a_page_is_served_in_the_films_place_as_often_as_told(
    gateways: SimulatedGateways, client: httpx.Client
) -> None:
    url = media(gateways, client, "[sim:page-media=1]")
    page, film = client.get(url), client.get(url)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html")
    assert (film.status_code, film.headers["content-type"]) == (200, "video/mp4")


def test_a_packed_film_is_the_film_once_it_is_unpacked(gateways: SimulatedGateways, client: httpx.Client) -> None:
    request_id = generate(gateways, client, "[sim:packed-media]")
    answer = client.get(urls(client, request_id)[0])
    assert answer.headers["content-encoding"] == "gzip"
    assert [hashlib.sha256(answer.content).hexdigest()] == gateways.media_sha256(request_id)
