"""The drop convention: which objects are the parts of one job, and what they say.

Key: `<model>/<folders…>/<stem>[.<role>].<ext>`. S3's listings are strongly consistent, so whoever comes last sees
every part; nothing has to be assembled anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dropreel.catalog import resolve
from dropreel.catalog.fields import KIND_OF
from dropreel.catalog.model import Model
from dropreel.errors import Mistake

DEFAULTS = "_defaults.json"
#: Bytes of an S3 key.
LONGEST_KEY = 1024
#: Bytes of a place's path in the outbox: `-<job_id>-99.webm` must fit behind it into a key.
LONGEST_PATH = 960
#: What a drop may be made of, for people.
EXTENSIONS = ", ".join([*KIND_OF, "txt", "json"])
#: What no listing, log or address shows as it is: control characters, separators of lines, halves of characters.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parts of one job lie: the same for all of them."""

    model: Model
    #: Between the model and the stem: "" or "a/b/".
    folder: str
    stem: str

    @property
    def path(self) -> str:
        """The place in the outbox, up to the job's id."""
        return shortened(f"{self.model.id}/{self.folder}{self.stem}")

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the parts' keys may begin with: the model may be named by its id and by its alias."""
        return possible(f"{root}/{self.folder}{self.stem}." for root in roots(self.model))


@dataclass(frozen=True, slots=True)
class Name:
    """A key, taken apart."""

    place: Place
    #: "last", "1" … "9", or None.
    role: str | None
    #: Lower case; "" where the name has none.
    extension: str

    @property
    def kind(self) -> str:
        """image, audio, video, prompt, settings, or "" for anything else."""
        return {"txt": "prompt", "json": "settings"}.get(self.extension, KIND_OF.get(self.extension, ""))


def roots(model: Model) -> tuple[str, ...]:
    """The folders that mean this model."""
    return (model.id, model.alias) if model.alias else (model.id,)


def ignored(key: str) -> bool:
    """Folders, and files that are not meant to be seen."""
    name = key.rpartition("/")[2]
    return name == "" or (name[0] in "._" and name != DEFAULTS)


def parse(key: str) -> Name:
    """Take a key apart. Raises Mistake where it names no model."""
    root, slash, rest = key.partition("/")
    if not slash:
        raise Mistake("model", "the file lies in no model's folder", "a folder named like a model: " + names())
    model = resolve(root)
    if model is None:
        raise Mistake("model", f"{root!r} is not a model", names())
    name = rest.rpartition("/")[2]
    folder = rest.removesuffix(name)
    stem, dot, extension = name.rpartition(".")
    if not dot:
        return Name(Place(model, folder, name), None, "")
    kind = KIND_OF.get(extension.lower())
    shorter, dot, role = stem.rpartition(".")
    if kind == "image" and dot and shorter and is_role(role) and model.place_for(kind, role):
        return Name(Place(model, folder, shorter), role, extension.lower())
    return Name(Place(model, folder, stem), None, extension.lower())


def is_role(token: str) -> bool:
    return token == "last" or (len(token) == 1 and token in "123456789")


def place_named(model: Model, folder: str, stem: str) -> Place:
    """The place that somebody means by a folder and a name. Raises Mistake, naming `folder` or `name`."""
    steps = [step for step in folder.split("/") if step]
    # Browsers and other programs on the way to S3 fold these, and the file lands elsewhere.
    if any(step in (".", "..") for step in steps) or _UNSEEN.search(folder):
        raise Mistake("folder", f"{folder!r} can not be dropped into", "folders such as monday or campaign/7")
    _refuse_name(stem)
    place = Place(model, "".join(f"{step}/" for step in steps), stem)
    if place.path != f"{model.id}/{place.folder}{stem}":
        longer = "name" if len(stem) > len(folder) else "folder"
        raise Mistake(longer, "is too long", f"at most {LONGEST_PATH} bytes with the model's name and the folders")
    return place


def _refuse_name(stem: str) -> None:
    """Raise Mistake for a name that can't be that of a drop."""
    if not stem:
        raise Mistake("name", "is empty", "a name such as cat")
    if "/" in stem or _UNSEEN.search(stem):
        raise Mistake("name", f"{stem!r} can not be used", "a name without /; folders go to folder")
    if stem[0] in "._":
        raise Mistake("name", f"{stem} would be ignored", "a name that begins with no . and no _")


def parts_of(place: Place, keys: Iterable[str]) -> list[tuple[str, Name]]:
    """Which of these keys are parts of the job at this place, in the order of their roles and names."""
    found = [(key, parse(key)) for key in keys if not ignored(key)]
    return sorted(
        ((key, name) for key, name in found if name.place == place), key=lambda part: (part[1].role or "", part[0])
    )


def default_keys(place: Place) -> list[list[str]]:
    """Where folder defaults may lie, weakest first: the model's folder, then each folder down to the parts'."""
    steps = place.folder.split("/")[:-1]
    levels = ["/".join(steps[:depth]) for depth in range(len(steps) + 1)]
    folders = [f"{level}/" if level else "" for level in levels]
    return [[*possible(f"{root}/{folder}{DEFAULTS}" for root in roots(place.model))] for folder in folders]


def possible(keys: Iterable[str]) -> tuple[str, ...]:
    """Those of these keys that S3 takes: an alias may make of a key that exists one that is too long."""
    return tuple(key for key in keys if len(key.encode()) <= LONGEST_KEY)


def shortened(path: str) -> str:
    """A path in the outbox, cut to what leaves room for what follows."""
    return path.encode()[:LONGEST_PATH].decode(errors="ignore")


def media_parts(place: Place, parts: list[tuple[str, Name]], uri: str) -> dict[str, object]:
    """The media parts as parameters, each as `<uri><key>`. Raises Mistake for a part that the model does not take."""
    values: dict[str, object] = {}
    for key, name in parts:
        if name.kind in ("prompt", "settings"):
            continue
        file = key.rpartition("/")[2]
        if not name.kind:
            raise Mistake("file", f"{file} has an extension that is not known", EXTENSIONS)
        field = place.model.place_for(name.kind, name.role)
        if field is None:
            raise Mistake("file", f"{place.model.id} takes no {name.kind} ({file})", _takes(place.model))
        if not field.takes(name.extension):
            raise Mistake(field.name, f"takes no .{name.extension} ({file})", ", ".join(field.formats))
        if field.many:
            values[field.name] = [*_listed(values.get(field.name)), f"{uri}{key}"]
        elif field.name in values:
            first = str(values[field.name]).removeprefix(uri)
            raise Mistake(field.name, f"two files for it: {first}, {key}", "one file")
        else:
            values[field.name] = f"{uri}{key}"
    return values


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _takes(model: Model) -> str:
    kinds = [f"{field.kind} ({field.name})" for field in model.media()]
    prompt = ["txt (prompt)"] if model.field("prompt") else []
    return ", ".join([*kinds, *prompt, "json (settings)"])


def names() -> str:
    """Every folder name that means a model, for people."""
    from dropreel.catalog import MODELS

    return ", ".join(name for model in MODELS.values() for name in roots(model))
