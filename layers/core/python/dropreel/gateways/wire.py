"""HTTP as the gateways speak it: every way a request can go wrong, sorted by what it means for the money."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from dropreel.errors import AnswerLost, Declined, NotSent, Refused, StatusUnavailable
from dropreel.jobs import is_request_id
from dropreel.redaction import redact

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
        raise AnswerLost(f"the gateway answered {answer.status_code}, but not with a JSON object")
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


def request_id(answer: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that holds a request id.

    An opaque string of 1 to 256 printable characters. Raises AnswerLost.
    """
    for name in names:
        value = answer.get(name)
        if is_request_id(value):
            return str(value)
    raise AnswerLost(f"the gateway took the request, but named no usable {' or '.join(names)}")


def clean(text: str, headers: Mapping[str, str]) -> str:
    """A gateway's words without what they may repeat of our secrets: key, callback address, presigned URLs."""
    for name in set(headers) - OPEN_HEADERS:
        secret = headers[name].removeprefix("Bearer ")
        text = text.replace(secret, "…") if secret else text
    return redact(text)


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    if len(answer.content) > LONGEST:
        return None
    try:
        found = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _said(answer: httpx.Response, headers: Mapping[str, str]) -> str:
    """The gateway's own words, as short as they can be kept."""
    found = _object(answer) or {}
    words = [str(found[name]) for name in ("error", "message") if isinstance(found.get(name), str | int | float)]
    return f"the gateway answered {answer.status_code}" + (
        f": {clean(' - '.join(words), headers)[:400]}" if words else ""
    )


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds of a Retry-After header in either of its two forms."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
