"""The two gateways on this machine: they take POSTs, make videos, call back, and misbehave when asked to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from local.gateways.behaviour import Behaviour, Behaviours
from local.gateways.dialects import AIMLAPI, PIXAZO
from local.gateways.exchange import Answer, Request, as_json
from local.gateways.journal import Callback, Fetch, Journal, MediaGet, Post, Read
from local.gateways.reception import Reception, Switch
from local.gateways.server import Server
from local.gateways.serving import serve
from local.gateways.studio import CACHE, Studio
from local.gateways.workshop import Workshop

_STATUS = "/v2/requests/status/"
_AIMLAPI = "/v2/video/generations"


class SimulatedGateways:
    """Both gateways and their media on one loopback port."""

    def __init__(
        self,
        *,
        port: int = 0,
        seconds: float = 2.0,
        scale: float = 1.0,
        keys: Collection[str] | None = None,
        cache: Path | None = CACHE,
        cycle_seconds: float = 1.0,
        retry_seconds: float = 1.0,
    ) -> None:
        """`seconds` a generation takes; `scale` of the videos' real size; `keys` accepted, None takes any;
        `cache` folder of made videos; `cycle_seconds` between the callbacks of mode sync; `retry_seconds` between
        the attempts of a callback."""
        self._journal = Journal()
        self._behaviours = Behaviours()
        self._server = Server(port, self._answer)
        #: Where everything is served.
        self.url = f"http://127.0.0.1:{self._server.port}"
        studio = Studio(scale, cache, self._journal)
        self._workshop = Workshop(
            base=self.url,
            studio=studio,
            journal=self._journal,
            cycle_seconds=cycle_seconds,
            retry_seconds=retry_seconds,
        )
        self._reception = Reception(
            workshop=self._workshop,
            behaviours=self._behaviours,
            journal=self._journal,
            base=self.url,
            keys=keys,
            seconds=seconds,
        )

    def start(self) -> Self:
        self._workshop.start()
        self._server.start()
        return self

    def stop(self) -> None:
        """End everything that is under way and close every connection."""
        self._server.stop()
        self._workshop.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def behave(self, behaviour: Behaviour, *, match: str | None = None, times: int | None = None) -> None:
        """Give the next `times` POSTs (None: all) whose model id is, or whose body has a text that holds, `match`
        (None: any) this behaviour; markers in them do nothing then."""
        self._behaviours.add(behaviour, match, times)

    def refuse(
        self,
        status: int | None,
        *,
        retry_after: int | None = None,
        gateway: str | None = None,
        reads: bool = False,
    ) -> None:
        """Refuse every POST with 401, 402, 403 or 429 until told None; with `reads`, status questions too."""
        if status not in (None, 401, 402, 403, 429):
            raise ValueError(f"{status!r} is no refusal; allowed: 401, 402, 403, 429 or nothing")
        self._reception.switch = None if status is None else Switch(status, retry_after, gateway, reads)

    @property
    def posts(self) -> tuple[Post, ...]:
        return self._journal.of(Post)

    @property
    def callbacks(self) -> tuple[Callback, ...]:
        return self._journal.of(Callback)

    @property
    def reads(self) -> tuple[Read, ...]:
        return self._journal.of(Read)

    @property
    def fetches(self) -> tuple[Fetch, ...]:
        return self._journal.of(Fetch)

    @property
    def media_gets(self) -> tuple[MediaGet, ...]:
        return self._journal.of(MediaGet)

    def media_sha256(self, request_id: str) -> list[str]:
        """The hashes of a generation's files, in their order; none while it runs."""
        ending = self._workshop.generations[request_id].ending
        return [output.sha256 for output in ending.outputs] if ending else []

    def wait_for(self, condition: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Wait until the condition holds; False when it does not within `timeout` seconds."""
        return self._journal.wait_for(condition, timeout)

    def _answer(self, request: Request) -> Answer:
        path = request.path
        if path.startswith("/_sim/"):
            return self._control(request)
        if path.startswith("/media/"):
            return self._media(request)
        if request.method == "POST":
            return self._reception.submit(AIMLAPI if path == _AIMLAPI else PIXAZO, request)
        if path.startswith(_STATUS):
            return self._reception.standing(PIXAZO, request, path.removeprefix(_STATUS))
        if path == _AIMLAPI:
            return self._reception.standing(AIMLAPI, request, request.query("generation_id") or "")
        return as_json(404, {"error": "Not Found", "message": "There is nothing here."})

    def _media(self, request: Request) -> Answer:
        found = self._workshop.media.get(request.path)
        if not found:
            return Answer(404, b"Object not found", {"Content-Type": "text/plain"})
        answer = serve(*found, request)
        asked = request.headers.get("range")
        self._journal.add(MediaGet(found[0].id, request.target, asked, time.time(), answer.status or 0))
        return answer

    def _control(self, request: Request) -> Answer:
        """What a user outside this process asks for: the journal, and the switch."""
        if (request.method, request.path) == ("GET", "/_sim/log"):
            media = {request_id: self.media_sha256(request_id) for request_id in list(self._workshop.generations)}
            return as_json(200, {**self._journal.as_json(), "media_sha256": media})
        if (request.method, request.path) == ("POST", "/_sim/refuse"):
            try:
                self.refuse(**json.loads(request.body))
            except (ValueError, TypeError) as error:
                return as_json(400, {"error": "Bad Request", "message": str(error)})
            return as_json(200, {"refusing": self._reception.switch is not None})
        return as_json(404, {"error": "Not Found", "message": "There is GET /_sim/log and POST /_sim/refuse."})
