"""A gateway with nothing to do but keep its promises: both dialects, one film, ends that come by a clock.

`python -m benchmarks.gateway --seconds 1` runs it by itself and prints where it is.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

#: Bytes of the film: a clip of eight seconds at 5 Mbit/s.
FILM_BYTES = 5_000_000
_STATUS, _AIMLAPI = "/v2/requests/status/", "/v2/video/generations"
#: Generations under way at a time, at most.
_WORKERS = 256


@dataclass(slots=True)
class Generation:
    """One request that was accepted."""

    request_id: str
    ends_at: float
    #: Where it wants to be called back; empty: nowhere.
    callback: str
    called_back: int = 0


class Gateway:
    """Accepts everything, is done after `seconds` and up to `spread` more, and calls back once."""

    def __init__(
        self,
        *,
        seconds: float,
        spread: float = 0.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        film_bytes: int = FILM_BYTES,
    ) -> None:
        #: What a generation takes; may be changed between jobs.
        self.seconds = seconds
        self._spread = spread
        #: A status to refuse POSTs with; None accepts them.
        self.refusal: int | None = None
        self.generations: dict[str, Generation] = {}
        self.posts = 0
        self.reads = 0
        #: Callbacks on their way.
        self.calling = 0
        self._clock, self._sleep = clock, sleep
        self._numbers = itertools.count(1)
        self._film = b"\0\0\0\x18ftypmp42" + bytes(film_bytes - 12)
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="generation")
        self._server = _Server(("127.0.0.1", 0), _handler(self.answer))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def answer(self, method: str, target: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """Answer a request: status, content type, body."""
        url = urlsplit(target)
        if url.path.startswith("/film/"):
            return 200, "video/mp4", self._film
        if url.path == "/log":
            return _json(200, {found.request_id: found.ends_at for found in list(self.generations.values())})
        if method == "POST":
            return self._post(url.path, headers)
        self.reads += 1
        asked = parse_qs(url.query).get("generation_id", [""])[0] or unquote(url.path.removeprefix(_STATUS))
        found = self.generations.get(asked)
        if found is None:
            return _json(404, {"error": "not found"})
        return _json(200, self._aimlapi(found) if url.path == _AIMLAPI else self._pixazo(found))

    def _post(self, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        self.posts += 1
        if self.refusal is not None:
            return _json(self.refusal, {"error": "refused"})
        request_id = f"veed-fabric-1-0-api-130_{next(self._numbers):08d}-5f0b-4f8e-9a53-a0f1c2d3e4f5"
        callback = headers.get("x-webhook-url", "")
        takes = self.seconds + random.random() * self._spread  # noqa: S311
        found = Generation(request_id, self._clock() + takes, callback)
        self.generations[request_id] = found
        if callback:
            self._pool.submit(self._run, found)
        named = "id" if path == _AIMLAPI else "request_id"
        return _json(200, {named: request_id, "status": "queued" if path == _AIMLAPI else "QUEUED"})

    def _run(self, generation: Generation) -> None:
        self._sleep(max(0.0, generation.ends_at - self._clock()))
        self.calling += 1
        try:
            body = json.dumps(self._pixazo(generation)).encode()
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(generation.callback, body, headers, method="POST")  # noqa: S310
            with suppress(OSError), urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                generation.called_back = answer.status
        finally:
            self.calling -= 1

    def _done(self, generation: Generation) -> bool:
        # What sleeps until a moment wakes a little before it as often as after it.
        return self._clock() >= generation.ends_at - 0.001

    def _pixazo(self, found: Generation) -> dict[str, Any]:
        done = self._done(found)
        output = {"media_url": [self._media(found)], "media_type": "video/mp4"} if done else None
        answer = {"request_id": found.request_id, "status": "COMPLETED" if done else "PROCESSING", "output": output}
        return {**answer, "model_id": "veed-fabric-1-0-api-130", "error": None}

    def _aimlapi(self, found: Generation) -> dict[str, Any]:
        if not self._done(found):
            return {"id": found.request_id, "status": "generating"}
        return {"id": found.request_id, "status": "completed", "video": {"url": self._media(found)}}

    def _media(self, found: Generation) -> str:
        return f"{self.url}/film/{found.request_id}.mp4"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


def _handler(answer: Callable[[str, str, dict[str, str]], tuple[int, str, bytes]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, kind, body = answer(self.command, self.path, headers)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


def _json(status: int, body: dict[str, Any]) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(body).encode()


def main() -> None:
    """Run a gateway until its standard input is closed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--spread", type=float, default=0.0)
    parser.add_argument("--film-bytes", type=int, default=FILM_BYTES)
    chosen = parser.parse_args()
    with Gateway(seconds=chosen.seconds, spread=chosen.spread, film_bytes=chosen.film_bytes) as gateway:
        print(gateway.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
