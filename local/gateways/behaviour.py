"""How a generation misbehaves, asked for by a test or by a marker like `[sim:late=5]` in the request itself."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import unquote

_MARKER = re.compile(r"\[sim:([a-z0-9-]+)(?:=(\d+(?:\.\d+)?))?\]")
_ALWAYS = 1_000_000


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one generation does otherwise than the documents' happy path."""

    #: Seconds that the generation takes; None takes the gateways' own.
    seconds: float | None = None
    #: How many times its status is asked for before it ends, however long that takes.
    asked: int = 0
    #: How many of the first POSTs of the same body are refused.
    refusals: int = 0
    #: The status of a refusal: 400, 401, 402, 403, 404, 422 or 429.
    refusal: int = 402
    #: The `Retry-After` of a refusal, in seconds.
    retry_after: int | None = None
    #: What becomes of the POST's answer; with 500 and drop (a broken connection) the job runs nevertheless.
    answer: Literal["given", "500", "drop", "drop-unaccepted"] = "given"
    #: Seconds before an accepted POST is answered.
    answer_after: float = 0.0
    #: How many of the first accepted POSTs of the same body end in ERROR.
    errors: int = 0
    #: Whether it ends in FAILED.
    failed: bool = False
    #: What its failure says, in place of the documents' text.
    error: object = None
    #: Its status once it has ended, in place of the documents' word.
    end_word: str = ""
    #: How many times the final callback is sent, all at once.
    callbacks: int = 1
    #: Seconds from the end to the final callback.
    late: float = 0.0
    #: The generation ends, and its callback is sent, before the POST is answered.
    early: bool = False
    #: The final callback is followed by older ones, PROCESSING and QUEUED.
    out_of_order: bool = False
    #: How many files the result has.
    outputs: int = 1
    #: How the status answer tells of them: as documented, as objects with an empty text among them, or not at all.
    output_form: Literal["documented", "objects", "none"] = "documented"
    #: What is wrong with the result's URLs; a page is answered with 200, and packed is what is compressed for the way.
    media: Literal["fine", "slow", "truncated", "vanished", "expired", "redirect", "forbidden", "page", "packed"] = (
        "fine"
    )
    #: How many GETs of slow, truncated, vanished or forbidden media, or of a page, go wrong before they are fine.
    media_times: int = _ALWAYS
    #: Seconds that slow media take.
    media_seconds: float = 5.0


#: Each marker's effect; the number is the marker's own, or None.
MARKERS: Mapping[str, Callable[[Behaviour, float | None], Behaviour]] = {
    "seconds": lambda b, n: replace(b, seconds=2.0 if n is None else n),
    "asked": lambda b, n: replace(b, asked=_times(n)),
    "400": lambda b, n: replace(b, refusal=400, refusals=_times(n)),
    "401": lambda b, n: replace(b, refusal=401, refusals=_times(n)),
    "402": lambda b, n: replace(b, refusal=402, refusals=_times(n)),
    "403": lambda b, n: replace(b, refusal=403, refusals=_times(n)),
    "422": lambda b, n: replace(b, refusal=422, refusals=_times(n)),
    "429": lambda b, n: replace(b, refusal=429, refusals=1, retry_after=None if n is None else int(n)),
    "500": lambda b, _: replace(b, answer="500"),
    "drop": lambda b, _: replace(b, answer="drop"),
    "drop-unaccepted": lambda b, _: replace(b, answer="drop-unaccepted"),
    "slow-answer": lambda b, n: replace(b, answer_after=5.0 if n is None else n),
    "error": lambda b, n: replace(b, errors=_times(n)),
    "failed": lambda b, _: replace(b, failed=True),
    "object-error": lambda b, _: replace(b, failed=True, error={"message": "The input was flagged", "code": "policy"}),
    "long-error": lambda b, _: replace(b, failed=True, error="no " * 150_000),
    "succeeded": lambda b, _: replace(b, end_word="succeeded"),
    "cancelled": lambda b, _: replace(b, end_word="CANCELLED"),
    "no-callback": lambda b, _: replace(b, callbacks=0),
    "duplicate": lambda b, n: replace(b, callbacks=2 if n is None else int(n)),
    "late": lambda b, n: replace(b, late=5.0 if n is None else n),
    "early": lambda b, _: replace(b, early=True),
    "out-of-order": lambda b, _: replace(b, out_of_order=True),
    "many": lambda b, n: replace(b, outputs=2 if n is None else int(n)),
    "object-output": lambda b, _: replace(b, output_form="objects"),
    "no-output": lambda b, _: replace(b, output_form="none"),
    "slow-media": lambda b, n: replace(b, media="slow", media_seconds=5.0 if n is None else n),
    "truncated-media": lambda b, n: replace(b, media="truncated", media_times=_times(n)),
    "vanished-media": lambda b, n: replace(b, media="vanished", media_times=_times(n)),
    "expired-media": lambda b, _: replace(b, media="expired"),
    "redirect-media": lambda b, _: replace(b, media="redirect"),
    "forbidden-media": lambda b, n: replace(b, media="forbidden", media_times=_times(n)),
    "page-media": lambda b, n: replace(b, media="page", media_times=_times(n)),
    "packed-media": lambda b, _: replace(b, media="packed"),
}


def _times(number: float | None) -> int:
    return _ALWAYS if number is None else int(number)


class UnknownMarkerError(ValueError):
    """A marker is spelt wrongly; silence would make its test pass for the wrong reason."""


def marked(body: Mapping[str, object]) -> Behaviour:
    """The behaviour that the markers in a body's strings and in its URLs' file names ask for."""
    behaviour = Behaviour()
    for text in _texts(body):
        for name, number in _MARKER.findall(text):
            if name not in MARKERS:
                raise UnknownMarkerError(f"[sim:{name}] is unknown; known: {', '.join(MARKERS)}")
            behaviour = MARKERS[name](behaviour, float(number) if number else None)
    return behaviour


def same_request(model_id: str, body: Mapping[str, object]) -> str:
    """One text for all POSTs of the same wish: presigned URLs differ in their query each time, so that is left out."""
    return json.dumps([model_id, _without_queries(body)], sort_keys=True)


def _without_queries(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _without_queries(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_queries(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield _text(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _text(value: str) -> str:
    return unquote(value.partition("?")[0]) if value.startswith(("http://", "https://")) else value


@dataclass(slots=True)
class _Rule:
    behaviour: Behaviour
    match: str | None
    times: int


@dataclass(slots=True)
class Behaviours:
    """Which behaviour the next POST gets: the first rule of a test that matches, else its own markers."""

    _rules: list[_Rule] = field(default_factory=list)
    _refused: Counter[str] = field(default_factory=Counter)
    _errors: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, behaviour: Behaviour, match: str | None, times: int | None) -> None:
        with self._lock:
            self._rules.append(_Rule(behaviour, match, _ALWAYS if times is None else times))

    def choose(self, model_id: str, body: Mapping[str, object]) -> Behaviour:
        with self._lock:
            for rule in self._rules:
                if rule.times > 0 and _matches(rule.match, model_id, body):
                    rule.times -= 1
                    return rule.behaviour
        return marked(body)

    def refuses(self, behaviour: Behaviour, request: str) -> bool:
        """Whether this POST is one of those that its behaviour refuses."""
        return self._counts(self._refused, request, behaviour.refusals)

    def errs(self, behaviour: Behaviour, request: str) -> bool:
        """Whether this accepted POST is one of those that end in ERROR."""
        return self._counts(self._errors, request, behaviour.errors)

    def _counts(self, counter: Counter[str], request: str, limit: int) -> bool:
        with self._lock:
            if counter[request] >= limit:
                return False
            counter[request] += 1
            return True


def _matches(match: str | None, model_id: str, body: Mapping[str, object]) -> bool:
    return match is None or match == model_id or any(match in text for text in _texts(body))
