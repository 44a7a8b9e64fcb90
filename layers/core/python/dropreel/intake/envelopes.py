"""What may lie on the intake queue.

Our own messages, requests, and S3 events, each bare or wrapped by SNS or EventBridge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from dropreel.errors import Mistake, noted
from dropreel.intake.texts import Illegible, json_of
from dropreel.redaction import redact, sound

#: A publisher's own id of a message.
ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_FIELDS = ("model", "input", "id", "output", "then")
_IDS = "1 to 128 of A-Z a-z 0-9 . _ -"
#: How deep envelopes may be nested (S3 in SNS in EventBridge is the deepest that AWS makes).
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Drop:
    """Something landed in the inbox."""

    bucket: str
    key: str
    #: When, by the event's own word (epoch seconds); 0 where it has none.
    at: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A publisher asks for a generation, as far as that can be read; only its form has been checked."""

    #: What a redelivery of this message shares with it: the id that the outermost sender gave.
    message_id: str
    model: str = ""
    input: Mapping[str, Any] = field(default_factory=dict)
    #: The publisher's id, or "".
    id: str = ""
    #: The folder in the outbox, or "".
    output: str = ""
    #: The steps that are to follow, unchecked; None where it names none.
    then: object = None
    #: What is wrong with its form.
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True)
class Submit:
    """Our own: a held job may be tried again."""

    job_id: str


@dataclass(frozen=True, slots=True)
class GoOn:
    """Our own: the job that follows another in its row may be made."""

    #: The job before it.
    job_id: str
    #: Tells a second wish from a repeated message.
    drop: str


Message = Drop | Request | Submit | GoOn


def read(body: str, message_id: str) -> Iterator[Message]:
    """Everything that one queue message says; never raises for anything that a sender can write."""
    yield from _read(body, message_id, DEEPEST)


def drop_event(drop: Drop) -> str:
    """A drop as a queue message's body, for a file that was there before its bucket told of it."""
    return json.dumps({"dropreel": {"bucket": drop.bucket, "key": drop.key}})


def _read(text: str, message_id: str, depth: int) -> Iterator[Message]:
    try:
        found = json_of(text)
    except Illegible as why:
        yield _unreadable(message_id, Mistake("message", str(why), "one JSON object"))
    else:
        yield from _unwrap(found, message_id, depth)


def _unwrap(found: object, message_id: str, depth: int) -> Iterator[Message]:
    if not isinstance(found, dict) or depth == 0:
        yield _unreadable(message_id, Mistake("message", "is not a JSON object", "one JSON object"))
    elif isinstance(found.get("dropreel"), dict):
        yield from _own(found["dropreel"], message_id)
    elif found.get("Type") == "Notification" and isinstance(found.get("Message"), str):
        yield from _sns(found, message_id, depth)
    elif found.get("Type") == "SubscriptionConfirmation":
        yield _unconfirmed(found, message_id)
    elif "detail-type" in found and isinstance(found.get("detail"), dict):
        yield from _event_bridge(found, message_id, depth)
    elif found.get("Event") == "s3:TestEvent":
        return
    elif isinstance(found.get("Records"), list):
        yield from _s3(found["Records"], message_id)
    else:
        yield _request(found, message_id)


def _sns(found: dict[str, Any], message_id: str, depth: int) -> Iterator[Message]:
    yield from _read(found["Message"], _text(found.get("MessageId")) or message_id, depth - 1)


def _unconfirmed(found: dict[str, Any], message_id: str) -> Request:
    """SNS asks whether a topic may send here, which it does not where the queue's own account subscribes it."""
    problem = f"SNS wants its topic {redact(_text(found.get('TopicArn'))[:256])} confirmed, which is not done here"
    allowed = "a subscription that the account of this queue makes, which needs no confirmation; subscribe it again"
    return _unreadable(message_id, Mistake("message", problem, allowed))


def _event_bridge(found: dict[str, Any], message_id: str, depth: int) -> Iterator[Message]:
    detail = found["detail"]
    if found.get("source") == "aws.s3":
        if str(found["detail-type"]).startswith("Object Created"):
            yield _drop(detail, detail.get("object"), _text, message_id, found.get("time"))
        return
    yield from _unwrap(detail, _text(found.get("id")) or message_id, depth - 1)


def _s3(records: list[Any], message_id: str) -> Iterator[Message]:
    for record in records:
        s3 = record.get("s3") if isinstance(record, dict) else None
        if not isinstance(s3, dict):
            problem = Mistake("Records", "holds something that is no S3 event", "S3 event records")
            yield _unreadable(message_id, problem)
        elif str(record.get("eventName", "ObjectCreated")).removeprefix("s3:").startswith("ObjectCreated"):
            yield _drop(s3, s3.get("object"), _decoded, message_id, record.get("eventTime"))


def _decoded(key: object) -> str:
    """S3 itself encodes a key as a URL does; EventBridge does not."""
    return unquote_plus(_text(key))


def _moment(told: object) -> float:
    try:
        return datetime.fromisoformat(_text(told)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _drop(about: dict[str, Any], thing: Any, decode: Any, message_id: str, when: object) -> Message:
    bucket = about.get("bucket")
    name = _text(bucket.get("name")) if isinstance(bucket, dict) else ""
    key = decode(thing.get("key")) if isinstance(thing, dict) else ""
    if name and key:
        return Drop(name, key, _moment(when))
    return _unreadable(message_id, Mistake("Records", "an S3 event without bucket and key", "S3 event records"))


def _own(found: dict[str, Any], message_id: str) -> Iterator[Message]:
    match found:
        case {"submit": str(job_id)} if job_id:
            yield Submit(job_id)
        case {"after": str(job_id), "drop": str(drop)} if job_id:
            yield GoOn(job_id, drop)
        case {"bucket": str(bucket), "key": str(key)} if bucket and key:
            yield Drop(bucket, key)
        case _:
            mistake = Mistake("dropreel", "is not a message of ours", "model, input, id, output")
            yield _unreadable(message_id, mistake)


def _unreadable(message_id: str, mistake: Mistake) -> Request:
    return Request(message_id=message_id, mistakes=(mistake,))


def _request(found: dict[str, Any], message_id: str) -> Request:
    fields = ", ".join(_FIELDS)
    wrong = [Mistake(name[:100], "is not a field of a message", fields) for name in found if name not in _FIELDS]
    model, values, own_id, folder = found.get("model"), found.get("input"), "", ""
    if not isinstance(model, str) or not model:
        wrong.append(Mistake("model", "is missing or not a text", "the id or alias of a model"))
    if not isinstance(values, dict):
        wrong.append(Mistake("input", "is missing or not an object", "an object of the model's parameters"))
        values = {}
    with noted(wrong):
        own_id = _id(found.get("id"))
    with noted(wrong):
        folder = _folder(found.get("output"))
    return Request(
        message_id=message_id,
        model=_text(model),
        input=values,
        id=own_id,
        output=folder,
        then=found.get("then"),
        mistakes=tuple(wrong),
    )


def _id(told: object) -> str:
    if told is None:
        return ""
    if not isinstance(told, str):
        raise Mistake("id", "must be a text: put it in quotes", _IDS)
    if not ID.fullmatch(told):
        raise Mistake("id", "is too long or holds other characters" if told else "is empty", _IDS)
    return told


def _folder(output: object) -> str:
    """A folder of the outbox: no way up, no empty or hidden steps, short enough to leave room for the name."""
    if output is None or output == "":
        return ""
    allowed = "a folder such as campaign/7, at most 500 bytes, without empty, . or .. steps"
    if not isinstance(output, str) or not output.isprintable():
        raise Mistake("output", "is not a folder", allowed)
    steps = output.removesuffix("/").split("/")
    if any(step in ("", ".", "..") for step in steps) or len(output.encode(errors="replace")) > 500:
        raise Mistake("output", "is not a folder", allowed)
    return "/".join(steps)


def _text(value: object) -> str:
    return sound(value) if isinstance(value, str) else ""
