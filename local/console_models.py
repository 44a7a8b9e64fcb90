"""The catalog as the page needs it: what each model takes, and the controls for its settings."""

from typing import Any

from dropreel.catalog import MODELS
from dropreel.catalog.fields import Choice, Color, Field, Flag, Media, Seconds, Whole
from dropreel.catalog.model import Model

#: what a picture's file name may end in, before its extension
_ROLES = ("", "last", *"123456789")
#: a length of time with more choices than this is typed, not chosen
_MOST_CHOICES = 20


def described() -> list[dict[str, Any]]:
    """Every model, in the catalog's order."""
    return [_model(model) for model in MODELS.values()]


def _model(model: Model) -> dict[str, Any]:
    prompt = model.field("prompt")
    return {
        "id": model.id,
        "title": model.title,
        "gateway": model.gateway,
        "needs": [field.kind for field in model.media() if field.required],
        "places": [_place(model, role, kind) for kind in ("image", "audio", "video") for role in _roles(model, kind)],
        "prompt": None if prompt is None else {"required": prompt.required},
        "settings": [_control(field) for field in model.fields if field is not prompt and not isinstance(field, Media)],
    }


def _roles(model: Model, kind: str) -> list[str]:
    """The roles that a file of this kind can play; of a list, as many as it holds."""
    roles = _ROLES if kind == "image" else _ROLES[:1]
    places = {role: place for role in roles if (place := model.place_for(kind, role or None))}
    # A plain picture counts as the first of a list: where there is only a list, it would be a second name for that.
    plain_too = not (places.get("") and places[""].many)
    return [role for role in places if (plain_too if not role else role == "last" or int(role) <= places[role].most)]


def _place(model: Model, role: str, kind: str) -> dict[str, Any]:
    field = model.place_for(kind, role or None)
    assert field is not None
    return {
        "kind": kind,
        "role": role,
        "field": field.name,
        "formats": list(field.formats),
        "many": field.many,
        "required": field.required,
    }


def _control(field: Field) -> dict[str, Any]:
    """A field as something to choose from, where there are few choices, else as something to type."""
    values: list[str] = []
    match field:
        case Choice():
            values = list(field.values)
        case Seconds() if len(field.values) <= _MOST_CHOICES:
            values = [str(value) for value in field.values]
        case Flag():
            values = ["true", "false"]
    return {
        "name": field.name,
        "values": values,
        "numeric": isinstance(field, Whole | Seconds),
        "color": isinstance(field, Color),
        "allowed": field.allowed(),
        "required": field.required,
        "default": _default(field),
    }


def _default(field: Field) -> str | None:
    """What the gateway takes when nothing is chosen, in the words of the choices."""
    if field.default in (None, ""):
        return None
    match field:
        case Flag():
            return str(field.default).lower()
        case Seconds():
            return str(field.default).removesuffix("s")
    return str(field.default)
