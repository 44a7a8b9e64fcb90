"""From what people say to a request in the form that a gateway documents, or to everything that is wrong with it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dropreel.catalog.fields import SAFE
from dropreel.catalog.model import PIPELINE_OWNED, Model
from dropreel.errors import Mistake

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class Said:
    """Parameters that one source names."""

    values: Mapping[str, object]
    #: Where people find it; "" where they know.
    place: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What several sources come to."""

    request: Model
    #: In wire form, of each parameter the strongest word that is not wrong; nothing that people did not set.
    values: Mapping[str, Any]
    #: The required parameters that nobody speaks of, in the document's order.
    missing: tuple[str, ...]
    #: Every word that is wrong.
    mistakes: tuple[Mistake, ...]

    def incomplete(self) -> list[Mistake]:
        """What is missing as a mistake, where no other part can bring it."""
        if not self.missing:
            return []
        return [Mistake(self.missing[0], "is missing", "every required field: " + ", ".join(self.missing))]

    def broken(self) -> list[Mistake]:
        """The rules between parameters that are broken; none is as long as a parameter is wrong or missing."""
        return [] if self.mistakes or self.missing else list(self.request.rules())


def read(model: type[Model], sources: Iterable[Said]) -> Reading:
    """Fill in a request, from the weakest word to the strongest.

    Every word is looked at, so that one that is wrong is told of even where a stronger one overrides it.
    """
    request = model.model_construct()
    named: dict[str, None] = {}  # in the order in which they are sent
    mistakes = tuple(mistake for said in sources for mistake in _fill(request, said, named))
    missing = tuple(name for name in model.required() if name not in named)
    sent = request.model_dump(exclude_unset=True)
    return Reading(request, {name: sent[name] for name in named if name in sent}, missing, mistakes)


def _fill(request: Model, said: Said, named: dict[str, None]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for written, value in said.values.items():
        name = request.parameter(written)
        if name is None:
            yield _unknown(type(request), written).at(said.place)
        elif name in seen:
            yield Mistake(name, "is given twice, with - and with _", "one of them").at(said.place)
        else:
            seen.add(name)
            named[name] = None
            yield from (mistake.at(said.place) for mistake in _set(request, name, value))


def _unknown(model: type[Model], written: str) -> Mistake:
    names = ", ".join(model.model_fields)
    spelled = written.replace("-", "_")
    if spelled in PIPELINE_OWNED:
        return Mistake(spelled, "the pipeline owns the callback; leave this out", names)
    return Mistake(repr(written[:80])[1:-1], f"is not a parameter of {model.id}", names)


def _set(request: Model, name: str, value: object) -> list[Mistake]:
    try:
        setattr(request, name, value)
    except ValidationError as wrong:
        problems = dict.fromkeys(_problem(error, value) for error in wrong.errors(include_url=False))
        return [Mistake(name, problem, request.allowed(name)) for problem in problems]
    return []


def _problem(error: ErrorDetails, value: object) -> str:
    """What is wrong with a value, in our own words: pydantic's are for programmers."""
    match error["type"]:
        case "problem":
            return error["msg"]
        case "list_type":
            return "is not a list"
        case "too_short" | "too_long":
            return f"holds {len(error['input'])} values"
    return f"{shown(value)} is not allowed"


def shown(value: object) -> str:
    """A wrong value as a message may show it: short, printable, never the whole of it."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and abs(value) > SAFE:
        return "a huge number"
    if isinstance(value, float) and not math.isfinite(value):
        return "what is no number" if math.isnan(value) else "a huge number"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return repr(value) if len(value) <= 40 else f"{value[:40]!r}…"
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list | tuple) else "no JSON value"
