"""`dropreel models`: what may be asked for, and how."""

import json
from decimal import Decimal
from itertools import product
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.options import Json, model_names
from cli.wording import OUT, money
from dropreel import catalog
from dropreel.catalog import MODELS, Model, schemas
from dropreel.catalog.model import Media
from dropreel.intake import drops

Name = Annotated[
    str | None, typer.Argument(metavar="MODEL", help="An id or alias, for all about it.", autocompletion=model_names)
]

_SAMPLES = {"image": "cat.png", "audio": "cat.wav", "video": "cat.mp4"}
Schema = Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a settings file, for editors.")]


def models(name: Name = None, json_: Json = False, schema: Schema = False) -> None:
    """List the models, or all parameters of one: what is allowed, what it costs, a line to copy."""
    chosen = [catalog.find(name)] if name else list(MODELS.values())
    if schema:
        for model in chosen:
            print(json.dumps(schemas.settings(model), indent=2))
    elif json_:
        for model in chosen:
            print(json.dumps(_as_json(model)))
    elif name:
        _one(chosen[0])
    else:
        _all(chosen)


def prices(model: type[Model]) -> list[Decimal]:
    """Everything that a film of this model may cost in USD, least first; nothing where the documents name no price."""
    return sorted({found for request in _variants(model) if (found := request.price_usd()) is not None})


def price(model: type[Model]) -> str:
    """The same in words, from the least to the most."""
    known = prices(model)
    if not known:
        return "unknown"
    return money(known[0]) if len(known) == 1 else f"{money(known[0])} to {money(known[-1])}"


def sample(model: type[Model]) -> str:
    """A command that makes a job of this model, less the files, which are one's own."""
    words = ["dropreel drop"]
    for field in model.media():
        if field.required:
            words += ["cat.png", "dog.png"] if field.many else [_file(field)]
    words.append(f"--model {model.alias or model.id}")
    if model.parameter("prompt"):
        words.append('--prompt "A cat by the sea"')
    words += [f"--set {name}={_choices(model, name)[0]}" for name in model.required() if _choices(model, name)]
    return " ".join(words)


def _file(field: Media) -> str:
    stem, _, extension = _SAMPLES[field.kind].partition(".")
    return f"{stem}.{extension if field.takes(extension) else field.formats[0]}"


def _choices(model: type[Model], name: str) -> list[Any]:
    """Every value of a parameter that has but a few; nothing for any other."""
    match model.described()["properties"][name]:
        case {"enum": values}:
            return list(values)
        case {"format": "seconds", "minimum": least, "maximum": most}:
            return list(range(least, most + 1))
        case {"type": "boolean"}:
            return [True, False]
    return []


def _variants(model: type[Model]) -> list[Model]:
    """Every combination of what a price may depend on, less those that a rule forbids."""
    names = [name for name in model.model_fields if name in ("duration", "resolution") or "audio_" in f"{name}_"]
    telling = {name: values for name in names if (values := _choices(model, name))}
    requests = [
        model.model_construct(**dict(zip(telling, values, strict=True))) for values in product(*telling.values())
    ]
    return [request for request in requests if not any(request.rules())]


def _all(chosen: list[type[Model]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("MODEL", "REQUIRED", "USD"):
        table.add_column(heading, overflow="fold")
    for model in chosen:
        table.add_row(Text(model.alias or model.id, style="cyan"), ", ".join(model.required()), price(model))
    OUT.print(table)
    OUT.print("\nA price is that of one film, by the gateway's list. `dropreel models MODEL` tells all.", style="dim")


def _one(model: type[Model]) -> None:
    OUT.print(Text.assemble((model.title, "bold"), f", gateway {model.gateway}"))
    OUT.print(Text.assemble(("folder  ", "dim"), " or ".join(drops.roots(model))))
    OUT.print(Text.assemble(("price   ", "dim"), price(model), " USD a film" if price(model) != "unknown" else ""))
    OUT.print()
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("PARAMETER", no_wrap=True)
    table.add_column("DEFAULT", no_wrap=True)
    table.add_column("ALLOWED", overflow="fold")
    for field in parameters_of(model):
        default = Text("required", style="bold") if field["required"] else Text(default_words(field["default"]))
        table.add_row(Text(field["name"], style="cyan"), default, field["allowed"])
    OUT.print(table)
    OUT.print()
    OUT.print(sample(model), style="cyan", soft_wrap=True)


def default_words(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def parameters_of(model: type[Model]) -> list[dict[str, Any]]:
    """Each parameter, in the document's order."""
    files = {media.name: _files(media) for media in model.media()}
    return [
        {
            "name": name,
            "required": name in model.required(),
            "default": found.get("default"),
            "allowed": files.get(name, found["description"]),
        }
        for name, found in model.described()["properties"].items()
    ]


def _files(media: Media) -> str:
    return (f"1 to {media.most} of " if media.many else "") + f"{media.kind}: {', '.join(media.formats)}"


def _as_json(model: type[Model]) -> dict[str, Any]:
    about = {"id": model.id, "alias": model.alias, "gateway": model.gateway, "title": model.title}
    known = [float(usd) for usd in prices(model)]
    return {
        **about,
        "price_usd": {"least": known[0], "most": known[-1]} if known else None,
        "fields": parameters_of(model),
        "sample": sample(model),
    }
