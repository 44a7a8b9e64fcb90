"""The kinds of field that a model's document can name, and what each takes from people.

Values come from JSON or, as strings, from S3 metadata; `parse` answers the documented wire form or raises Mistake.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import Final, Literal
from unicodedata import category

from dropreel.catalog.places import extension_of, is_object, is_unicode, is_url, why_unusable
from dropreel.errors import Mistake

Kind = Literal["image", "audio", "video"]

IMAGES: Final = ("png", "jpg", "jpeg", "webp", "gif", "avif")
AUDIO: Final = ("mp3", "wav")
VIDEOS: Final = ("mp4", "mov", "webm", "mkv", "m4v")

_EXTENSIONS: Final[Mapping[Kind, tuple[str, ...]]] = {"image": IMAGES, "audio": AUDIO, "video": VIDEOS}

#: What a file is, by its lower-case extension.
KIND_OF: Final[Mapping[str, Kind]] = MappingProxyType(
    {extension: kind for kind, extensions in _EXTENSIONS.items() for extension in extensions}
)

_TEXT_LIMIT: Final = 20_000
_JSON_LIMIT: Final = 100_000
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_SECONDS: Final = re.compile(r"([0-9]{1,6})s?")
_WORDS: Final[Mapping[str, bool]] = {"true": True, "false": False}
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})
_FILLERS: Final = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a symbol, by their category, that show nothing
_SAFE: Final = 2**53 - 1  # the largest whole number that every JSON reader keeps exactly


def shown(value: object) -> str:
    """A wrong value as a message may show it: short, printable, never the whole of it."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and abs(value) > _SAFE:
        return "a huge number"
    if isinstance(value, float) and not math.isfinite(value):
        return "what is no number" if math.isnan(value) else "a huge number"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return repr(value) if len(value) <= 40 else f"{value[:40]!r}…"
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list | tuple) else "no JSON value"


def _is_visible(character: str) -> bool:
    """Whether a character alone shows: no space, control or format character, no mark or filler."""
    return category(character) not in _INVISIBLE and character not in _FILLERS


def whole(value: object) -> int:
    """8 from 8, 8.0 and "8"; ValueError for all else, true and false included."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ValueError


def seconds(value: object) -> int:
    """8 from 8, "8" and "8s"; ValueError for all else."""
    match = _SECONDS.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(match[1]) if match else whole(value)


def _wrong(field: Field, value: object) -> Mistake:
    return Mistake(field.name, f"{shown(value)} is not allowed", field.allowed())


def _from_json(value: object) -> object:
    """The object or list inside a string, for S3 metadata can hold nothing else; any other value as it is."""
    if not isinstance(value, str) or len(value) > _JSON_LIMIT:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the user's own, sent as they are."""

    name: str  #: as the document spells it
    _: KW_ONLY
    required: bool = False  #: the gateway refuses a request without it
    default: str | None = None  #: what the gateway takes when it is absent; None: nothing documented

    def allowed(self) -> str:
        return f"text of at most {_TEXT_LIMIT} characters{', not blank' if self.required else ''}"

    def parse(self, value: object) -> str:
        if not isinstance(value, str):
            raise _wrong(self, value)
        if len(value) > _TEXT_LIMIT:
            raise Mistake(self.name, f"has {len(value)} characters", self.allowed())
        if self.required and not any(map(_is_visible, value)):
            raise Mistake(self.name, "is blank", self.allowed())
        if not is_unicode(value):
            raise Mistake(self.name, "holds half a character (a lone surrogate)", self.allowed())
        control = next((one for one in value if category(one) == "Cc" and one not in "\t\n\r"), "")
        if control:
            raise Mistake(self.name, f"holds a control character (U+{ord(control):04X})", self.allowed())
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words; a number counts as the word that it spells (4 is "4")."""

    name: str  #: as the document spells it
    values: tuple[str, ...]  #: every allowed word, in the document's order
    _: KW_ONLY
    required: bool = False  #: the gateway refuses a request without it
    default: str | None = None  #: what the gateway takes when it is absent; None: nothing documented

    def allowed(self) -> str:
        return ", ".join(self.values)

    def parse(self, value: object) -> str:
        try:
            word = value.strip() if isinstance(value, str) else str(whole(value))
        except ValueError:
            raise _wrong(self, value) from None
        if word not in self.values:
            raise _wrong(self, value)
        return word


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number; the documents set no bounds, so they are those within which JSON keeps it exact."""

    name: str  #: as the document spells it
    _: KW_ONLY
    lowest: int = -_SAFE  #: inclusive
    highest: int = _SAFE  #: inclusive
    required: bool = False  #: the gateway refuses a request without it
    default: int | None = None  #: what the gateway takes when it is absent; None: nothing documented

    def allowed(self) -> str:
        return f"a whole number from {self.lowest} to {self.highest}"

    def parse(self, value: object) -> int:
        try:
            number = whole(value)
        except ValueError:
            raise _wrong(self, value) from None
        if not self.lowest <= number <= self.highest:
            raise _wrong(self, value)
        return number


@dataclass(frozen=True, slots=True)
class Seconds:
    """A length of time, which people may write as 8, "8" or "8s" for every model."""

    name: str  #: as the document spells it
    values: Collection[int]  #: every allowed number of seconds, in rising order
    _: KW_ONLY
    form: Literal["integer", "digits", "suffixed"] = "integer"  #: how the gateway wants it: 8, "8" or "8s"
    required: bool = False  #: the gateway refuses a request without it
    default: int | str | None = (
        None  #: in wire form, what the gateway takes when it is absent; None: nothing documented
    )

    def allowed(self) -> str:
        if isinstance(self.values, range):
            return f"{min(self.values)} to {max(self.values)} seconds"
        return f"{', '.join(map(str, self.values))} seconds"

    def parse(self, value: object) -> int | str:
        try:
            length = seconds(value)
        except ValueError:
            raise _wrong(self, value) from None
        if length not in self.values:
            raise _wrong(self, value)
        forms: dict[str, int | str] = {"integer": length, "digits": f"{length}", "suffixed": f"{length}s"}
        return forms[self.form]


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    name: str  #: as the document spells it
    _: KW_ONLY
    required: bool = False  #: the gateway refuses a request without it
    default: bool | None = None  #: what the gateway takes when it is absent; None: nothing documented

    def allowed(self) -> str:
        return "true or false"

    def parse(self, value: object) -> bool:
        answer = _WORDS.get(value.strip().lower()) if isinstance(value, str) else value
        if not isinstance(answer, bool):
            raise _wrong(self, value)
        return answer


@dataclass(frozen=True, slots=True)
class Color:
    """A color as an object of r, g and b."""

    name: str  #: as the document spells it
    _: KW_ONLY
    required: bool = False  #: the gateway refuses a request without it
    default: None = None  #: no document names one

    def allowed(self) -> str:
        return 'an object {"r": 0 to 255, "g": 0 to 255, "b": 0 to 255}'

    def parse(self, value: object) -> dict[str, int]:
        channels = _from_json(value)
        if not isinstance(channels, dict) or channels.keys() != {"r", "g", "b"}:
            raise _wrong(self, value)
        try:
            color = {channel: whole(channels[channel]) for channel in "rgb"}
        except ValueError:
            raise _wrong(self, value) from None
        if any(level not in range(256) for level in color.values()):
            raise _wrong(self, value)
        return color


@dataclass(frozen=True, slots=True)
class Media:
    """Where a picture, a sound or a clip lies: an https:// URL, or s3://bucket/key."""

    name: str  #: as the document spells it
    kind: Kind  #: what must lie there
    formats: tuple[str, ...]  #: the file extensions that the model takes, lower case
    _: KW_ONLY
    many: bool = False  #: a list of them, even of one
    most: int = 1  #: how many at most
    required: bool = False  #: the gateway refuses a request without it
    default: None = None  #: no document names one

    def allowed(self) -> str:
        one = f"an https:// URL or s3://bucket/key of {self.kind} ({', '.join(self.formats)})"
        return f"a list of 1 to {self.most}, each {one}" if self.many else one

    def takes(self, extension: str) -> bool:
        """Whether a file with this extension is one of the model's formats; case and a leading dot don't matter."""
        return extension.removeprefix(".").lower() in self.formats

    def parse(self, value: object) -> str | list[str]:
        """Plain http:// passes on a loopback host only; whoever runs off the laptop must refuse that as well."""
        if not self.many:
            return self._place(value)
        places = _from_json(value)
        if not isinstance(places, list | tuple):
            raise Mistake(self.name, "is not a list", self.allowed())
        if not 1 <= len(places) <= self.most:
            raise Mistake(self.name, f"holds {len(places)} values", self.allowed())
        return [self._place(place) for place in places]

    def _place(self, value: object) -> str:
        # Never shown in the message: a URL may carry a signature.
        if not isinstance(value, str) or not (is_url(value) or is_object(value)):
            raise Mistake(self.name, why_unusable(value), self.allowed())
        extension = extension_of(value) if value.startswith("s3://") else ""
        if extension and not self.takes(extension):
            raise Mistake(self.name, f"takes no .{extension} ({value.rpartition('/')[2]})", self.allowed())
        return value


Field = Text | Choice | Whole | Seconds | Flag | Color | Media
