"""A drop before it is made: local files under their names in the inbox, judged by the domain's own code."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from dropreel.catalog import Model
from dropreel.catalog.fields import KIND_OF
from dropreel.errors import Mistake, Mistakes, noted
from dropreel.intake import drops
from dropreel.intake.assembly import Assembly, assemble
from dropreel.intake.drops import Name, Place
from dropreel.intake.inbox import LONGEST_TEXT, Inbox, Part
from dropreel.intake.steps import Step
from dropreel.intake.texts import Illegible, json_of, text_of
from dropreel.submit import lending

#: Bytes read at a time.
CHUNK = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One object to be."""

    key: str
    #: A file of this machine, or None where `text` is all there is.
    path: Path | None
    #: The whole of a prompt or of settings.
    text: bytes | None
    #: Bytes.
    size: int

    @property
    def head(self) -> bytes:
        """The first bytes, which tell what it is."""
        if self.path is None:
            return self.text or b""
        with self.path.open("rb") as file:
            return file.read(lending.HEAD)

    @property
    def content_type(self) -> str:
        """The media type that its object should have."""
        return lending.uploaded_as(self.key, self.head)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A complete drop that breaks no rule."""

    place: Place
    pieces: Sequence[Piece]
    #: Objects of the inbox at the same place that will be parts of the job, too.
    already: Sequence[str]
    #: The id that the job will have: the same parts are the same job, dropped by whomever.
    job_id: str
    values: Mapping[str, Any]
    #: The steps that are to follow.
    then: tuple[Step, ...]
    #: Of the job and of each step; None where it is not known.
    prices: Sequence[Decimal | None]


def draft(
    inbox: Inbox,
    model: type[Model],
    files: Sequence[Path],
    *,
    folder: str = "",
    name: str = "",
    prompt: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Draft:
    """Name the parts, and look at them as the submit function will. Raises Mistake, or Mistakes."""
    place = drops.place_named(model, folder, name or _name(model, files, prompt))
    pieces = _pieces(place, files, prompt, settings or {})
    keys = {piece.key for piece in pieces}
    there = [key for key in inbox.newest(place)[0] if key not in keys]
    found = [inbox.read(key, drops.parse(key)) for key in there]
    parts = [_part(piece) for piece in pieces] + [part for part in found if part is not None]
    assembly = assemble(inbox, place, sorted(parts, key=lambda part: (part.name.role or "", part.key)))
    _refuse(assembly, pieces, there)
    return Draft(
        place=place,
        pieces=sorted(pieces, key=lambda piece: lateness(drops.parse(piece.key), piece.size)),
        already=there,
        job_id=assembly.job_id,
        values=assembly.values,
        then=assembly.then,
        prices=assembly.prices(),
    )


def parameters(model: type[Model], given: Sequence[str]) -> dict[str, Any]:
    """The settings of `--set name=value`; a value that is JSON is what it says, any other a text. Raises Mistake."""
    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name.strip():
            raise Mistake("--set", f"{each} has no {'name' if equals else '='}", "NAME=VALUE, such as duration=4")
        parameter = model.parameter(name.strip())
        is_text = parameter is not None and "maxLength" in model.described()["properties"][parameter]
        found[parameter or name.strip()] = value if is_text else _from_json(value)
    return found


def _from_json(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _name(model: type[Model], files: Sequence[Path], prompt: str) -> str:
    """The first file's name up to its role and extension; of a prompt alone, its first words."""
    if files:
        stem = drops.parse(f"{model.id}/{files[0].name}").place.stem
        return (stem.lstrip("._") if drops.ignored(f"{stem}.png") else stem) or "drop"
    words = re.findall(r"[a-z0-9]+", prompt.lower())
    return "-".join(words)[:40].strip("-") or "drop"


def _pieces(place: Place, files: Sequence[Path], prompt: str, settings: Mapping[str, Any]) -> list[Piece]:
    pieces: dict[str, Piece] = {}
    for path, role in zip(files, _roles(place.model, files), strict=True):
        extension = path.suffix.lower().lstrip(".")
        if extension == "json" and settings:
            settings = {**_object(path), **settings}
            continue
        key = f"{place.path}{f'.{role}' if role else ''}.{extension}"
        if drops.parse(key).place != place:
            raise Mistake("--name", f"{place.stem} ends like a role of {place.model.id}", "a name that ends otherwise")
        if key in pieces:
            raise Mistake(extension, f"two files for {key}, {path.name} is the second", _allowed(place.model))
        text = path.read_bytes() if extension in ("txt", "json") and path.stat().st_size <= LONGEST_TEXT else None
        pieces[key] = Piece(key=key, path=path, text=text, size=path.stat().st_size)
    words = {"txt": prompt.encode(), "json": json.dumps(settings, ensure_ascii=False).encode() if settings else b""}
    for extension, text in words.items():
        key = f"{place.path}.{extension}"
        if text and key in pieces:
            raise Mistake("prompt", "is given twice, by --prompt and by a file", "one of them")
        if text:
            pieces[key] = Piece(key=key, path=None, text=text, size=len(text))
    if not pieces:
        raise Mistake("FILES", "there is nothing to drop", "files, --prompt or --set")
    return list(pieces.values())


def _roles(model: type[Model], files: Sequence[Path]) -> list[str | None]:
    """The roles that the names say; several plain pictures of a model that takes a list are numbered as given."""
    roles = [drops.parse(f"{model.id}/{path.name}").role for path in files]
    plain = [
        number
        for number, path in enumerate(files)
        if KIND_OF.get(path.suffix.lower().lstrip(".")) == "image" and roles[number] is None
    ]
    field = model.place_for("image", None)
    if field is not None and field.many and len(plain) > 1:
        for count, number in enumerate(plain, start=1):
            roles[number] = str(count)
    return roles


def _allowed(model: type[Model]) -> str:
    if model.place_for("image", "last"):
        return "one file; a last picture is named like cat.last.png"
    return "one file"


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json_of(text_of(path.read_bytes()))
    except Illegible as why:
        raise Mistake("settings", f"{path.name} {why}", "a JSON object") from None
    if not isinstance(found, dict):
        raise Mistake("settings", f"{path.name} is not a JSON object", "a JSON object")
    return found


def _part(piece: Piece) -> Part:
    name = drops.parse(piece.key)
    return Part(piece.key, name, _md5(piece), drop="", version="", text=piece.text, head=piece.head)


def _md5(piece: Piece) -> str:
    digest = hashlib.md5(piece.text or b"", usedforsecurity=False)
    if piece.text is None and piece.path is not None:
        with piece.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _refuse(assembly: Assembly, pieces: Sequence[Piece], there: Sequence[str]) -> None:
    """Raise Mistakes for what is wrong or missing; say so if it may come from what lies there already."""
    note = f" (in the inbox already: {', '.join(there)}; another --name leaves it alone)" if there else ""
    mistakes = [Mistake(each.field, each.problem + note, each.allowed) for each in assembly.mistakes]
    for piece in pieces if not mistakes else ():  # as others say better what an empty file or a web page is
        with noted(mistakes):
            _refuse_text(piece)
    model = assembly.place.model
    mistakes += [Mistake(name, "is missing", model.allowed(name)) for name in assembly.missing]
    if mistakes:
        raise Mistakes(mistakes)


def _refuse_text(piece: Piece) -> None:
    """Raise Mistake for a text that is called a picture, a sound or a clip."""
    name = drops.parse(piece.key)
    media = name.place.model.place_for(name.kind, name.role)
    if media is not None and name.kind not in ("prompt", "settings"):
        lending.refuse_text(media, piece.key, piece.head)


def lateness(name: Name, size: int) -> tuple[bool, int]:
    """Optional parts go first and the largest last: a slow upload is then not taken for complete before its end."""
    field = name.place.model.place_for(name.kind, name.role) if name.kind in ("image", "audio", "video") else None
    return bool(field and field.required), size
