"""Which job people mean: by its id, by the beginning of that, or by its place."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING
from unicodedata import normalize

from cli.exits import INVALID, Trouble
from cli.options import ID
from cli.search import Wanted, newest
from dropreel import catalog
from dropreel.catalog.fields import KIND_OF
from dropreel.intake import drops
from dropreel.jobs import ATTENTION

if TYPE_CHECKING:
    from cli.stack import Stack

#: The newest jobs, of which one's id may be said by its beginning; those that wait or are held, however old, besides.
AMONG = 10_000
#: Jobs that are named where several may be meant.
SHOWN = 5
#: What a file of the outbox is called behind its place.
_OUTPUT = re.compile(rf"-({ID})(-\d+)?\.\w+")


def job_id(there: Stack, said: str) -> str:
    """The id of the job that is meant. Raises Trouble where there is none, or several may be meant.

    A whole id is taken as it is: there may be no record of its job yet.
    """
    if "/" in said:
        return _at(there, said)
    begins = said.lower()
    return begins if re.fullmatch(ID, begins) else _beginning(there, begins)


def _at(there: Stack, said: str) -> str:
    """The newest job at a place, or the one that a file of the outbox is of."""
    key = _key(there, said)
    if output := _OUTPUT.search(key):
        return output[1]
    for job in newest(there, Wanted(text=bare(key))):
        if job.place in (bare(key), f"rejected/{bare(key)}"):
            return job.job_id
    raise Trouble(f"there is no job at {bare(key)} in {there.name}; `dropreel jobs --search TEXT` looks wider", INVALID)


def bare(key: str) -> str:
    """A place as a job's record has it, but for what precedes it where there is no model: said as a place or a key."""
    root, _, rest = key.partition("/")
    stem, dot, extension = key.rpartition(".")
    is_file = bool(dot) and (extension.lower() in KIND_OF or extension.lower() in ("txt", "json"))
    model = catalog.resolve(root)
    if model is None:
        return stem if is_file else key
    return drops.parse(key).place.path if is_file else normalize("NFC", f"{model.id}/{rest}")


def _key(there: Stack, said: str) -> str:
    """A place or key without the bucket. Raises Trouble for a bucket of others."""
    if not said.startswith("s3://"):
        return said
    bucket, _, key = said.removeprefix("s3://").partition("/")
    ours = (there.settings.inbox_bucket, there.settings.outbox_bucket)
    if bucket not in ours:
        raise Trouble(f"{said} is in no bucket of {there.name}, which are {' and '.join(ours)}", INVALID)
    return key


def _beginning(there: Stack, begins: str) -> str:
    """The one job whose id begins so."""
    jobs = chain(newest(there, Wanted(statuses=ATTENTION)), islice(newest(there, Wanted()), AMONG))
    found = {job.job_id: job for job in jobs if job.job_id.startswith(begins)}
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise Trouble(f"no id of a job in {there.name} begins with {begins}; `dropreel jobs` lists them", INVALID)
    shown = "; ".join(f"{job.job_id} ({job.status}, {job.place})" for job in islice(found.values(), SHOWN))
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    raise Trouble(f"{len(found)} ids begin with {begins}: {shown}{more}", INVALID)
