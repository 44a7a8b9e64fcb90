"""Gateway "aimlapi" (https://api.aimlapi.com): submit and status on one path, no callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from dropreel.gateways import Answer, Callback, wire

if TYPE_CHECKING:
    from dropreel.catalog.model import Model

PATH = "/v2/video/generations"


class Aimlapi:
    """The AI/ML API's video endpoint."""

    calls_back = False

    def __init__(self, client: httpx.Client, base_url: str, key: Callable[[], str]) -> None:
        self._client = client
        self._base_url = base_url
        self._key = key

    def submit(self, model: type[Model], values: Mapping[str, Any], callback: Callback | None) -> str:
        """POST one generation; it takes no callback."""
        headers = {"Authorization": f"Bearer {self._key()}"}
        answer = wire.post(self._client, self._base_url + PATH, {"model": model.endpoint, **values}, headers)
        return wire.request_id(answer, headers, "id", "generation_id")

    def status(self, request_id: str) -> Answer:
        """Ask for a generation; its id holds `:` and `/`, which httpx encodes."""
        params = {"generation_id": request_id}
        headers = {"Authorization": f"Bearer {self._key()}"}
        return wire.standing(wire.get(self._client, self._base_url + PATH, params, headers), headers)
