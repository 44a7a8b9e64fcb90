"""What fills in the form for another film like one that was made."""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.stack import Stack
from dropreel import catalog
from dropreel.catalog.model import Media
from dropreel.jobs import Job
from dropreel.redaction import redacted


def again(there: Stack, job: Job) -> dict[str, Any]:
    """Model, name, prompt, settings, and the files that lie in the inbox; what is gone meanwhile is left out."""
    inbox = f"s3://{there.settings.inbox_bucket}/"
    settings = {
        name: value
        for name, given in _shown(job.input).items()
        if name != "prompt" and (value := _elsewhere(given, inbox)) not in (None, [])
    }
    then = [{"model": step["model"], "input": _shown(step["input"])} for step in job.then]
    return {
        "model": job.model,
        "name": job.place.partition("/")[2],
        "prompt": job.input.get("prompt", ""),
        "settings": settings | ({"then": then} if then else {}),
        "files": list(_files(there, job, inbox)),
    }


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without addresses whose signature is a secret, which would be over by now anyway."""
    return {name: value for name, value in values.items() if redacted(value) == value}


def _elsewhere(value: Any, inbox: str) -> Any:
    """A value, or what of it does not lie in the inbox; None for nothing."""
    if isinstance(value, list):
        return [each for each in value if not str(each).startswith(inbox)]
    return None if str(value).startswith(inbox) else value


def _files(there: Stack, job: Job, inbox: str) -> Iterator[dict[str, Any]]:
    model = catalog.resolve(job.model)
    for media in model.media() if model else ():
        given = job.input.get(media.name, [])
        for number, uri in enumerate(given if isinstance(given, list) else [given], start=1):
            if uri.startswith(inbox) and (file := _file(there, job, media, number, uri)):
                yield file


def _file(there: Stack, job: Job, media: Media, number: int, uri: str) -> dict[str, Any] | None:
    """A file of the inbox; None where it is not there any more."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    version = job.versions.get(uri, "")
    look = there.inbox.objects.look(bucket, key, 1, key, version)
    if look is None:
        return None
    role = "last" if media.name == "last_frame" else str(number) if media.many else ""
    name = key.rpartition("/")[2]
    return {"field": media.name, "name": name, "role": role, "key": key, "version": version, "bytes": look.size}
