"""Options that several verbs share."""

import re
from typing import Annotated
from urllib.parse import urlsplit

import typer

from cli.exits import INVALID, Trouble


def model_names() -> list[str]:
    """For the shell's completion: every id and alias."""
    from dropreel.catalog import MODELS
    from dropreel.intake import drops

    return [name for model in MODELS.values() for name in drops.roots(model)]


def environment_names() -> list[str]:
    """For the shell's completion: every environment, the laptop's among them."""
    from infra.environments import KINDS

    return list(KINDS)


#: A job's id.
ID = r"[a-z2-7]{26}"
#: Letters of an id that are enough: of a million jobs, another one begins alike with a chance of one to a thousand.
ENOUGH = 6


def job(text: str) -> str:
    """What may name a job. Raises Trouble for what can name none, since nobody would ever find it."""
    said = text.strip()
    if "/" not in said and not re.fullmatch(rf"[a-z2-7]{{{ENOUGH},26}}", said.lower()):
        raise Trouble(
            f"{text!r} names no job: say its id of 26 letters and digits, the first {ENOUGH} of them or more, or its "
            "place, such as veed-fabric/monday/cat; `dropreel jobs` lists them",
            INVALID,
        )
    return said


def some_job(text: str | None) -> str | None:
    """The same, where none need be named."""
    return job(text) if text is not None else None


def some_jobs(texts: list[str] | None) -> list[str] | None:
    """The same for several."""
    return [job(text) for text in texts] if texts else None


def address(url: str | None) -> str | None:
    """The address of an AWS endpoint. Raises Trouble where nothing can be there."""
    if url is not None and not _is_address(url):
        raise Trouble(
            f"{url!r} is no address; say the `AWS endpoint` that `dropreel up` printed, http://localhost:PORT", INVALID
        )
    return url


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    rest = parts.path.strip("/") + parts.query + parts.fragment + (parts.username or "")
    host = re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-f:]+", parts.hostname or "")
    return parts.scheme in ("http", "https") and host is not None and port != 0 and not rest


Env = Annotated[
    str | None,
    typer.Option(
        "--env",
        envvar="DROPREEL_ENV",
        help="A deployed environment: dev, staging or prod. Default: the newest laptop stack that runs.",
        autocompletion=environment_names,
    ),
]
EndpointUrl = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        envvar="DROPREEL_ENDPOINT_URL",
        callback=address,
        help="A certain laptop stack, by the AWS endpoint that `dropreel up` printed.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, one document a line, and nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
_NAMED = "A job: its id, the beginning of that, or its place, of which the newest is meant."
AJob = Annotated[str, typer.Argument(metavar="JOB", callback=job, help=_NAMED)]
OneJob = Annotated[str | None, typer.Argument(metavar="JOB", callback=some_job, help=_NAMED)]
SomeJob = Annotated[str | None, typer.Argument(metavar="JOB", callback=some_job, help=f"{_NAMED} Default: all jobs.")]
SomeJobs = Annotated[
    list[str] | None,
    typer.Argument(metavar="JOB", callback=some_jobs, help=f"{_NAMED} Several, too. Default: all jobs."),
]
AskAbove = Annotated[
    float, typer.Option("--ask-above", min=0, metavar="USD", help="Ask before anything that may cost more.")
]
ASK_ABOVE = 2.0
