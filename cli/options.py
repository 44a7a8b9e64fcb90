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


def job_id(text: str) -> str:
    """A job's id as the table has it. Raises Trouble where it can be none, since nobody would ever find it."""
    found = text.strip().lower()
    if not re.fullmatch(r"[a-z2-7]{26}", found):
        raise Trouble(f"{text!r} is no job id, which has 26 letters and digits; `dropreel jobs` lists them", INVALID)
    return found


def job_ids(texts: list[str] | None) -> list[str] | None:
    """The same for several."""
    return [job_id(text) for text in texts] if texts else None


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
JobId = Annotated[str, typer.Argument(metavar="JOB", callback=job_id, help="The id of a job, 26 letters and digits.")]
AskAbove = Annotated[
    float, typer.Option("--ask-above", min=0, metavar="USD", help="Ask before anything that may cost more.")
]
ASK_ABOVE = 2.0
