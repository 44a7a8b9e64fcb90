"""The catalog: every model that can be asked for, by its id or its alias."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dropreel.catalog import pixelcut, pixverse, veed, veo
from dropreel.catalog.model import Model
from dropreel.catalog.requests import shown
from dropreel.errors import Mistake

__all__ = ["MODELS", "Model", "find", "of_films", "resolve"]

_ALL: Final[tuple[type[Model], ...]] = (
    veed.Fabric,
    veed.BackgroundRemover,
    veo.Fast,
    veo.FastReference,
    veo.Veo,
    pixelcut.BackgroundRemoval,
    pixverse.V6Text,
    pixverse.V6Image,
    pixverse.C1Text,
    pixverse.C1Image,
    pixverse.V56Text,
    pixverse.V56Image,
    veed.AimlapiFabric,
)

#: Every model by its id.
MODELS: Final[Mapping[str, type[Model]]] = MappingProxyType({model.id: model for model in _ALL})

_BY_NAME: Final = {name: model for model in _ALL for name in (model.id, model.alias) if name}


def resolve(name: str) -> type[Model] | None:
    """The model of this id or alias, if there is one."""
    return _BY_NAME.get(name)


def of_films() -> list[type[Model]]:
    """The models that make something of a film, which may be steps that follow a job."""
    return [model for model in MODELS.values() if model.place_for("video", None)]


def find(name: str) -> type[Model]:
    """The model of this id or alias; Mistake when there is none."""
    model = resolve(name)
    if model is None:
        raise Mistake("model", f"{shown(name)} is not a model{_meant(name)}", ", ".join(_BY_NAME))
    return model


def _meant(name: str) -> str:
    """The name that was probably meant, as a question."""
    # Imported here, as a cold start should not pay for people's slips.
    from difflib import get_close_matches

    near = get_close_matches(name[:100].lower(), _BY_NAME, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
