"""The catalog as JSON Schema: for the page's form, for `dropreel models`, and for editors of settings files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from dropreel.catalog.model import MOST_STEPS, Model


class _Plain(GenerateJsonSchema):
    """As people write it: what is not set is left out, so that nothing may be null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def described(model: type[Model]) -> dict[str, Any]:
    """The schema of a model's parameters, each with what is allowed as its description."""
    schema = model.model_json_schema(schema_generator=_Plain)
    for name, found in schema["properties"].items():
        found.pop("title", None)
        if found.get("default", "") is None:
            del found["default"]
        found["description"] = allowed(found)
        schema["properties"][name] = found
    return schema


def settings(model: type[Model]) -> dict[str, Any]:
    """The schema of a settings file; folder defaults take the same but `take`.

    Nothing is required in it: what it does not say may come from another part.
    """
    schema = described(model)
    schema.pop("required", None)
    take = {"type": ["string", "integer"], "description": "any text or whole number: another take is another film"}
    schema["properties"] = {"$schema": {"type": "string"}, **schema["properties"], "take": take, "then": _then()}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


def _then() -> dict[str, Any]:
    """The schema of the steps that follow."""
    from dropreel.catalog import of_films

    takers = [name for model in of_films() for name in (model.id, model.alias)]
    parts = {"model": {"enum": [name for name in takers if name]}, "input": {"type": "object"}}
    step = {"type": "object", "properties": parts, "required": ["model"], "additionalProperties": False}
    said = "what is to be made of the film then, step by step"
    return {"type": "array", "minItems": 1, "maxItems": MOST_STEPS, "items": step, "description": said}


def allowed(found: Mapping[str, Any]) -> str:
    """What a parameter may be, for people, by its schema."""
    match found:
        case {"description": said}:
            return str(said)
        case {"enum": values, "format": "seconds"}:
            return f"{', '.join(map(str, values))} seconds"
        case {"minimum": least, "maximum": most, "format": "seconds"}:
            return f"{least} to {most} seconds"
        case {"enum": values}:
            return ", ".join(values)
        case {"type": "boolean"}:
            return "true or false"
        case {"minimum": least, "maximum": most}:
            return f"a whole number from {least} to {most}"
        case {"items": {"description": one}, "minItems": least, "maxItems": most}:
            return f"a list of {least} to {most}, each {one}"
        case {"type": "string", "maxLength": most}:
            return f"text of at most {most} characters{', not blank' if 'minLength' in found else ''}"
    raise TypeError(f"nobody can say what is allowed: {found}")
