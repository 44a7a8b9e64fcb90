"""HTTP as the gateways speak it: every way a request can go wrong, sorted by what it means for the money."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from dropreel.errors import LONGEST_WORDS, AnswerLost, Declined, NotSent, Refused, StatusUnavailable
from dropreel.gateways import Answer
from dropreel.gateways.words import OUTPUTS, addresses, meaning, parsed, told
from dropreel.jobs import is_request_id
from dropreel.redaction import redact, redacted

#: Seconds. A gateway only queues the request, so an answer is a matter of moments; the connect time is part of
#: NotSent's proof.
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
#: The connection was never made, so nothing was sent.
NEVER_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
#: Answers by which the gateway says that it did not take the request.
REFUSALS = frozenset({401, 402, 403, 429})
#: Headers of ours that anybody may see; every other one's value is nobody else's business.
OPEN_HEADERS = frozenset({"Cache-Control", "X-Webhook-Mode"})
#: An answer longer than this (bytes) is not one of the documented ones.
LONGEST = 1_000_000
#: Outputs that a job may have: a record of DynamoDB holds 400 KB.
MOST_OUTPUTS = 100


def new_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client that neither retries nor follows redirects: both could send a paid POST twice.

    It keeps no connection either. A function sleeps between events, its kept connections die meanwhile, and a POST on
    a dead one ends as "answer lost" although nothing was sent.
    """
    if transport is None:
        transport = httpx.HTTPTransport(retries=0, limits=httpx.Limits(max_keepalive_connections=0))
    headers = {"User-Agent": "dropreel", "Accept": "application/json"}
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False, transport=transport, headers=headers)


def post(client: httpx.Client, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """POST once and return the JSON object of a 2xx answer.

    Raises NotSent or Refused when it was certainly not taken, Declined when it was called bad, AnswerLost when nobody
    knows.
    """
    try:
        answer = client.post(url, json=dict(body), headers=dict(headers))
    except NEVER_CONNECTED as error:
        raise NotSent(f"no connection to the gateway: {error}") from error
    except httpx.HTTPError as error:
        raise AnswerLost(f"the connection broke before the answer came ({type(error).__name__})") from error
    if answer.status_code in REFUSALS:
        raise Refused(answer.status_code, _said(answer, headers), retry_after=_retry_after(answer))
    if answer.is_client_error and answer.status_code != httpx.codes.REQUEST_TIMEOUT:
        raise Declined(_said(answer, headers))
    if not answer.is_success:
        raise AnswerLost(_said(answer, headers))
    found = _object(answer)
    if found is None:
        raise AnswerLost(_said(answer, headers))
    return found


def get(client: httpx.Client, url: str, params: Mapping[str, str] | None, headers: Mapping[str, str]) -> dict[str, Any]:
    """GET a status as a JSON object. Raises StatusUnavailable."""
    try:
        answer = client.get(url, params=dict(params) if params else None, headers=dict(headers))
    except httpx.HTTPError as error:
        raise StatusUnavailable(f"no answer from the gateway ({type(error).__name__})", status=None) from error
    found = _object(answer) if answer.is_success else None
    if found is None:
        raise StatusUnavailable(_said(answer, headers), status=answer.status_code)
    return found


def request_id(answer: Mapping[str, Any], headers: Mapping[str, str], *names: str) -> str:
    """The first of these fields that holds a request id.

    An opaque string of 1 to 256 printable characters. Raises AnswerLost.
    """
    for name in names:
        value = answer.get(name)
        if is_request_id(value):
            return str(value)
    raise AnswerLost(_with(f"the gateway took the request, but named no usable {' or '.join(names)}", answer, headers))


def standing(found: Mapping[str, Any], headers: Mapping[str, str], *, uncharged: str = "") -> Answer:
    """How a request stands by its status answer; any word that means nothing ends it.

    `uncharged` is the word, letter for letter, of which the gateway's document says that nothing is charged. Raises
    StatusUnavailable if there is no word at all.
    """
    word = found.get("status")
    if not isinstance(word, str) or not word.strip():
        raise StatusUnavailable(_with("the gateway gave no status", told(found) or _seen(found), headers))
    if word == uncharged:
        return Answer("ERROR", error=clean(told(found), headers))
    status = meaning(word) or "FAILED"
    if status == "FAILED":
        said = told(found) if word.upper() == "FAILED" else ""
        return Answer(status, error=clean(said, headers) or _with(f"the gateway ended it as {word!r}", found, headers))
    return _completed(found, headers) if status == "COMPLETED" else Answer(status)


def _completed(found: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    urls = addresses(found)
    if 1 <= len(urls) <= MOST_OUTPUTS:
        return Answer("COMPLETED", urls)
    problem = f"{len(urls)} outputs" if urls else "no output that has an address"
    seen = _seen({name: found[name] for name in OUTPUTS if found.get(name)} or found)
    return Answer("COMPLETED", error=clean(f"the gateway completed it with {problem}: {seen}", headers))


def _seen(found: Mapping[str, Any]) -> str:
    """An answer as it is, but for its depth: JSON can be read that is too deep to be written."""
    return json.dumps(redacted(found), ensure_ascii=False)


def clean(text: str, headers: Mapping[str, str]) -> str:
    """A gateway's words, cut, without what they may repeat of our secrets: key, callback address, presigned URLs."""
    for name in set(headers) - OPEN_HEADERS:
        secret = headers[name].removeprefix("Bearer ")
        text = text.replace(secret, "…") if secret else text
    return redact(text)[:LONGEST_WORDS]


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    found = _json(answer)
    return found if isinstance(found, dict) else None


def _json(answer: httpx.Response) -> Any:
    return parsed(answer.content) if len(answer.content) <= LONGEST else None


def _said(answer: httpx.Response, headers: Mapping[str, str]) -> str:
    """An answer that is not what was asked for, with the gateway's own words."""
    found = _json(answer)
    form = ", but not with a JSON object" if answer.is_success and not isinstance(found, dict) else ""
    if found is None and answer.headers.get("content-type", "").startswith("text/plain"):
        found = answer.text[:LONGEST]
    return _with(f"the gateway answered {answer.status_code}{form}", found, headers)


def _with(what: str, found: object, headers: Mapping[str, str]) -> str:
    """What happened, with the gateway's own words, if it had any."""
    words = told(found)
    return clean(f"{what}: {words}" if words else what, headers)


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds of a Retry-After header in either of its two forms."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
