"""A model: one thing that a gateway can make, its parameters, its rules and its price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Final, Literal, Unpack, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from dropreel.catalog.fields import Files, Kind, tidied
from dropreel.errors import Mistake

#: Who can be asked.
Gateway = Literal["pixazo", "aimlapi"]

#: How many steps may follow a job, each made from the film of the one before.
MOST_STEPS: Final = 4

#: Veo 3.1 documents these in its body; a callback of the user's own would hide the outcome from the pipeline.
PIPELINE_OWNED: Final = frozenset({"webhook", "webhook_events_filter"})


@dataclass(frozen=True, slots=True)
class Media:
    """A parameter that takes a picture, a sound or a clip, or a list of them."""

    name: str  #: as the document spells it
    kind: Kind  #: what must lie there
    formats: tuple[str, ...]  #: the file extensions that the model takes, lower case
    many: bool  #: a list of them, even of one
    most: int  #: how many at most
    required: bool  #: the gateway refuses a request without it

    def takes(self, extension: str) -> bool:
        """Whether a file with this extension is one of the formats; case and a leading dot don't matter."""
        return extension.removeprefix(".").lower() in self.formats


class Model(BaseModel):
    """What may be asked of one model, as its document says it: its parameters, in the document's order.

    A default is what the gateway takes when nothing is said. It is never sent; prices and documents need it.
    """

    # A request is filled in value by value; of thirteen models, one is asked for.
    model_config = ConfigDict(extra="forbid", validate_assignment=True, defer_build=True)

    id: ClassVar[str]  #: the gateway's own model_id
    alias: ClassVar[str | None]  #: our shorter name, for people's folders
    gateway: ClassVar[Gateway]  #: who runs it
    title: ClassVar[str]  #: for people
    endpoint: ClassVar[str]  #: pixazo: the submit path; aimlapi: its name for the model

    def __init_subclass__(
        cls,
        *,
        id: str = "",  # noqa: A002 (the gateway's word)
        alias: str | None = None,
        gateway: Gateway = "pixazo",
        endpoint: str = "",
        **config: Unpack[ConfigDict],
    ) -> None:
        cls.id, cls.alias, cls.gateway, cls.endpoint = id, alias, gateway, endpoint
        cls.title = cls.model_config.get("title") or id

    def rules(self) -> Iterator[Mistake]:
        """Whatever a complete request breaks of what the document says about several parameters at once."""
        yield from ()

    def price_usd(self) -> Decimal | None:
        """What it costs in USD, by the gateway's own price list; None when that names no price."""
        return None

    @field_validator("*", mode="before")
    @classmethod
    def _as_people_write_it(cls, value: object, info: ValidationInfo) -> object:
        return tidied(value, cls.model_fields[info.field_name or ""].annotation)

    @classmethod
    def parameter(cls, name: str) -> str | None:
        """The parameter that is meant by a name, `-` and `_` alike."""
        spelled = name.replace("-", "_")
        return spelled if spelled in cls.model_fields else None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """The parameters without which the gateway refuses a request, in the document's order."""
        return tuple(name for name, field in cls.model_fields.items() if field.is_required())

    @classmethod
    def allowed(cls, name: str) -> str:
        """What a parameter may be, for people."""
        return str(cls.described()["properties"][name]["description"])

    @classmethod
    @cache
    def described(cls) -> Mapping[str, Any]:
        """The JSON Schema of the parameters, each with what is allowed as its description."""
        from dropreel.catalog.schemas import described

        return described(cls)

    @classmethod
    @cache
    def media(cls) -> tuple[Media, ...]:
        """The parameters that take a picture, a sound or a clip."""
        return tuple(media for name, field in cls.model_fields.items() if (media := _media(name, field)))

    @classmethod
    def place_for(cls, kind: str, role: str | None) -> Media | None:
        """The parameter that takes a file of this kind and role (None, "last", "1" to "9"), if there is one."""
        places = [media for media in cls.media() if media.kind == kind]
        if role == "last":
            return next((media for media in places if media.name == "last_frame"), None)
        lists = [media for media in places if media.many]
        if role is not None:
            return lists[0] if lists and role in set("123456789") else None
        singles = [media for media in places if not media.many and media.name != "last_frame"]
        return next(iter(singles + lists), None)


def _media(name: str, field: FieldInfo) -> Media | None:
    """A field that holds files, by what its type says of them."""
    files = next((mark for mark in [*field.metadata, *_marks(field.annotation)] if isinstance(mark, Files)), None)
    if files is None:
        return None
    most = next((mark.max_length for mark in field.metadata if hasattr(mark, "max_length")), 1)
    return Media(name, files.kind, files.formats, most > 1, most, field.is_required())


def _marks(annotation: Any) -> Iterator[object]:
    """Whatever `Annotated` says anywhere inside of a type, unions and lists included."""
    for inner in get_args(annotation) if get_origin(annotation) is not Literal else ():
        yield inner
        yield from _marks(inner)
