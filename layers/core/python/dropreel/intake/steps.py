"""Steps: jobs that follow a job in a row, each made from the film of the one before.

All of them are checked before the first is paid, and kept in its record in wire form. Whoever delivers a film says so,
and the next is made then; its id follows from the job before it, so however often that is said, it is one job.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dropreel import catalog
from dropreel.catalog.model import MOST_STEPS, Media, Model
from dropreel.catalog.requests import Said, read
from dropreel.errors import Mistake, noted
from dropreel.intake import drops
from dropreel.jobs import Job, Status
from dropreel.submit.lending import Lender, pinned

#: Characters of all of them in a record.
LONGEST = 100_000
#: Stands for the film that is yet to be made.
FILM = "s3://outbox/film.mp4"

_PARTS = ("model", "input")
_ALLOWED = f'a list of 1 to {MOST_STEPS} steps, each {{"model": "…", "input": {{…}}}}'

Step = Mapping[str, Any]


def steps_of(told: object, lender: Lender, mistakes: list[Mistake]) -> tuple[Step, ...]:
    """The steps that somebody wishes for, as `{"model", "input"}` in wire form, without the film; none if None.

    Everything that is wrong is added to the mistakes, with the number of its step: the first job is step 1.
    """
    if told is None:
        return ()
    if not isinstance(told, list) or not 1 <= len(told) <= MOST_STEPS:
        mistakes.append(Mistake("then", "is not such a list", _ALLOWED))
        return ()
    steps = []
    for number, one in enumerate(told, start=2):
        wrong: list[Mistake] = []
        with noted(wrong):
            steps.append(_step(one, lender, wrong))
        mistakes += [Mistake(f"step {number}, {each.field}", each.problem, each.allowed) for each in wrong]
    if len(json.dumps(steps)) > LONGEST:
        mistakes.append(Mistake("then", "is too long", f"at most {LONGEST} characters"))
    return tuple(steps)


def _step(told: object, lender: Lender, wrong: list[Mistake]) -> Step:
    if not isinstance(told, dict) or not isinstance(told.get("input", {}), dict):
        raise Mistake("then", "is no step", _ALLOWED)
    wrong += [Mistake(str(name)[:80], "is no part of a step", ", ".join(_PARTS)) for name in told if name not in _PARTS]
    model = catalog.find(str(told.get("model", "")))
    film, given = _film_of(model), told.get("input", {})
    if film.name in {model.parameter(name) for name in given}:
        wrong.append(Mistake(film.name, "is the film of the step before", "leave it out"))
        return {}
    reading = read(model, [Said({film.name: FILM, **given})])
    wrong += [*reading.mistakes, *reading.incomplete()]
    pinned(lender, reading, {FILM: ""}, wrong)
    wrong += [] if wrong else reading.broken()
    return {"model": model.id, "input": {name: value for name, value in reading.values.items() if name != film.name}}


def _film_of(model: type[Model]) -> Media:
    """The parameter that takes the film of the step before. Raises Mistake."""
    film = model.place_for("video", None)
    if film is None:
        raise Mistake("model", f"{model.id} takes no video", ", ".join(other.id for other in catalog.of_films()))
    return film


def prices_of(steps: Sequence[Step]) -> Iterator[Decimal | None]:
    """What each step costs; None where the documents name no price."""
    for step in steps:
        model = catalog.find(step["model"])
        yield read(model, [Said({_film_of(model).name: FILM, **step["input"]})]).request.price_usd()


def following(before: Job, outbox: str) -> Job:
    """The job that comes after one that has its film, which is lent to it from the outbox."""
    step = before.then[0]
    model = catalog.resolve(step["model"])  # None where the catalog has changed meanwhile
    film = model.place_for("video", None) if model else None
    return Job(
        job_id=before.next_id,
        model=step["model"],
        gateway=model.gateway if model else "",
        status=Status.WAITING,
        place=drops.shortened(f"{step['model']}/{before.place.partition('/')[2]}"),
        input={**step["input"], **({film.name: f"s3://{outbox}/{before.outputs[0]['key']}"} if film else {})},
        source={"type": "step", "of": before.job_id, "step": before.step + 1},
        then=before.then[1:],
    )
