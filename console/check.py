"""What a drop would become, by the very code that will read it: its keys, its price, or what is wrong or missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from json import dumps
from typing import Any

from pydantic import Base64Bytes, BaseModel, ConfigDict

from cli.wording import known_usd
from dropreel import catalog
from dropreel.errors import Mistake, noted
from dropreel.intake import drops
from dropreel.intake.assembly import assemble
from dropreel.intake.drops import Place
from dropreel.intake.inbox import LONGEST_TEXT, Inbox, Part
from dropreel.submit import lending


class File(BaseModel):
    """A file that somebody has chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: as it is called on their machine
    name: str
    #: bytes
    size: int
    #: "last", "1" to "9", or "" for none
    role: str = ""
    #: its first bytes, where somebody has looked
    head: Base64Bytes = b""


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
    #: field, problem and allowed of each
    mistakes: tuple[Mapping[str, str], ...] = ()
    #: None: the documents name no price, or it is not to be had yet
    price_usd: float | None = None
    #: of the job and of each step after it
    prices: tuple[float | None, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def check(inbox: Inbox, intended: Intended) -> Verdict:
    """Tries a drop without dropping anything."""
    try:
        place = _place(intended)
        root = f"{place.model.alias or place.model.id}/{place.folder}{place.stem}"
        keys = tuple(_keys(intended, place, root))
        parts = list(_parts(intended, keys, root))
    except Mistake as mistake:
        return Verdict(mistakes=(_said(mistake),))
    written = {part.key for part in parts}
    there = [key for key in inbox.newest(place)[0] if key not in written]
    parts += [part for part in (inbox.read(key, drops.parse(key)) for key in there) if part]
    found = assemble(inbox, place, parts)
    mistakes = found.mistakes or tuple(_texts(parts[: len(keys)]))
    ready = not mistakes and not found.missing
    prices = found.prices() if ready else ()
    price = known_usd(prices)
    return Verdict(
        place=place.path,
        keys=keys,
        prompt_key=f"{root}.txt",
        settings_key=f"{root}.json",
        present=tuple(there),
        missing=found.missing,
        mistakes=tuple(map(_said, mistakes)),
        price_usd=None if price is None else float(price),
        prices=tuple(None if usd is None else float(usd) for usd in prices),
    )


def _said(mistake: Mistake) -> dict[str, str]:
    return {"field": mistake.field, "problem": mistake.problem, "allowed": mistake.allowed}


def _place(intended: Intended) -> Place:
    """Where the parts belong. Raises Mistake."""
    folder, _, stem = intended.name.strip().rpartition("/")
    return drops.place_named(catalog.find(intended.model), folder, stem)


def _keys(intended: Intended, place: Place, root: str) -> Iterator[str]:
    """The key of each file. Raises Mistake where it would be read as a part of something else, or twice."""
    seen: dict[str, str] = {}
    for file in intended.files:
        _, dot, extension = file.name.rpartition(".")
        key = f"{root}{file.role and '.'}{file.role}{dot and '.'}{extension if dot else ''}"
        read = drops.parse(key)
        if read.place != place or (read.role or "") != file.role:
            problem = f"{key.rpartition('/')[2]} would be read as {read.place.stem!r}"
            raise Mistake("name", problem, "a name that ends otherwise")
        if key in seen:
            raise Mistake("file", f"{seen[key]} and {file.name} would be the same part", "one file for each place")
        seen[key] = file.name
        yield key


def _parts(intended: Intended, keys: tuple[str, ...], root: str) -> Iterator[Part]:
    """The parts as the inbox would read them, but that of a file no more is known here than how it begins."""
    for key, file in zip(keys, intended.files, strict=True):
        yield Part(key, drops.parse(key), key, "", "", head=(file.head or None) if file.size else b"")
    texts = {f"{root}.txt": intended.prompt.strip(), f"{root}.json": intended.settings and dumps(intended.settings)}
    for key, text in texts.items():
        if text:
            said = text.encode(errors="replace")
            yield Part(key, drops.parse(key), key, "", "", text=said if len(said) <= LONGEST_TEXT else None)


def _texts(parts: Sequence[Part]) -> Iterator[Mistake]:
    """Whatever is called a picture, a sound or a clip, and is text."""
    for part in parts:
        mistakes: list[Mistake] = []
        with noted(mistakes):
            if part.head:
                lending.refuse_text(drops.taken_by(part.key, part.name), part.key, part.head)
        yield from mistakes
