"""Gateway "aimlapi" (https://api.aimlapi.com): submit and status on one path, no callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from dropreel.errors import StatusUnavailable
from dropreel.gateways import Answer, Callback, wire

if TYPE_CHECKING:
    from dropreel.catalog.model import Model

PATH = "/v2/video/generations"
RUNNING: Mapping[str, str] = {
    "waiting": "QUEUED",
    "queued": "QUEUED",
    "active": "PROCESSING",
    "generating": "PROCESSING",
}
DONE = frozenset({"completed", "complete"})


class Aimlapi:
    """The AI/ML API's video endpoint."""

    calls_back = False

    def __init__(self, client: httpx.Client, base_url: str, key: Callable[[], str]) -> None:
        self._client = client
        self._base_url = base_url
        self._key = key

    def submit(self, model: Model, values: Mapping[str, Any], callback: Callback | None) -> str:
        """POST one generation; it takes no callback."""
        body = {"model": model.endpoint, **values}
        answer = wire.post(self._client, self._base_url + PATH, body, {"Authorization": f"Bearer {self._key()}"})
        return wire.request_id(answer, "id", "generation_id")

    def status(self, request_id: str) -> Answer:
        """Ask for a generation; its id holds `:` and `/`, which httpx encodes."""
        params = {"generation_id": request_id}
        headers = {"Authorization": f"Bearer {self._key()}"}
        found = wire.get(self._client, self._base_url + PATH, params, headers)
        status = found.get("status")
        if not isinstance(status, str):
            raise StatusUnavailable("the gateway gave no status")
        if status in RUNNING:
            return Answer(RUNNING[status])
        if status in DONE:
            video = found.get("video")
            url = video.get("url") if isinstance(video, Mapping) else None
            return Answer("COMPLETED", (url,) if isinstance(url, str) else ())
        message = wire.clean(_message(found) or f"the gateway ended it as {status!r}", headers)
        return Answer("FAILED", error=message[:400])


def _message(found: Mapping[str, Any]) -> str:
    error = found.get("error")
    if isinstance(error, Mapping):
        error = error.get("message")
    return error if isinstance(error, str) else ""
