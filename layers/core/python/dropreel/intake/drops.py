"""The drop convention: which objects are the parts of one job, and what they say.

Key: `<model>/<folders…>/<stem>[.<role>].<ext>`. S3's listings are strongly consistent, so whoever comes last sees
every part; nothing has to be assembled anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from unicodedata import normalize

from dropreel.catalog import resolve
from dropreel.catalog.fields import KIND_OF
from dropreel.catalog.model import Media, Model
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
#: Steps of a path that every HTTP client folds away, so that nobody gets what lies there.
_FOLDED = frozenset({".", ".."})
#: Names that begin with _ but were given by a camera: Canon's and Nikon's for pictures in Adobe RGB.
_CAMERAS = re.compile(r"_(MG_|DSC)[0-9]")
#: What file managers leave; names in lower case.
_LITTER = frozenset({"thumbs.db", "desktop.ini", "icon\r"})
#: What copy tools leave while they copy, or in place of a folder; and sidecars of pictures and clips.
_LITTER_ENDS = (".filepart", ".part", ".crdownload", "_$folder$", ".xmp", ".aae", ".thm", ".srt")
#: What people call folder defaults, in lower case; only DEFAULTS itself is read.
_MEANT_AS_DEFAULTS = frozenset({DEFAULTS, f"{DEFAULTS}.txt", f"{DEFAULTS}.json"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parts of one job lie: the same for all of them."""

    model: type[Model]
    #: Between the model and the stem: "" or "a/b/"; in Unicode's NFC, as the stem is.
    folder: str
    stem: str
    #: Folder and stem as a key spells them, where that is neither NFC nor NFD.
    spelled: tuple[str, str] | None = field(default=None, compare=False)

    @property
    def path(self) -> str:
        """The place in the outbox, up to the job's id; without the steps that would hide it from readers."""
        folder = "".join(f"{step}/" for step in self.folder.split("/")[:-1] if step not in _FOLDED)
        return shortened(f"{self.model.id}/{folder}{self.stem}")

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the parts' keys may begin with: by the model's id and by its alias, in each way to write an accent."""
        ways = product(roots(self.model), self.folders, spellings(self.stem, self.spelled and self.spelled[1]))
        return possible(f"{root}/{folder}{stem}." for root, folder, stem in ways)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folder in each way to write its accents."""
        return spellings(self.folder, self.spelled and self.spelled[0])


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


def roots(model: type[Model]) -> tuple[str, ...]:
    """The folders that mean this model."""
    return (model.id, model.alias) if model.alias else (model.id,)


def spellings(text: str, spelled: str | None = None) -> tuple[str, ...]:
    """A text as Linux and Windows write it (NFC), as a Mac does (NFD), and as it was found."""
    return tuple(dict.fromkeys([text, normalize("NFD", text), spelled or text]))


def ignored(key: str) -> bool:
    """Folders, files that are not meant to be seen, and what programs leave beside those that are."""
    name = key.rpartition("/")[2]
    if name.lower() in _MEANT_AS_DEFAULTS or _CAMERAS.match(name):
        return False
    return name == "" or name[0] in "._" or name.lower() in _LITTER or name.lower().endswith(_LITTER_ENDS)


def parse(key: str) -> Name:
    """Take a key apart. Raises Mistake where it names no model."""
    root, slash, rest = key.partition("/")
    if not slash or not root:
        problem = "the key begins with /" if slash else "the file lies in no model's folder"
        raise Mistake("model", problem, "a folder named like a model: " + names())
    model = resolve(root)
    if model is None:
        raise Mistake("model", f"{root!r} is not a model", names())
    name = rest.rpartition("/")[2]
    folder = rest.removesuffix(name)
    stem, dot, extension = name.rpartition(".")
    if not dot:
        return Name(_place(model, folder, name), None, "")
    kind = KIND_OF.get(extension.lower())
    shorter, dot, role = stem.rpartition(".")
    if kind == "image" and dot and shorter and is_role(role) and model.place_for(kind, role):
        return Name(_place(model, folder, shorter), role, extension.lower())
    return Name(_place(model, folder, stem), None, extension.lower())


def _place(model: type[Model], folder: str, stem: str) -> Place:
    return Place(model, normalize("NFC", folder), normalize("NFC", stem), (folder, stem))


def is_role(token: str) -> bool:
    return token == "last" or (len(token) == 1 and token in "123456789")


def place_named(model: type[Model], folder: str, stem: str) -> Place:
    """The place that somebody means by a folder and a name. Raises Mistake, naming `folder` or `name`."""
    folder, stem = normalize("NFC", folder), normalize("NFC", stem)
    steps = [step for step in folder.split("/") if step]
    if not _FOLDED.isdisjoint(steps) or _UNSEEN.search(folder):
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
    if ignored(f"{stem}.png"):
        raise Mistake("name", f"{stem} would be ignored", "a name that begins with no . and no _")


def parts_of(place: Place, keys: Iterable[str]) -> list[tuple[str, Name]]:
    """Which of these keys are parts of the job at this place, in the order of their roles and names."""
    found = [(key, parse(key)) for key in keys if not ignored(key)]
    return sorted(
        ((key, name) for key, name in found if name.place == place), key=lambda part: (part[1].role or "", part[0])
    )


def default_keys(place: Place) -> list[list[str]]:
    """Where folder defaults may lie, weakest first: the model's folder, then each folder down to the parts'."""
    levels = [list(dict.fromkeys(level)) for level in zip(*map(_levels, place.folders), strict=True)]
    return [
        [*possible(f"{root}/{folder}{DEFAULTS}" for root, folder in product(roots(place.model), level))]
        for level in levels
    ]


def _levels(folder: str) -> Iterator[str]:
    """ "" and each folder down to this one."""
    steps = folder.split("/")[:-1]
    for depth in range(len(steps) + 1):
        yield "".join(f"{step}/" for step in steps[:depth])


def possible(keys: Iterable[str]) -> tuple[str, ...]:
    """Those of these keys that S3 takes: an alias may make of a key that exists one that is too long."""
    return tuple(key for key in keys if len(key.encode()) <= LONGEST_KEY)


def shortened(path: str) -> str:
    """A path in the outbox, cut to what leaves room for what follows."""
    return path.encode()[:LONGEST_PATH].decode(errors="ignore")


def misnamed(parts: Sequence[tuple[str, Name]]) -> Iterator[Mistake]:
    """Tell of each key that nobody can read by its URL, or whose name says something else than it seems to."""
    alone = not any(name.kind in ("image", "audio", "video") for _, name in parts)
    for key, name in parts:
        file = key.rpartition("/")[2]
        if not _FOLDED.isdisjoint(key.split("/")):
            yield Mistake("file", f"{key} has a . or .. step, which every client folds away", "a key without them")
        if file != DEFAULTS and file.lower() in _MEANT_AS_DEFAULTS:
            yield Mistake("file", f"{file} would not be read as the folder's defaults", DEFAULTS)
        stem, _, inner = name.place.stem.rpartition(".")
        if stem and name.kind in ("prompt", "settings"):
            if inner.lower() in ("txt", "json"):
                yield Mistake("file", f"{file} has two extensions", f"one, such as {name.place.stem}")
            if alone and inner.lower() in KIND_OF:  # else it would be sent without the picture that it was written for
                yield Mistake("file", f"{file} has two extensions", f"one, such as {stem}.{name.extension}")


def taken_by(key: str, name: Name) -> Media:
    """The parameter that takes a media part. Raises Mistake where the model has none."""
    model, file = name.place.model, key.rpartition("/")[2]
    if not name.extension:
        raise Mistake("file", f"{file} has no extension", EXTENSIONS)
    if not name.kind:
        raise Mistake("file", f"{file} has an extension that is not known", EXTENSIONS)
    media = model.place_for(name.kind, name.role)
    if media is None:
        raise Mistake("file", f"{model.id} takes no {name.kind} ({file})", _takes(model))
    if not media.takes(name.extension):
        raise Mistake(media.name, f"takes no .{name.extension} ({file})", ", ".join(media.formats))
    return media


def _takes(model: type[Model]) -> str:
    kinds = [f"{media.kind} ({media.name})" for media in model.media()]
    prompt = ["txt (prompt)"] if model.parameter("prompt") else []
    return ", ".join([*kinds, *prompt, "json (settings)"])


def names() -> str:
    """Every folder name that means a model, for people."""
    from dropreel.catalog import MODELS

    return ", ".join(name for model in MODELS.values() for name in roots(model))
