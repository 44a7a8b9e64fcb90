"""The scripted gateways: they do as they are told, and know the truth about the money."""

from __future__ import annotations

import hashlib
import http.client
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

from dropreel.errors import MediaUnavailable
from dropreel.transfer.addresses import Policy
from dropreel.transfer.fetching import Media
from tests.simulation.account import KEYS
from tests.simulation.effects import Effects, Life
from tests.simulation.script import STEPS, Generation, Plan

REFUSING = frozenset({401, 402, 403, 429})
#: Seconds that a 429 asks for.
RETRY_AFTER = 120
#: Bytes that a slow media host sends at a time.
SLOW_PIECES = 8
NAME = re.compile(r"order\d+")


@dataclass(slots=True)
class Post:
    """One POST that arrived, or that would have if there had been a connection."""

    order: str
    gateway: str
    at: float
    life: Life
    #: What the gateway said: accept, 402, … or "no connection".
    answer: str
    #: Whether its sender had seen the gateway's gate closed.
    probing: bool
    token: str = ""
    request_id: str = ""
    script: Generation = field(default_factory=Generation)

    @property
    def refused(self) -> bool:
        """The gateway itself said that it did not take it, or it never arrived."""
        return self.answer == "no connection" or self.answer in map(str, REFUSING)

    def errored(self, now: float) -> bool:
        """Whether it has ended in ERROR by now, which is not charged; gateway "aimlapi" knows no such thing."""
        if self.gateway == "aimlapi":
            return False
        return bool(self.request_id) and self.script.outcome == "ERROR" and now >= self.at + self.script.seconds


@dataclass(slots=True)
class Call:
    """A callback on its way."""

    at: float
    job_id: str
    token: str
    body: dict[str, Any]
    kind: str


class Gateways(httpx.BaseTransport):
    """Both gateways and the host of their outputs."""

    def __init__(self, plan: Plan, effects: Effects, clock: Callable[[], float], start: float) -> None:
        self._plan = plan
        self._effects = effects
        self._clock = clock
        self._start = start
        self._served: dict[str, int] = {}
        self.posts: list[Post] = []
        self.calls: list[Call] = []
        #: When which request was asked for.
        self.asked: list[tuple[float, str]] = []
        #: Told about each POST as it arrives, before it is answered.
        self.on_post: Callable[[Post], None] = lambda post: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """httpx's: a request from one of the functions."""
        name = f"{request.method} gateway"
        self._effects.before(name)
        try:
            answer = self._post(request) if request.method == "POST" else self._status(request)
        finally:
            self._effects.after(name)
        return answer

    # POSTs

    def _post(self, request: httpx.Request) -> httpx.Response:
        order = NAME.findall(unquote(request.content.decode()))[0]
        step = next((number for number, model in enumerate(STEPS, start=2) if model in request.url.path), 1)
        order = f"{order}/{step}" if step > 1 else order
        gateway = "pixazo" if "pixazo" in request.url.host else "aimlapi"
        assert KEYS[gateway] in (request.headers.get("Ocp-Apim-Subscription-Key", ""), self._bearer(request))
        life = self._effects.life
        assert life is not None
        post = Post(order, gateway, self._clock(), life, "", probing=life.gates[gateway][0])
        callback = request.headers.get("X-Webhook-URL", "")
        post.token = callback.rpartition("/")[2]
        post.script = self._script(order)
        kind = self._trouble(gateway, (*REFUSING, 0))
        post.answer = post.script.answer if kind is None else str(kind) if kind else "no connection"
        self.posts.append(post)
        self.on_post(post)
        if kind is not None:
            return self._refuse(kind)
        return self._take(post, callback)

    def _take(self, post: Post, callback: str) -> httpx.Response:
        if post.answer == "400":
            return httpx.Response(400, json={"error": "the prompt is not allowed"})
        if post.answer not in ("lost", "500"):
            self._accept(post, callback)
        if post.answer in ("lost", "lost-accepted"):
            raise httpx.ReadTimeout("the answer was lost")
        if post.answer in ("500", "500-accepted"):
            return httpx.Response(500, json={"error": "something broke"})
        if post.answer == "not-json":
            return httpx.Response(202, text="<html>")
        named = "request_id" if post.gateway == "pixazo" else "id"
        return httpx.Response(202, json={named: post.request_id, "status": "QUEUED"})

    def _accept(self, post: Post, callback: str) -> None:
        post.request_id = f"{post.order}:request/{len(self.posts)}"
        if callback:
            job_id, token = callback.split("/")[-2:]
            for at, kind, body in self._planned(post):
                self.calls.append(Call(at, job_id, token, body, kind))

    def _planned(self, post: Post) -> Iterator[tuple[float, str, dict[str, Any]]]:
        """The callbacks of a request: when, of which kind, and what they say."""
        script, end = post.script, post.at + post.script.seconds
        ended = script.outcome != "NEVER" and script.calls != "never"
        if ended:
            yield (
                (end + (1000 if script.calls == "late" else 0)),
                f"ended {script.calls}",
                self._body(post, script.outcome),
            )
        if ended and script.calls == "twice":
            yield end, "ended twice", self._body(post, script.outcome)
        if script.calls == "progress":
            for at in (post.at, post.at + 5, end):  # the last may come too late to be news
                yield at, "progress", self._body(post, "PROCESSING")
        if script.calls == "lying":
            yield post.at + 3, "lying", self._body(post, "FAILED")
        yield post.at + 2, "forged", self._body(post, "COMPLETED")

    def _refuse(self, kind: int) -> httpx.Response:
        if kind == 0:
            raise httpx.ConnectError("no route to host")
        headers = {"Retry-After": str(RETRY_AFTER)} if kind == 429 else {}
        return httpx.Response(kind, json={"error": "refused"}, headers=headers)

    # Statuses

    def _status(self, request: httpx.Request) -> httpx.Response:
        aimlapi = "aimlapi" in request.url.host
        wanted = request.url.params.get("generation_id") or unquote(request.url.raw_path.decode().rpartition("/")[2])
        self.asked.append((self._clock(), wanted))
        if self._trouble("aimlapi" if aimlapi else "pixazo", (503,)) is not None:
            return httpx.Response(503)
        post = self.request(wanted)
        if post is None:
            return httpx.Response(404, json={"error": "not found"})
        status = self._stands(post)
        if not aimlapi:
            return httpx.Response(200, json=self._body(post, status))
        words = {"PROCESSING": "generating", "COMPLETED": "completed", "FAILED": "error", "ERROR": "error"}
        video = {"url": self._urls(post)[0]} if status == "COMPLETED" and self._urls(post) else None
        return httpx.Response(200, json={"id": wanted, "status": words[status], "video": video})

    def request(self, request_id: str) -> Post | None:
        """The POST that was given this request id."""
        return next((post for post in self.posts if post.request_id and post.request_id == request_id), None)

    def _stands(self, post: Post) -> str:
        over = post.script.outcome != "NEVER" and self._clock() >= post.at + post.script.seconds
        return post.script.outcome if over else "PROCESSING"

    def _body(self, post: Post, status: str) -> dict[str, Any]:
        urls = self._urls(post) if status == "COMPLETED" else []
        output = {"media_url": urls, "media_type": "application/octet-stream"} if urls else None
        error = "no luck" if status in ("FAILED", "ERROR") else None
        return {"request_id": post.request_id, "status": status, "error": error, "output": output}

    def _urls(self, post: Post) -> list[str]:
        count = min(post.script.outputs, 1) if post.gateway == "aimlapi" else post.script.outputs
        number = self.posts.index(post)
        return [f"https://media.example/{number}/{place}?Signature=TOPSECRET" for place in range(count)]

    # Media

    @contextmanager
    def fetch(self, url: str, policy: Policy) -> Iterator[Media]:
        """The media host's side of a download, read by the real reader."""
        number, place = url.partition("?")[0].split("/")[-2:]
        post = self.posts[int(number)]
        self._effects.before("GET media")
        whole = film(post.request_id, int(place))
        self._effects.after("GET media")
        if post.script.gone:
            raise MediaUnavailable("the media host answered 404", final=True)
        self._served[url] = self._served.get(url, 0) + 1
        shown = whole[: len(whole) // 2] if self._served[url] <= post.script.broken else whole
        pieces = SLOW_PIECES if post.script.slow else len(whole)
        yield Media(url, _response(whole, shown, pieces, lambda: self._read(post.script.slow)))

    def _read(self, seconds: float) -> None:
        """A read of an output, which may take its time."""
        life = self._effects.life
        if life is not None:
            life.slow = seconds
        self._effects.before("read media")

    def films(self, request_id: str) -> list[bytes]:
        """All that the gateway serves for a request."""
        post = self.request(request_id)
        return [film(request_id, place) for place in range(post.script.outputs)] if post else []

    def _script(self, order: str) -> Generation:
        number, _, step = order.removeprefix("order").partition("/")
        wanted = self._plan.orders[int(number)]
        scripts = wanted.steps[int(step) - 2] if step else wanted.generations
        taken = sum(1 for post in self.posts if post.order == order and not post.refused)
        return scripts[min(taken, len(scripts) - 1)]

    def _trouble(self, gateway: str, kinds: tuple[int, ...]) -> int | None:
        """What a gateway refuses with at this moment; None if it does not."""
        now = self._clock() - self._start
        for trouble in self._plan.troubles:
            if trouble.gateway == gateway and trouble.kind in kinds and trouble.begins <= now < trouble.ends:
                return trouble.kind
        return None

    def refuses(self, gateway: str, since: float, until: float) -> bool:
        """Whether a gateway refused without a pause from one moment to another."""
        for trouble in self._plan.troubles:
            begins, ends = self._start + trouble.begins, self._start + trouble.ends
            if trouble.gateway == gateway and trouble.kind != 503 and begins <= since and until < ends:
                return True
        return False

    def _bearer(self, request: httpx.Request) -> str:
        return str(request.headers.get("Authorization", "")).removeprefix("Bearer ")


def film(request_id: str, place: int) -> bytes:
    """The bytes of an output: an MP4's head, then something that no other output has."""
    tail = hashlib.sha256(f"{request_id} {place}".encode()).digest()
    return b"\0\0\0\x18ftypmp42" + tail * 4


class _Wire(io.BytesIO):
    """What comes from a media host, and stops at a boundary before each read of its body."""

    def __init__(self, content: bytes, pieces: int, beat: Callable[[], None]) -> None:
        super().__init__(content)
        self._pieces = pieces
        self._beat = beat

    def makefile(self, mode: str) -> _Wire:
        """A socket's."""
        assert mode == "rb"
        return self

    def readinto(self, buffer: Any) -> int:
        """A file's."""
        self._beat()
        return super().readinto(memoryview(buffer)[: self._pieces])


def _response(whole: bytes, shown: bytes, pieces: int, beat: Callable[[], None]) -> http.client.HTTPResponse:
    """An answer that announces the whole film, and breaks off where it is told to."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(whole)}\r\n\r\n"
    response = http.client.HTTPResponse(_Wire(head.encode() + shown, pieces, beat))  # type: ignore[arg-type]
    response.begin()
    return response
