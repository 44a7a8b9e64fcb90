"""Gateway "pixazo" (https://gateway.pixazo.ai): submit, universal status endpoint, unsigned callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from dropreel.gateways import Answer, Callback, wire

if TYPE_CHECKING:
    from dropreel.catalog.model import Model


class Pixazo:
    """Pixazo's API, as its documents have it in 2026-05."""

    calls_back = True

    def __init__(self, client: httpx.Client, base_url: str, key: Callable[[], str]) -> None:
        self._client = client
        self._base_url = base_url
        self._key = key

    def submit(self, model: type[Model], values: Mapping[str, Any], callback: Callback | None) -> str:
        """POST one generation. There is no idempotency key, so it is never repeated here."""
        headers = {"Ocp-Apim-Subscription-Key": self._key(), "Cache-Control": "no-cache"}
        if callback:
            headers["X-Webhook-URL"] = callback.url
            headers["X-Webhook-Mode"] = "sync" if callback.progress else "terminal"
        answer = wire.post(self._client, self._base_url + model.endpoint, values, headers)
        return wire.request_id(answer, headers, "request_id", "id")

    def status(self, request_id: str) -> Answer:
        """Ask the universal status endpoint."""
        url = f"{self._base_url}/v2/requests/status/{quote(request_id, safe='')}"
        headers = {"Ocp-Apim-Subscription-Key": self._key()}
        return wire.standing(wire.get(self._client, url, None, headers), headers, uncharged="ERROR")
