"""What gateways say, whatever form they give it: how a request stands, where its output lies, what went wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: Our word for each that plainly means the same. Of those that end a job badly none promises that nothing is charged.
MEANINGS: Mapping[str, str] = {
    **dict.fromkeys(("QUEUED", "IN_QUEUE", "PENDING", "WAITING", "SUBMITTED", "ACCEPTED", "SCHEDULED"), "QUEUED"),
    **dict.fromkeys(
        ("PROCESSING", "IN_PROGRESS", "RUNNING", "STARTING", "STARTED", "ACTIVE", "GENERATING"), "PROCESSING"
    ),
    **dict.fromkeys(("COMPLETED", "COMPLETE", "SUCCEEDED", "SUCCESS", "SUCCESSFUL", "DONE", "FINISHED"), "COMPLETED"),
    **dict.fromkeys(("FAILED", "FAILURE", "ERROR", "ERRORED", "CANCELLED", "CANCELED", "REJECTED"), "FAILED"),
    **dict.fromkeys(("ABORTED", "TERMINATED", "TIMEOUT", "TIMED_OUT", "EXPIRED"), "FAILED"),
}
#: Where an answer names its output, and an output its address.
OUTPUTS = ("output", "video", "media_url")
ADDRESSES = ("media_url", "url", "video_url", "video", "videos")
#: Where words about what went wrong stand; inside of these, where there are none, a name will do.
WORDS = ("error", "message", "msg", "detail", "details", "errors", "reason", "description")
NAMES = ("code", "type", "name")
#: How deep an answer is looked into, and how many things of a list are told.
DEEPEST = 5
MOST_TOLD = 10


def parsed(body: bytes) -> Any:
    """What is written in JSON, in any encoding and with marks in place of what is no character; None if it is none."""
    try:
        return json.loads(body.decode(json.detect_encoding(body), "replace"))
    except (ValueError, RecursionError):
        return None


def meaning(word: object) -> str | None:
    """QUEUED, PROCESSING, COMPLETED or FAILED, as a word in any spelling plainly means; None if it means nothing."""
    if not isinstance(word, str):
        return None
    return MEANINGS.get("_".join(word.replace("-", " ").replace("_", " ").split()).upper())


def addresses(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses of what a status answer says was made, in its order; none where that would be a guess."""
    return next(filter(None, (tuple(_addresses(found.get(name), DEEPEST)) for name in OUTPUTS)), ())


def _addresses(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if value.strip().lower().startswith(("https://", "http://")):
            yield value.strip()
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _addresses(item, depth - 1)
    elif isinstance(value, Mapping) and depth:
        yield from next(filter(None, (list(_addresses(value.get(name), depth - 1)) for name in ADDRESSES)), [])


def told(found: object, depth: int = DEEPEST) -> str:
    """What an answer, or a part of it, says in words; empty if nothing."""
    if isinstance(found, str):
        return " ".join(found.split())
    if isinstance(found, list) and depth:
        return _joined("; ", (told(item, depth - 1) for item in found[:MOST_TOLD]))
    if isinstance(found, Mapping) and depth:
        inner = {name: told(found.get(name), depth - 1) for name in (*WORDS, *NAMES)}
        said = _joined(" - ", (inner[name] for name in WORDS))
        named = _joined(" - ", (inner[name] for name in NAMES)) if depth < DEEPEST else ""
        return _joined(": ", (_place(found.get("loc")), said or named))
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""


def _joined(between: str, pieces: Iterable[str]) -> str:
    """Each piece once."""
    return between.join(dict.fromkeys(filter(None, pieces)))


def _place(loc: object) -> str:
    """The field that FastAPI complains of: `["body", "image"]`."""
    return ".".join(str(step) for step in loc if step != "body") if isinstance(loc, list) else ""
