"""Options that several verbs share."""

from typing import Annotated

import typer

from infra.environments import KINDS


def model_names() -> list[str]:
    """For the shell's completion: every id and alias."""
    from dropreel import drops
    from dropreel.catalog import MODELS

    return [name for model in MODELS.values() for name in drops.roots(model)]


Env = Annotated[
    str | None,
    typer.Option(
        "--env",
        envvar="DROPREEL_ENV",
        help="A deployed environment: dev, staging or prod. Default: the newest laptop stack that runs.",
        autocompletion=lambda: list(KINDS),
    ),
]
EndpointUrl = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        envvar="DROPREEL_ENDPOINT_URL",
        help="A certain laptop stack, by the AWS endpoint that `dropreel up` printed.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, one document a line, and nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job, 26 letters and digits.")]
AskAbove = Annotated[
    float, typer.Option("--ask-above", min=0, metavar="USD", help="Ask before anything that may cost more.")
]
ASK_ABOVE = 2.0
