"""`dropreel models`: what may be asked for, and how."""

import json
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.options import Json, model_names
from cli.wording import OUT, money
from dropreel import catalog
from dropreel.catalog import MODELS, Model
from dropreel.catalog.fields import Choice, Field, Flag, Media, Seconds
from dropreel.errors import Mistake
from dropreel.intake import drops

Name = Annotated[
    str | None, typer.Argument(metavar="MODEL", help="An id or alias, for all about it.", autocompletion=model_names)
]

_SAMPLES = {"image": "cat.png", "audio": "cat.wav", "video": "cat.mp4"}


def models(name: Name = None, json_: Json = False) -> None:
    """List the models, or all parameters of one: what is allowed, what it costs, a line to copy."""
    chosen = [catalog.find(name)] if name else list(MODELS.values())
    if json_:
        for model in chosen:
            print(json.dumps(_as_json(model)))
    elif name:
        _one(chosen[0])
    else:
        _all(chosen)


def prices(model: Model) -> list[Decimal]:
    """Everything that a film of this model may cost in USD, least first; nothing where the documents name no price."""
    return sorted({found for values in _variants(model) if (found := model.price_usd(values)) is not None})


def price(model: Model) -> str:
    """The same in words, from the least to the most."""
    known = prices(model)
    if not known:
        return "unknown"
    return money(known[0]) if len(known) == 1 else f"{money(known[0])} to {money(known[-1])}"


def sample(model: Model) -> str:
    """A command that makes a job of this model, less the files, which are one's own."""
    words = ["dropreel drop"]
    for field in model.media():
        if field.required:
            words += ["cat.png", "dog.png"] if field.many else [_file(field)]
    words.append(f"--model {model.alias or model.id}")
    if model.field("prompt"):
        words.append('--prompt "A cat by the sea"')
    words += [f"--set {name}={value}" for name, value in _required_settings(model).items()]
    return " ".join(words)


def _file(field: Media) -> str:
    stem, _, extension = _SAMPLES[field.kind].partition(".")
    return f"{stem}.{extension if field.takes(extension) else field.formats[0]}"


def _required_settings(model: Model) -> dict[str, Any]:
    wanted = [field for field in model.fields if field.required]
    return {field.name: next(iter(field.values)) for field in wanted if isinstance(field, Choice | Seconds)}


def _variants(model: Model) -> list[dict[str, Any]]:
    """Every combination of what a price may depend on, less those that a rule forbids."""
    found: list[dict[str, Any]] = [{}]
    for field in model.fields:
        if field.name in ("duration", "resolution") and isinstance(field, Choice | Seconds):
            found = [{**values, field.name: value} for values in found for value in field.values]
        elif isinstance(field, Flag) and "audio" in field.name:
            found = [{**values, field.name: value} for values in found for value in (True, False)]
    parsed = [model.parse(values) for values in found]
    return [values for values in parsed if not _forbidden(model, values)]


def _forbidden(model: Model, values: dict[str, Any]) -> bool:
    try:
        model.check(values)
    except Mistake:
        return True
    return False


def _all(chosen: list[Model]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("MODEL", "REQUIRED", "USD"):
        table.add_column(heading, overflow="fold")
    for model in chosen:
        needed = ", ".join(field.name for field in model.fields if field.required)
        table.add_row(Text(model.alias or model.id, style="cyan"), needed, price(model))
    OUT.print(table)
    OUT.print("\nA price is that of one film, by the gateway's list. `dropreel models MODEL` tells all.", style="dim")


def _one(model: Model) -> None:
    OUT.print(Text.assemble((model.title, "bold"), f", gateway {model.gateway}"))
    OUT.print(Text.assemble(("folder  ", "dim"), " or ".join(drops.roots(model))))
    OUT.print(Text.assemble(("price   ", "dim"), price(model), " USD a film" if price(model) != "unknown" else ""))
    OUT.print()
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("PARAMETER", no_wrap=True)
    table.add_column("DEFAULT", no_wrap=True)
    table.add_column("ALLOWED", overflow="fold")
    for field in model.fields:
        table.add_row(Text(field.name, style="cyan"), _default(field), _allowed(field))
    OUT.print(table)
    OUT.print()
    OUT.print(sample(model), style="cyan", soft_wrap=True)


def _default(field: Field) -> Text:
    if field.required:
        return Text("required", style="bold")
    text = "" if field.default is None else str(field.default)
    return Text(text.lower() if isinstance(field.default, bool) else text)


def _allowed(field: Field) -> str:
    if not isinstance(field, Media):
        return field.allowed()
    return (f"1 to {field.most} of " if field.many else "") + f"{field.kind}: {', '.join(field.formats)}"


def _as_json(model: Model) -> dict[str, Any]:
    fields = [
        {"name": field.name, "required": field.required, "default": field.default, "allowed": _allowed(field)}
        for field in model.fields
    ]
    about = {"id": model.id, "alias": model.alias, "gateway": model.gateway, "title": model.title}
    known = [float(usd) for usd in prices(model)]
    return {
        **about,
        "price_usd": {"least": known[0], "most": known[-1]} if known else None,
        "fields": fields,
        "sample": sample(model),
    }
