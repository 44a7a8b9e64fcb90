"""What the parameters of a model can be, as types: what people may write for them, and what is sent.

Values come from JSON or, as strings, from S3 metadata. Beside what is here a model uses `bool`, `Literal` for choices
and `list`, which are as lenient (`tidied`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin
from unicodedata import category

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_plain_validator_function

from dropreel.catalog.places import extension_of, is_object, is_unicode, is_url, why_unusable

Kind = Literal["image", "audio", "video"]
T = TypeVar("T")

IMAGES: Final = ("png", "jpg", "jpeg", "webp", "gif", "avif")
AUDIO: Final = ("mp3", "wav")
VIDEOS: Final = ("mp4", "mov", "webm", "mkv", "m4v")

_EXTENSIONS: Final[Mapping[Kind, tuple[str, ...]]] = {"image": IMAGES, "audio": AUDIO, "video": VIDEOS}

#: What a file is, by its lower-case extension.
KIND_OF: Final[Mapping[str, Kind]] = MappingProxyType(
    {extension: kind for kind, extensions in _EXTENSIONS.items() for extension in extensions}
)

TEXT_LIMIT: Final = 20_000
_JSON_LIMIT: Final = 100_000
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_SECONDS: Final = re.compile(r"([0-9]{1,6})s?")
_WORDS: Final[Mapping[str, bool]] = {"true": True, "false": False}
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})
_FILLERS: Final = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a symbol, by their category, that show nothing
#: The largest whole number that every JSON reader keeps exactly.
SAFE: Final = 2**53 - 1


def problem(words: str) -> PydanticCustomError:
    """What is wrong with a value, where there is more to say than that it is not allowed."""
    return PydanticCustomError("problem", "{words}", {"words": words})


# Numbers


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


#: A whole number; the documents set no bounds, so they are those within which JSON keeps it exact.
Whole = Annotated[int, Field(ge=-SAFE, le=SAFE), BeforeValidator(whole)]
#: A length of time, sent as 8.
Seconds = Annotated[T, BeforeValidator(seconds), Field(json_schema_extra={"format": "seconds"})]
#: A length of time, sent as "8".
DigitSeconds = Annotated[Seconds[T], PlainSerializer(str)]
#: A length of time, sent as "8s".
SuffixedSeconds = Annotated[Seconds[T], PlainSerializer("{}s".format)]


# Words


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    if len(value) > TEXT_LIMIT:
        raise problem(f"has {len(value)} characters")
    if not is_unicode(value):
        raise problem("holds half a character (a lone surrogate)")
    control = next((one for one in value if category(one) == "Cc" and one not in "\t\n\r"), "")
    if control:
        raise problem(f"holds a control character (U+{ord(control):04X})")
    return value


def _prompt(value: object) -> str:
    if isinstance(value, str) and len(value) <= TEXT_LIMIT and not any(map(_is_visible, value)):
        raise problem("is blank")
    return _text(value)


def _is_visible(character: str) -> bool:
    """Whether a character alone shows: no space, control or format character, no mark or filler."""
    return category(character) not in _INVISIBLE and character not in _FILLERS


#: Words of the user's own, sent as they are.
Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string", "maxLength": TEXT_LIMIT})]
#: The same, but not blank.
Prompt = Annotated[
    str, PlainValidator(_prompt), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": TEXT_LIMIT})
]


# Colors


def _from_json(value: object) -> object:
    """The object or list inside a string, for S3 metadata can hold nothing else; any other value as it is."""
    if not isinstance(value, str) or len(value) > _JSON_LIMIT:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


_Level = Annotated[int, Field(ge=0, le=255), BeforeValidator(whole)]


class _Color(BaseModel, extra="forbid", frozen=True, defer_build=True):
    r: _Level
    g: _Level
    b: _Level

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return _from_json(value)


#: A color as an object of r, g and b.
Color = Annotated[
    _Color,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {channel: {"type": "integer", "minimum": 0, "maximum": 255} for channel in "rgb"},
            "required": ["r", "g", "b"],
            "additionalProperties": False,
            "description": 'an object {"r": 0 to 255, "g": 0 to 255, "b": 0 to 255}',
        }
    ),
]


# Media


@dataclass(frozen=True, slots=True)
class Files:
    """Says of a text that it is where a picture, a sound or a clip lies: an https:// URL, or s3://bucket/key."""

    kind: Kind  #: what must lie there
    formats: tuple[str, ...]  #: the file extensions that the model takes, lower case

    def place(self, value: object) -> str:
        """Plain http:// passes on a loopback host only; whoever runs off the laptop must refuse that as well."""
        # Never shown in the message: a URL may carry a signature.
        if not isinstance(value, str) or not (is_url(value) or is_object(value)):
            raise problem(why_unusable(value))
        extension = extension_of(value) if value.startswith("s3://") else ""
        if extension and extension not in self.formats:
            raise problem(f"takes no .{extension} ({value.rpartition('/')[2]})")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return no_info_plain_validator_function(self.place)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        allowed = f"an https:// URL or s3://bucket/key of {self.kind} ({', '.join(self.formats)})"
        return {"type": "string", "format": self.kind, "description": allowed}


Picture = Annotated[str, Files("image", IMAGES)]
Sound = Annotated[str, Files("audio", AUDIO)]
Clip = Annotated[str, Files("video", VIDEOS)]


# What is no type of ours


def tidied(value: object, annotation: Any) -> object:
    """What is meant by a value for a choice, a flag or a list; ValueError where it can't be meant.

    No field takes null: what is not set is left out.
    """
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    if value is None:
        raise ValueError
    if type(None) in get_args(annotation):
        return tidied(value, kinds[0])
    if annotation is bool:
        return _flag(value)
    if get_origin(annotation) is Literal and isinstance(kinds[0], str):
        return value.strip() if isinstance(value, str) else str(whole(value))
    return _from_json(value) if get_origin(annotation) is list else value


def _flag(value: object) -> bool:
    answer = _WORDS.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(answer, bool):
        raise ValueError
    return answer
