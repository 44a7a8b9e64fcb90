"""A model: one thing that a gateway can make, its fields, its rules and its price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from dropreel.catalog.fields import Field, Media
from dropreel.errors import Mistake

#: A rule between fields: looks at a parsed, complete input and raises Mistake when it is broken.
Rule = Callable[[Mapping[str, object]], None]

#: Names the price in USD of a parsed input whose defaults are filled in; None when the documents don't.
Price = Callable[[Mapping[str, object]], Decimal | None]

#: Veo 3.1 documents these in its body; a callback of the user's own would hide the outcome from the pipeline.
PIPELINE_OWNED: Final = frozenset({"webhook", "webhook_events_filter"})


def unpriced(_: Mapping[str, object]) -> None:
    """The documents name no price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What may be asked of one model, as its document says it."""

    id: str  #: the gateway's own model_id
    alias: str | None = None  #: our shorter name, for people's folders
    gateway: Literal["pixazo", "aimlapi"]  #: who runs it
    title: str  #: for people
    endpoint: str  #: pixazo: the submit path; aimlapi: its name for the model
    fields: tuple[Field, ...]  #: every parameter of the document, in its order
    rules: tuple[Rule, ...] = ()  #: what the document says about several fields at once
    price: Price = unpriced  #: asked through price_usd, which fills in the defaults

    def field(self, name: str) -> Field | None:
        """The field of this name, `-` and `_` alike."""
        wanted = _spelled(name)
        return next((field for field in self.fields if field.name == wanted), None)

    def parse(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values in the form that the gateway documents, and nothing that people did not set."""
        parsed: dict[str, object] = {}
        for name, value in values.items():
            field = self._known(name)
            if field.name in parsed:
                raise Mistake(field.name, "is given twice, with - and with _", "one of them")
            parsed[field.name] = field.parse(value)
        return parsed

    def missing(self, values: Mapping[str, object]) -> tuple[str, ...]:
        """The required fields that have no value yet, in the document's order."""
        present = {_spelled(name) for name in values}
        return tuple(field.name for field in self.fields if field.required and field.name not in present)

    def check(self, values: Mapping[str, object]) -> None:
        """Raise Mistake when a parsed, complete input breaks a rule between fields."""
        for rule in self.rules:
            rule(values)

    def price_usd(self, values: Mapping[str, object]) -> Decimal | None:
        """What a parsed input costs in USD, by the gateway's own price list; None when that names no price."""
        defaults = {field.name: field.default for field in self.fields if field.default is not None}
        return self.price({**defaults, **values})

    def media(self) -> tuple[Media, ...]:
        """The fields that take a picture, a sound or a clip."""
        return tuple(field for field in self.fields if isinstance(field, Media))

    def place_for(self, kind: str, role: str | None) -> Media | None:
        """The field that takes a file of this kind and role (None, "last", "1" to "9"), if there is one."""
        places = [field for field in self.media() if field.kind == kind]
        if role == "last":
            return next((field for field in places if field.name == "last_frame"), None)
        lists = [field for field in places if field.many]
        if role is not None:
            return lists[0] if lists and role in set("123456789") else None
        singles = [field for field in places if not field.many and field.name != "last_frame"]
        return next(iter(singles + lists), None)

    def _known(self, name: str) -> Field:
        if _spelled(name) in PIPELINE_OWNED:
            raise Mistake(_spelled(name), "the pipeline owns the callback; leave this out", self._names())
        field = self.field(name)
        if field is None:
            raise Mistake(repr(name[:80])[1:-1], f"is not a parameter of {self.id}", self._names())
        return field

    def _names(self) -> str:
        return ", ".join(field.name for field in self.fields)


def _spelled(name: str) -> str:
    return name.replace("-", "_")
