"""Gateway "pixazo" (https://gateway.pixazo.ai): submit, universal status endpoint, unsigned callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from dropreel.errors import StatusUnavailable
from dropreel.gateways import Answer, Callback, wire
from dropreel.jobs import RANK

if TYPE_CHECKING:
    from dropreel.catalog.model import Model


class Pixazo:
    """Pixazo's API, as its documents have it in 2026-05."""

    calls_back = True

    def __init__(self, client: httpx.Client, base_url: str, key: Callable[[], str]) -> None:
        self._client = client
        self._base_url = base_url
        self._key = key

    def submit(self, model: Model, values: Mapping[str, Any], callback: Callback | None) -> str:
        """POST one generation. There is no idempotency key, so it is never repeated here."""
        headers = {"Ocp-Apim-Subscription-Key": self._key(), "Cache-Control": "no-cache"}
        if callback:
            headers["X-Webhook-URL"] = callback.url
            headers["X-Webhook-Mode"] = "sync" if callback.progress else "terminal"
        answer = wire.post(self._client, self._base_url + model.endpoint, values, headers)
        return wire.request_id(answer, "request_id", "id")

    def status(self, request_id: str) -> Answer:
        """Ask the universal status endpoint."""
        url = f"{self._base_url}/v2/requests/status/{quote(request_id, safe='')}"
        headers = {"Ocp-Apim-Subscription-Key": self._key()}
        return _answer(wire.get(self._client, url, None, headers), headers)


def _answer(found: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    """Read a status answer. Raises StatusUnavailable."""
    status = found.get("status")
    if not isinstance(status, str) or status not in RANK:
        raise StatusUnavailable(
            f"the gateway gave no status that it documents: {wire.clean(str(status), headers)[:80]!r}"
        )
    output = found.get("output")
    urls = output.get("media_url") if isinstance(output, Mapping) else None
    listed = [urls] if isinstance(urls, str) else urls if isinstance(urls, list) else []
    error = found.get("error")
    message = wire.clean(error, headers) if isinstance(error, str) else ""
    return Answer(status, tuple(url for url in listed if isinstance(url, str)), message)
