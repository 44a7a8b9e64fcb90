"""How each of the two gateways speaks: its key, its ids, its answers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from local.gateways.exchange import RefusedError
from local.gateways.generation import Generation
from local.gateways.models import AIMLAPI_FABRIC, BY_PATH, SimulatedModel


class Dialect(Protocol):
    """What differs between the gateways."""

    name: str
    #: Whether it knows webhooks.
    calls_back: bool

    def key(self, headers: Mapping[str, str]) -> str | None: ...
    def model(self, path: str, body: Mapping[str, object]) -> SimulatedModel: ...
    def new_id(self, model: SimulatedModel) -> str: ...
    def accepted(self, generation: Generation, base: str) -> tuple[int, dict[str, object]]: ...
    def standing(self, generation: Generation, base: str) -> dict[str, object]: ...


class Pixazo:
    """Documents 000, 001, 003 and 004."""

    name = "pixazo"
    calls_back = True

    def key(self, headers: Mapping[str, str]) -> str | None:
        return headers.get("ocp-apim-subscription-key") or None

    def model(self, path: str, body: Mapping[str, object]) -> SimulatedModel:
        if path not in BY_PATH:
            # The document names the id; of an unknown path the first part is the nearest to one.
            name = path.strip("/").partition("/")[0]
            raise RefusedError(400, "Model not found", f"Model '{name}' not found or is disabled")
        return BY_PATH[path]

    def new_id(self, model: SimulatedModel) -> str:
        return f"{model.id}_{uuid.uuid4()}"

    def accepted(self, generation: Generation, base: str) -> tuple[int, dict[str, object]]:
        url = f"{base}/v2/requests/status/{quote(generation.id, safe='')}"
        return 202, {"request_id": generation.id, "status": "QUEUED", "polling_url": url}

    def standing(self, generation: Generation, base: str) -> dict[str, object]:
        ending = generation.ending
        updated = ending.at if ending else generation.began
        output = None
        if ending and ending.outputs:
            output = {"media_url": _listed(generation, base), "media_type": ending.outputs[0].media_type}
        return {
            "request_id": generation.id,
            "status": (generation.behaviour.end_word if ending else "") or generation.status,
            "model_id": generation.model.id,
            "error": generation.error,
            "output": output,
            "created_at": iso(generation.began),
            "updated_at": spaced(updated),
            "completed_at": spaced(ending.at) if ending else None,
        }

    def older(self, generation: Generation, status: str, base: str) -> dict[str, object]:
        """What the status answer was before the end."""
        was = {"status": status, "error": None, "output": None, "completed_at": None}
        return {**self.standing(generation, base), **was, "updated_at": spaced(generation.began)}


class Aimlapi:
    """Document 002; its failures are not documented, so they carry a message in an object, as its errors do."""

    name = "aimlapi"
    calls_back = False
    _WORDS: Mapping[str, str] = {
        "QUEUED": "queued",
        "PROCESSING": "generating",
        "COMPLETED": "completed",
        "FAILED": "failed",
        "ERROR": "error",
    }

    def key(self, headers: Mapping[str, str]) -> str | None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return key.strip() or None if scheme.lower() == "bearer" else None

    def model(self, path: str, body: Mapping[str, object]) -> SimulatedModel:
        if body.get("model", AIMLAPI_FABRIC.id) != AIMLAPI_FABRIC.id:
            raise RefusedError(400, "Model not found", f"Model '{body['model']}' not found or is disabled")
        return AIMLAPI_FABRIC

    def new_id(self, model: SimulatedModel) -> str:
        return f"{uuid.uuid4()}:{model.id}"

    def accepted(self, generation: Generation, base: str) -> tuple[int, dict[str, object]]:
        return 200, {"id": generation.id, "status": "queued", "meta": {"usage": {"credits_used": 0}}}

    def standing(self, generation: Generation, base: str) -> dict[str, object]:
        word = (generation.behaviour.end_word if generation.ending else "") or self._WORDS[generation.status]
        told: dict[str, object] = {"id": generation.id, "status": word}
        if (ending := generation.ending) and ending.error:
            told["error"] = {"name": "Error", "message": ending.error}
        urls = generation.media_urls(base)
        return {**told, "video": {"url": urls[0]}} if urls else told


def _listed(generation: Generation, base: str) -> object:
    urls = generation.media_urls(base)
    forms = {"documented": urls, "objects": [*({"url": url} for url in urls), ""], "none": None}
    return forms[generation.behaviour.output_form]


def iso(moment: datetime) -> str:
    """The form of `created_at`: 2026-05-22T13:17:32.110Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def spaced(moment: datetime) -> str:
    """The form of `updated_at` and `completed_at`: 2026-05-22 13:19:23, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


PIXAZO = Pixazo()
AIMLAPI = Aimlapi()
