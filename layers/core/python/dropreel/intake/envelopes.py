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

from dropreel.errors import Mistake
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


@dataclass(frozen=True, slots=True)
class Request:
    """A publisher asks for a generation; nothing in it has been checked but its form."""

    model: str
    input: Mapping[str, Any]
    #: The publisher's id, or "".
    id: str
    #: The folder in the outbox, or "".
    output: str
    #: What a redelivery of this message shares with it: the id that the outermost sender gave.
    message_id: str
    #: The steps that are to follow, unchecked; None where it names none.
    then: object = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that is no request; `mistake` says why."""

    mistake: Mistake
    #: Its own id if that much could be read, or "".
    id: str
    #: The model that it names, if that much could be read, or "".
    model: str
    message_id: str
    #: The folder in the outbox, if that much could be read, or "".
    output: str = ""


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


Message = Drop | Request | Unreadable | Submit | GoOn


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
        yield Unreadable(Mistake("message", str(why), "one JSON object"), "", "", message_id)
    else:
        yield from _unwrap(found, message_id, depth)


def _unwrap(found: object, message_id: str, depth: int) -> Iterator[Message]:
    if not isinstance(found, dict) or depth == 0:
        yield Unreadable(Mistake("message", "is not a JSON object", "one JSON object"), "", "", message_id)
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


def _unconfirmed(found: dict[str, Any], message_id: str) -> Unreadable:
    """SNS asks whether a topic may send here, which it does not where the queue's own account subscribes it."""
    problem = f"SNS wants its topic {redact(_text(found.get('TopicArn'))[:256])} confirmed, which is not done here"
    allowed = "a subscription that the account of this queue makes, which needs no confirmation; subscribe it again"
    return Unreadable(Mistake("message", problem, allowed), "", "", message_id)


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
            yield Unreadable(problem, "", "", message_id)
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
    return Unreadable(Mistake("Records", "an S3 event without bucket and key", "S3 event records"), "", "", message_id)


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
            yield Unreadable(mistake, "", "", message_id)


def _request(found: dict[str, Any], message_id: str) -> Request | Unreadable:
    try:
        return _checked(found, message_id)
    except Mistake as mistake:
        return Unreadable(mistake, _readable_id(found), _text(found.get("model")), message_id, _readable_folder(found))


def _readable_id(found: dict[str, Any]) -> str:
    own_id = found.get("id")
    return own_id if isinstance(own_id, str) and ID.fullmatch(own_id) else ""


def _readable_folder(found: dict[str, Any]) -> str:
    try:
        return _folder(found.get("output"))
    except Mistake:
        return ""


def _checked(found: dict[str, Any], message_id: str) -> Request:
    for name in found:
        if name not in _FIELDS:
            raise Mistake(name[:100], "is not a field of a message", ", ".join(_FIELDS))
    model = found.get("model")
    if not isinstance(model, str) or not model:
        raise Mistake("model", "is missing or not a text", "the id or alias of a model")
    values = found.get("input")
    if not isinstance(values, dict):
        raise Mistake("input", "is missing or not an object", "an object of the model's parameters")
    own_id = found.get("id")
    if own_id is not None and not isinstance(own_id, str):
        raise Mistake("id", "must be a text: put it in quotes", _IDS)
    if own_id is not None and not ID.fullmatch(own_id):
        raise Mistake("id", "is empty" if not own_id else "is too long or holds other characters", _IDS)
    return Request(model, values, own_id or "", _folder(found.get("output")), message_id, found.get("then"))


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
