"""What a drop would become, by the very code that will read it: its keys, its price, or what is wrong or missing."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from json import dumps
from typing import Any

from pydantic import BaseModel, ConfigDict

from dropreel import catalog, drops
from dropreel.assembly import assemble
from dropreel.drops import Place
from dropreel.errors import Mistake
from dropreel.inbox import Inbox, Part

#: bytes of an inbox key: S3's limit, less what the outbox puts behind it
_LONGEST_KEY = 960
_NAME = "a name such as cat or monday/cat, not beginning with . or _"


class File(BaseModel):
    """A file that somebody has chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: as it is called on their machine
    name: str
    #: "last", "1" to "9", or "" for none
    role: str = ""


class Intended(BaseModel):
    """Everything that the page is about to drop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: id or alias
    model: str
    #: the folders and the stem that all parts share
    name: str
    files: tuple[File, ...] = ()
    prompt: str = ""
    settings: dict[str, Any] = {}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What would become of it."""

    #: the outbox's folder and stem; "" where the drop can have none
    place: str = ""
    #: inbox keys, in the order of the files
    keys: tuple[str, ...] = ()
    prompt_key: str = ""
    settings_key: str = ""
    #: parts that lie there already, and count too
    present: tuple[str, ...] = ()
    #: required parameters without a value
    missing: tuple[str, ...] = ()
    #: field, problem and allowed
    mistake: Mapping[str, str] | None = None
    #: None: the documents name no price, or it is not to be had yet
    price_usd: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def check(inbox: Inbox, intended: Intended) -> Verdict:
    """Tries a drop without dropping anything."""
    try:
        place, root = _place(intended)
        keys = tuple(_keys(intended, place, root))
        parts = list(_parts(intended, keys, root))
    except Mistake as mistake:
        return Verdict(mistake=_said(mistake))
    written = {part.key for part in parts}
    there = [key for key in inbox.newest(place)[0] if key not in written]
    parts += [part for part in (inbox.read(key, drops.parse(key)) for key in there) if part]
    found = assemble(inbox, place, parts)
    price = None if found.mistake or found.missing else place.model.price_usd(found.values)
    return Verdict(
        place=place.path,
        keys=keys,
        prompt_key=f"{root}.txt",
        settings_key=f"{root}.json",
        present=tuple(there),
        missing=found.missing,
        mistake=_said(found.mistake) if found.mistake else None,
        price_usd=None if price is None else float(price),
    )


def _said(mistake: Mistake) -> dict[str, str]:
    return {"field": mistake.field, "problem": mistake.problem, "allowed": mistake.allowed}


def _place(intended: Intended) -> tuple[Place, str]:
    """Where the parts belong, and what their keys begin with. Raises Mistake."""
    model = catalog.find(intended.model)
    folder, slash, stem = intended.name.strip().rpartition("/")
    root = f"{model.alias or model.id}/{folder}{slash}{stem}"
    if not all(step and step.isprintable() for step in root.split("/")) or drops.ignored(root):
        raise Mistake("name", "can not be used", _NAME)
    if len(root.encode(errors="replace")) > _LONGEST_KEY:
        raise Mistake("name", "is too long", f"at most {_LONGEST_KEY} bytes with the model's")
    return Place(model, f"{folder}{slash}", stem), root


def _keys(intended: Intended, place: Place, root: str) -> Iterator[str]:
    """The key of each file. Raises Mistake where it would be read as a part of something else, or twice."""
    seen: dict[str, str] = {}
    for file in intended.files:
        _, dot, extension = file.name.rpartition(".")
        key = f"{root}{file.role and '.'}{file.role}{dot and '.'}{extension if dot else ''}"
        read = drops.parse(key)
        if read.place != place or (read.role or "") != file.role:
            raise Mistake("name", f"{key.rpartition('/')[2]} would be read as {read.place.stem!r}", _NAME)
        if key in seen:
            raise Mistake("file", f"{seen[key]} and {file.name} would be the same part", "one file for each place")
        seen[key] = file.name
        yield key


def _parts(intended: Intended, keys: tuple[str, ...], root: str) -> Iterator[Part]:
    texts = {f"{root}.txt": intended.prompt.strip(), f"{root}.json": intended.settings and dumps(intended.settings)}
    for key in keys:
        yield Part(key, drops.parse(key), key, "", "")
    for key, text in texts.items():
        if text:
            yield Part(key, drops.parse(key), key, "", "", text=text.encode(errors="replace"))
