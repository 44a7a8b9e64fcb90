"""The catalog as the page needs it: what each model is for and takes, and the controls for its settings."""

from collections.abc import Mapping
from typing import Any

from cli.catalog import prices
from dropreel.catalog import MODELS
from dropreel.catalog.model import Model

#: what a picture's file name may end in, before its extension
_ROLES = ("", "last", *"123456789")
#: a length of time with more choices than this is typed, not chosen
_MOST_CHOICES = 20
#: parameters whose own names say little to people; any other name is its own title
_TITLES = {
    "aspect_ratio": "Shape",
    "auto_fix": "Mend the prompt if it is refused",
    "generate_audio": "With sound",
    "generate_audio_switch": "With sound",
    "generate_multi_clip_switch": "Several shots",
    "negative_prompt": "What it must not show",
    "output_codec": "Way of packing",
    "output_format": "File format",
    "refine_foreground_edges": "Finer edges",
    "subject_is_person": "A person is seen",
    "thinking_type": "Thinks first",
}


def described() -> list[dict[str, Any]]:
    """Every model, in the catalog's order."""
    return [_model(model) for model in MODELS.values()]


def _model(model: type[Model]) -> dict[str, Any]:
    described, required = model.described()["properties"], model.required()
    places = {media.name for media in model.media()}
    settings = [name for name in described if name != "prompt" and name not in places]
    known = [float(usd) for usd in prices(model)]
    return {
        "id": model.id,
        "alias": model.alias,
        "title": model.title,
        "purpose": model.__doc__ or "",
        "prices_usd": [known[0], known[-1]] if known else [],
        "gateway": model.gateway,
        "needs": [media.kind for media in model.media() if media.required],
        "places": [_place(model, role, kind) for kind in ("image", "audio", "video") for role in _roles(model, kind)],
        "prompt": {"required": "prompt" in required} if "prompt" in described else None,
        "settings": [_control(name, described[name], name in required) for name in settings],
    }


def _roles(model: type[Model], kind: str) -> list[str]:
    """The roles that a file of this kind can play; of a list, as many as it holds."""
    roles = _ROLES if kind == "image" else _ROLES[:1]
    places = {role: place for role in roles if (place := model.place_for(kind, role or None))}
    # A plain picture counts as the first of a list: where there is only a list, it would be a second name for that.
    plain_too = not (places.get("") and places[""].many)
    return [role for role in places if (plain_too if not role else role == "last" or int(role) <= places[role].most)]


def _place(model: type[Model], role: str, kind: str) -> dict[str, Any]:
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


def _control(name: str, described: Mapping[str, Any], required: bool) -> dict[str, Any]:
    """A parameter as something to choose from, where there are few choices, else as something to type."""
    return {
        "name": name,
        "title": _title(name, described),
        "values": _values(described),
        "numeric": described["type"] == "integer",
        "color": described["type"] == "object",
        "allowed": described["description"],
        "required": required,
        "default": _word(described["default"]) if described.get("default", "") != "" else None,
    }


def _title(name: str, described: Mapping[str, Any]) -> str:
    """What people call it, with its unit."""
    title = _TITLES.get(name) or name.replace("_", " ").capitalize()
    return f"{title}, in seconds" if described.get("format") == "seconds" else title


def _values(described: Mapping[str, Any]) -> list[str]:
    match described:
        case {"enum": values}:
            return [_word(value) for value in values]
        case {"format": "seconds", "minimum": least, "maximum": most} if most - least < _MOST_CHOICES:
            return [str(length) for length in range(least, most + 1)]
        case {"type": "boolean"}:
            return ["true", "false"]
    return []


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
