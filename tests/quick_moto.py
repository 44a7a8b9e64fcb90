"""moto, quicker: who answers is remembered, values are copied once, and a server of this process is asked directly."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.handlers import BUILTIN_HANDLERS
from botocore.useragent import UserAgentString
from moto import backend_index
from moto.backends import get_backend
from moto.core import responses
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.request import normalize_request
from werkzeug.exceptions import HTTPException

from local.moto_repairs import be_quick

Answer = tuple[int | None, Any, Any]


@lru_cache(maxsize=1024)
def _route(address: str) -> Callable[..., Answer] | None:
    """What answers an address, its query left off: the first pattern that fits of the first service that fits."""
    for service, pattern in backend_index.backend_url_patterns:
        if pattern.match(address):
            backends: Any = get_backend(service)  # type: ignore[call-overload]
            owned = (
                backends[DEFAULT_ACCOUNT_ID] if isinstance(backends, BackendDict) else {"us-east-1": backends["global"]}
            )
            urls = owned["us-east-1" if "us-east-1" in owned else "aws"].urls
            found: Callable[..., Answer] | None = next(
                (answer for url, answer in urls.items() if re.match(url, address)), None
            )
            if found:
                return found
    return None


def _process_request(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Answer | None:
    parts = urlsplit(request.url)
    answer = _route(f"{parts.scheme}://{parts.netloc}{parts.path}")
    return _searching(stubber, request) if answer is None else _ask(answer, request)


def _ask(answer: Callable[..., Answer], request: AWSPreparedRequest) -> Answer:
    asked = normalize_request(request)
    try:
        return answer(asked, asked.raw_url, asked.headers)
    except HTTPException as error:
        return error.code, error.get_headers(), error.get_body()


_searching = BotocoreStubber.process_request


#: moto lists a class's methods anew for each request.
_methods_of_class = cache(responses.method_names_from_class)  # type: ignore[attr-defined]


def _list_methods_once() -> None:
    responses.method_names_from_class = _methods_of_class  # type: ignore[attr-defined]


def install() -> None:
    """For this process, from now on."""
    be_quick()
    _list_methods_once()
    BotocoreStubber.process_request = _process_request  # type: ignore[method-assign, assignment]


#: Whom a request is signed for: its service.
_SIGNED_FOR = re.compile(rb"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/")
_servers: set[str] = set()
#: moto decides and writes in several steps, where AWS does it in one.
_one_at_a_time = threading.RLock()


def _is_here(parts: SplitResult) -> bool:
    return f"{parts.scheme}://{parts.netloc}" in _servers


@contextmanager
def in_process(address: str = "http://moto") -> Iterator[str]:
    """What botocore's clients send to this address is answered by moto without a way through any server.

    Only clients of sessions that were made after this module was loaded know of it. If it is a moto server's of this
    process, whoever asks that by HTTP is answered from the same account.
    """
    _servers.add(address)
    _list_methods_once()
    try:
        yield address
    finally:
        _servers.remove(address)


def _answer_here(event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
    parts = urlsplit(request.url)
    if not _is_here(parts):
        return None
    signed = request.headers["Authorization"]
    found = _SIGNED_FOR.search(signed if isinstance(signed, bytes) else signed.encode())
    assert found, "only what is signed is sent to AWS"
    host = f"https://{found[1].decode()}.us-east-1.amazonaws.com"
    answer = _route(f"{host}{parts.path}")
    assert answer, f"moto has nothing at {host}{parts.path}"
    if isinstance(request.body, bytearray):
        request.body = bytes(request.body)
    url, request.url = request.url, host + request.url[len(f"{parts.scheme}://{parts.netloc}") :]
    with _one_at_a_time:
        status, headers, body = _ask(answer, request)
    return AWSResponse(url, status, headers, MockRawResponse(body))  # type: ignore[arg-type]


_sign = SigV4Auth.add_auth


def _sign_here(auth: SigV4Auth, request: AWSRequest) -> None:
    """Nobody here checks a signature, so of what is sent as it is only the scope is written; the judges check them."""
    if _is_here(urlsplit(str(request.url))) and type(auth) in (SigV4Auth, S3SigV4Auth):
        request.context["timestamp"] = "20260101T000000Z"
        request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, Signature=none"
    else:
        _sign(auth, request)


SigV4Auth.add_auth = _sign_here  # type: ignore[method-assign, assignment]
BUILTIN_HANDLERS.append(("before-send", _answer_here))
# botocore writes its own name anew at each call, twice, a tenth of what one takes then.
UserAgentString.rebuild_and_replace_user_agent_handler = lambda self, *_, **__: None  # type: ignore[method-assign]
UserAgentString.to_string = lambda self: "botocore"  # type: ignore[method-assign]
