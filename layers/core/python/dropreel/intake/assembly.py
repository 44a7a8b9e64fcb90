"""From the parts of a place to the input of a job: whose word counts, what is missing, what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from dropreel.catalog.requests import Said, read
from dropreel.errors import Mistake, noted
from dropreel.intake import drops
from dropreel.intake.drops import Name, Place
from dropreel.intake.inbox import LONGEST_TEXT, Inbox, Part
from dropreel.intake.steps import Step, prices_of, steps_of
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
    #: Parameters in wire form, the strongest word for each; empty when there are mistakes.
    values: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    #: The steps that are to follow.
    then: tuple[Step, ...] = ()
    missing: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    def prices(self) -> tuple[Decimal | None, ...]:
        """What the job and each step after it cost, None where that is not known; only of a job that is ready."""
        return self.place.model.model_validate(self.values).price_usd(), *prices_of(self.then)


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
    mistakes = [*drops.misnamed([(part.key, part.name) for part in parts])]
    said, then = _said(inbox, place, parts, uri, mistakes)
    reading = read(place.model, said)
    mistakes += reading.mistakes
    versions = pinned(inbox.lender, reading, {f"{uri}{part.key}": part.version for part in parts}, mistakes)
    steps = steps_of(then, inbox.lender, mistakes)
    mistakes = mistakes or reading.broken()
    if mistakes:
        return replace(found, mistakes=tuple(mistakes))
    return replace(found, values=reading.values, missing=reading.missing, versions=versions, then=steps)


def wrong_defaults(inbox: Inbox, key: str, name: Name) -> list[Mistake]:
    """Everything that is wrong with the folder defaults under this key."""
    part = inbox.read(key, name)
    if part is None:
        return []
    mistakes = [*drops.misnamed([(key, name)])]
    with noted(mistakes):
        written = _written(part)
        steps_of(written.pop("then", None), inbox.lender, mistakes)
        mistakes += read(name.place.model, [Said(written, key)]).mistakes
    return mistakes


def _said(
    inbox: Inbox, place: Place, parts: Sequence[Part], uri: str, mistakes: list[Mistake]
) -> tuple[list[Said], object]:
    """What each source says, from the weakest up: folder defaults, metadata, media, prompt, settings; and the steps
    that the strongest of them names.
    """
    said: list[Said] = []
    then: object = None
    with noted(mistakes):
        for key, body in inbox.defaults(place):
            with noted(mistakes):
                written = _object(key, body)
                then = written.pop("then", then)
                said.append(Said(written, key))
    # The first part's metadata counts where two disagree.
    said += [Said(part.metadata, f"the metadata of {part.key}") for part in reversed(parts)]
    said.append(Said(media_parts(parts, uri, mistakes)))
    for kind in ("prompt", "settings"):
        texts = [part for part in parts if part.name.kind == kind]
        if len(texts) > 1:
            mistakes.append(Mistake(kind, "two files for it: " + ", ".join(part.key for part in texts), "one file"))
        for part in texts:
            with noted(mistakes):
                written = _written(part)
                take, then = written.pop("take", None), written.pop("then", then)
                said.append(Said(written, part.key))
                _refuse_take(take, part.key)
    return said, then


def media_parts(parts: Sequence[Part], uri: str, mistakes: list[Mistake]) -> dict[str, Any]:
    """The media parts as parameters, each as `<uri><key>`."""
    values: dict[str, Any] = {}
    for part in parts:
        if part.name.kind in ("prompt", "settings"):
            continue
        with noted(mistakes):
            _refuse_unread(part)
            media = drops.taken_by(part.key, part.name)
            if part.head is not None:
                lending.refuse_unfit(media, part.key, part.head)
            if media.many:
                values.setdefault(media.name, []).append(f"{uri}{part.key}")
            elif media.name in values:
                first = values[media.name].removeprefix(uri)
                raise Mistake(media.name, f"two files for it: {first}, {part.key}", "one file")
            else:
                values[media.name] = f"{uri}{part.key}"
    return values


def _refuse_unread(part: Part) -> None:
    if part.mistake is not None:
        raise part.mistake


def _refuse_take(take: object, key: str) -> None:
    """Raise Mistake for no `take`: it is ours, and only makes another job of the same parts."""
    if take is not None and (not isinstance(take, str | int) or isinstance(take, bool)):
        raise Mistake("take", f"is neither a text nor a whole number (in {key})", "a text or a whole number")


def _written(part: Part) -> dict[str, Any]:
    """What a prompt or a settings file says. Raises Mistake where nobody can read it."""
    _refuse_unread(part)
    return {"prompt": _prompt(part)} if part.name.kind == "prompt" else _object(part.key, part.text)


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
    found.pop("$schema", None)  # what an editor knows the parameters by
    return found
