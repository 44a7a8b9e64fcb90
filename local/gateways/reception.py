"""Where POSTs and status questions arrive, are checked as the documents say, and are answered."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from local.gateways import wire
from local.gateways.behaviour import Behaviour, Behaviours, UnknownMarkerError, same_request
from local.gateways.dialects import Dialect
from local.gateways.exchange import Answer, RefusedError, Request, as_json, refused
from local.gateways.generation import Generation
from local.gateways.journal import Journal, Post, Read
from local.gateways.models import SimulatedModel
from local.gateways.workshop import Workshop

_LOGGED_HEADERS = ("content-type", "cache-control", "x-webhook-url", "x-webhook-mode", "user-agent")


@dataclass(frozen=True, slots=True)
class Switch:
    """What all requests are refused with."""

    status: int
    #: Seconds.
    retry_after: int | None = None
    #: pixazo or aimlapi; None means both.
    gateway: str | None = None
    #: Whether status questions are refused as well.
    reads: bool = False


class Reception:
    """Decides on each request."""

    def __init__(
        self,
        *,
        workshop: Workshop,
        behaviours: Behaviours,
        journal: Journal,
        base: str,
        keys: Collection[str] | None,
        seconds: float,
    ) -> None:
        self._workshop = workshop
        self._behaviours = behaviours
        self._journal = journal
        self._base = base
        self._keys = keys
        self._seconds = seconds
        #: What all requests are refused with; None takes them.
        self.switch: Switch | None = None

    def submit(self, dialect: Dialect, request: Request) -> Answer:
        """The answer to a POST; the generation that it may have begun is under way."""
        model, body, generation = None, _logged_body(request), None
        try:
            self._check_key(dialect, request)
            self._check_switch(dialect, reads=False)
            body = _parsed(request)
            model = dialect.model(request.path, body)
            behaviour, generation = self._decide(dialect, model, body, request)
            answer = self._answer(dialect, behaviour, generation)
        except RefusedError as error:
            answer = as_json(error.status, error.body, error.headers)
        self._log(dialect, model, body, request, generation, answer)
        if generation:
            self._workshop.begin(generation)
        return answer

    def standing(self, dialect: Dialect, request: Request, request_id: str) -> Answer:
        """The answer to the question how a generation stands."""
        generation = self._workshop.generations.get(request_id)
        status = None
        try:
            self._check_key(dialect, request)
            self._check_switch(dialect, reads=True)
            if not generation:
                raise RefusedError(404, "Not Found", f"Request '{request_id}' not found")
            body = dialect.standing(generation, self._base)
            status = str(body["status"])
            generation.told += 1
            answer = as_json(200, body)
        except RefusedError as error:
            answer = as_json(error.status, error.body, error.headers)
        self._journal.add(Read(dialect.name, request_id, time.time(), cast("int", answer.status), status))
        return answer

    def _check_key(self, dialect: Dialect, request: Request) -> None:
        key = dialect.key(request.headers)
        if not key or (self._keys is not None and key not in self._keys):
            raise refused(401)

    def _check_switch(self, dialect: Dialect, *, reads: bool) -> None:
        switch = self.switch
        if switch and switch.gateway in (None, dialect.name) and (switch.reads or not reads):
            raise refused(switch.status, switch.retry_after)

    def _decide(
        self, dialect: Dialect, model: SimulatedModel, body: Mapping[str, object], request: Request
    ) -> tuple[Behaviour, Generation | None]:
        if problem := model.problem(body) or _webhook_problem(request.headers):
            raise RefusedError(400, "Bad Request", problem)
        try:
            behaviour = self._behaviours.choose(model.id, body)
        except UnknownMarkerError as error:
            raise RefusedError(400, "Bad Request", str(error)) from error
        same = same_request(model.id, body)
        if self._behaviours.refuses(behaviour, same):
            raise refused(behaviour.refusal, behaviour.retry_after)
        if behaviour.answer == "drop-unaccepted":
            return behaviour, None
        return behaviour, Generation(
            id=dialect.new_id(model),
            model=model,
            body=body,
            behaviour=behaviour,
            errs=self._behaviours.errs(behaviour, same),
            seconds=self._seconds if behaviour.seconds is None else behaviour.seconds,
            webhook=request.headers.get("x-webhook-url") if dialect.calls_back else None,
            sync=request.headers.get("x-webhook-mode") == "sync",
        )

    def _answer(self, dialect: Dialect, behaviour: Behaviour, generation: Generation | None) -> Answer:
        if not generation or behaviour.answer == "drop":
            return Answer(None, wait=behaviour.answer_after)
        if behaviour.answer == "500":
            error = refused(500)
            return as_json(500, error.body, wait=behaviour.answer_after)
        return as_json(*dialect.accepted(generation, self._base), wait=behaviour.answer_after)

    def _log(
        self,
        dialect: Dialect,
        model: SimulatedModel | None,
        body: object,
        request: Request,
        generation: Generation | None,
        answer: Answer,
    ) -> None:
        headers = {name: request.headers[name] for name in _LOGGED_HEADERS if name in request.headers}
        began = generation.id if generation else None
        name = model.id if model else None
        self._journal.add(Post(dialect.name, name, request.path, headers, body, time.time(), began, answer.status))


def _parsed(request: Request) -> Mapping[str, object]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(400, "Bad Request", "Content-Type must be application/json")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise RefusedError(400, "Bad Request", "The body is not JSON") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "Bad Request", "The body is not a JSON object")
    return body


def _logged_body(request: Request) -> object:
    return request.body.decode(errors="replace")


def _webhook_problem(headers: Mapping[str, str]) -> str | None:
    url = headers.get("x-webhook-url")
    if headers.get("x-webhook-mode", "terminal") not in ("terminal", "sync"):
        return "X-Webhook-Mode must be terminal or sync"
    if url is None:
        return None
    parts = urlsplit(url)
    # The document rejects plain http; on one's own machine there is nothing else.
    if parts.scheme == "https" or (parts.scheme == "http" and wire.is_loopback(parts.hostname)):
        return None
    return "X-Webhook-URL must be an https URL"
