"""The gateway, as both dialects have it; the key is kept for a quarter of an hour, as dropreel keeps it."""

import os
import time
from typing import Any

import boto3
import httpx

_client = httpx.Client(timeout=30)
_secrets = boto3.client("secretsmanager")
_key: list[Any] = [0.0, ""]
URL, KIND = os.environ["GATEWAY_URL"], os.environ["GATEWAY"]


def _headers() -> dict[str, str]:
    if time.time() - _key[0] > 900:
        _key[:] = [time.time(), _secrets.get_secret_value(SecretId=os.environ["SECRET"])["SecretString"]]
    return {"Ocp-Apim-Subscription-Key": _key[1]} if KIND == "pixazo" else {"Authorization": f"Bearer {_key[1]}"}


def submit(body: dict[str, Any], callback: str) -> str:
    """POST a generation, and return its request id."""
    headers = _headers() | ({"X-Webhook-URL": callback} if callback else {})
    path = "/veed-fabric-1-0-api-130/v1/veed-fabric-1-0-api-request" if KIND == "pixazo" else "/v2/video/generations"
    answer = _client.post(URL + path, json=body, headers=headers).raise_for_status().json()
    return str(answer["request_id" if KIND == "pixazo" else "id"])


def status(request_id: str) -> dict[str, Any]:
    """How a generation stands: whether it has ended, and where its film is."""
    if KIND == "pixazo":
        answer = _client.get(f"{URL}/v2/requests/status/{request_id}", headers=_headers()).raise_for_status().json()
        return read(answer)
    params = {"generation_id": request_id}
    answer = _client.get(f"{URL}/v2/video/generations", params=params, headers=_headers()).raise_for_status().json()
    done = answer["status"] == "completed"
    return {"done": done or answer["status"] in ("error", "failed"), "url": answer["video"]["url"] if done else ""}


def read(answer: dict[str, Any]) -> dict[str, Any]:
    """Pixazo's status answer, which is its callback's body too."""
    urls = (answer.get("output") or {}).get("media_url") or [""]
    return {"done": answer["status"] in ("COMPLETED", "FAILED", "ERROR"), "url": urls[0]}
