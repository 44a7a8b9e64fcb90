"""The gateways' own requests: inputs to fetch and callbacks to send."""

from __future__ import annotations

import functools
import http.client
import ipaddress
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

_MOST_BYTES = 512 * 1024 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def is_loopback(host: str | None) -> bool:
    """Whether the host is this machine by its name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def get(url: str, timeout: float) -> tuple[int | None, bytes, str]:
    """The status, the bytes and what went wrong: None and a reason where nothing came."""
    try:
        request = urllib.request.Request(_checked(url), headers={"User-Agent": "simulated-gateways"})  # noqa: S310
        with _opener_for(url, redirects=True).open(request, timeout=timeout) as response:
            data = response.read(_MOST_BYTES)
            return response.status, data, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b"", f"HTTP {error.code}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        return None, b"", str(error) or type(error).__name__


def post_json(url: str, body: Mapping[str, object], timeout: float) -> int | None:
    """The status of the answer, or None where none came; redirects are not followed."""
    try:
        request = urllib.request.Request(  # noqa: S310
            _checked(url),
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "User-Agent": "simulated-gateways"},
        )
        with _opener_for(url, redirects=False).open(request, timeout=timeout) as response:
            response.read(65536)
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (OSError, ValueError, http.client.HTTPException):
        return None


def _checked(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("not an http or https URL")
    return url


@functools.cache
def _opener(*, loopback: bool, redirects: bool) -> urllib.request.OpenerDirector:
    # A proxy of the environment can't reach this machine's own loopback addresses.
    proxies = [urllib.request.ProxyHandler({})] if loopback else []
    return urllib.request.build_opener(*proxies, *([] if redirects else [_NoRedirect()]))


def _opener_for(url: str, *, redirects: bool) -> urllib.request.OpenerDirector:
    return _opener(loopback=is_loopback(urlsplit(url).hostname), redirects=redirects)
