"""From the parts of a place to the input of a job: whose word counts, what is missing, what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dropreel.errors import Mistake
from dropreel.intake import drops
from dropreel.intake.drops import Name, Place
from dropreel.intake.inbox import LONGEST_TEXT, Inbox, Part
from dropreel.intake.texts import Illegible, json_of, text_of
from dropreel.jobs import identity
from dropreel.submit import lending
from dropreel.submit.lending import pinned


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that a place says at one moment."""

    place: Place
    parts: Sequence[Part]
    #: The job's id: model, folder, stem and the content of the parts; not their versions, not the folder defaults.
    job_id: str
    #: Tells one drop of these contents from another.
    drop: str
    #: Parameters in wire form, the strongest word for each; empty when there is a mistake.
    values: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    mistake: Mistake | None = None


def assemble(inbox: Inbox, place: Place, parts: Sequence[Part]) -> Assembly:
    """Put the parts of a place together with its folder defaults."""
    uri = f"s3://{inbox.bucket}/"
    contents = [[part.name.kind, part.name.role, part.content, dict(part.metadata)] for part in parts]
    contents.sort(key=json.dumps)
    found = Assembly(
        place,
        parts,
        identity("drop", place.model.id, place.folder, place.stem, contents),
        identity(sorted((part.key, part.drop) for part in parts)),
    )
    try:
        values = _values(inbox, place, parts, uri)
        missing = place.model.missing(values)
        if not missing:
            place.model.check(values)
        versions = pinned(inbox.lender, place.model, values, {f"{uri}{part.key}": part.version for part in parts})
    except Mistake as mistake:
        return replace(found, mistake=mistake)
    return replace(found, values=values, missing=missing, versions=versions)


def check_defaults(inbox: Inbox, key: str, name: Name) -> None:
    """Raise Mistake if the folder defaults under this key can't be read."""
    part = inbox.read(key, name)
    if part is not None:
        drops.refuse_keys([(key, name)])
        _refuse_unread([part])
        _from(key, name.place.model.parse, _object(key, part.text))


def _values(inbox: Inbox, place: Place, parts: Sequence[Part], uri: str) -> dict[str, Any]:
    """Each parameter's strongest word, from the weakest up: folder defaults, metadata, media, prompt, settings."""
    model = place.model
    values: dict[str, Any] = {}
    named = [(part.key, part.name) for part in parts]
    drops.refuse_keys(named)
    media = drops.media_parts(place, named, uri)
    _refuse_unread(parts)
    for key, body in inbox.defaults(place):
        values |= _from(key, model.parse, _object(key, body))
    for part in reversed(parts):  # the first part's metadata counts where two disagree
        values |= _from(f"the metadata of {part.key}", model.parse, part.metadata)
    values |= model.parse(media)
    for kind in ("prompt", "settings"):
        texts = [part for part in parts if part.name.kind == kind]
        if len(texts) > 1:
            raise Mistake(kind, "two files for it: " + ", ".join(part.key for part in texts), "one file")
        for part in texts:
            said = {"prompt": _prompt(part)} if kind == "prompt" else _settings(part)
            values |= _from(part.key, model.parse, said)
    _refuse_unfit(parts)
    return values


def _refuse_unread(parts: Sequence[Part]) -> None:
    """Raise Mistake for parts that can't be read, naming all of them."""
    mistakes = [part.mistake for part in parts if part.mistake]
    if mistakes:
        raise Mistake("file", ", ".join(mistake.problem for mistake in mistakes), mistakes[0].allowed)


def _refuse_unfit(parts: Sequence[Part]) -> None:
    """Raise Mistake for media that the gateway could not use, and might still take money for."""
    for part in parts:
        media = part.name.place.model.place_for(part.name.kind, part.name.role)
        if media is not None and part.head is not None:
            lending.refuse_unfit(media, part.key, part.head)


def _from(source: str, parse: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """Parse one source's parameters, so that a mistake says where it is."""
    try:
        parsed: dict[str, Any] = parse(said)
    except Mistake as mistake:
        raise Mistake(mistake.field, f"{mistake.problem} (in {source})", mistake.allowed) from None
    return parsed


def _settings(part: Part) -> dict[str, Any]:
    """A settings file's parameters; `take` is ours: it only makes another job of the same parts."""
    said = _object(part.key, part.text)
    take = said.pop("take", None)
    if take is not None and (not isinstance(take, str | int) or isinstance(take, bool)):
        raise Mistake("take", f"is neither a text nor a whole number (in {part.key})", "a text or a whole number")
    return said


def _prompt(part: Part) -> str:
    if part.text is None:
        raise Mistake("prompt", f"{part.key} is too long", f"at most {LONGEST_TEXT} bytes")
    if not part.text:
        raise Mistake("prompt", f"{part.key} is empty", "UTF-8 text")
    try:
        return text_of(part.text).strip()
    except Illegible as why:
        raise Mistake("prompt", f"{part.key} {why}", "UTF-8 text") from None


def _object(key: str, body: bytes | None) -> dict[str, Any]:
    if body is None or len(body) > LONGEST_TEXT:
        raise Mistake("settings", f"{key} is too long", f"at most {LONGEST_TEXT} bytes")
    try:
        found = json_of(text_of(body))
    except Illegible as why:
        raise Mistake("settings", f"{key} {why}", "a JSON object of the model's parameters") from None
    if not isinstance(found, dict):
        raise Mistake("settings", f"{key} is not a JSON object", "a JSON object of the model's parameters")
    return found
