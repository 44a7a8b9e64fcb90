"""All verbs, and the one place where what goes wrong with them ends in a line and an exit status."""

import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from cli import backfill, budget, catalog, deciding, doctor, drop, laptop, listing, redrive, showing
from cli.exits import MEANINGS, complain, explain

#: What the tool is for, as pyproject.toml says it.
ABOUT = "Drop a picture, a sound or a clip into an S3 bucket; the generated video appears in another."


class Verb(TyperCommand):
    """A command whose usage names what it needs as people write it: JOB, and not {JOB}."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words behind the verb."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


#: Every verb, under the heading that it has in the help.
_VERBS: Mapping[str, Mapping[str, Callable[..., None]]] = {
    "This machine": {"up": laptop.up, "demo": laptop.demo},
    "Films": {"models": catalog.models, "drop": drop.drop, "backfill": backfill.backfill},
    "Jobs": {
        "jobs": listing.jobs,
        "show": showing.show,
        "watch": showing.watch,
        "retry": deciding.retry,
        "adopt": deciding.adopt,
        "give-up": deciding.give_up,
    },
    "Operations": {"doctor": doctor.doctor, "redrive": redrive.redrive, "budget": budget.budget},
}

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=ABOUT, epilog=MEANINGS)
for _heading, _verbs in _VERBS.items():
    for _name, _verb in _verbs.items():
        app.command(_name, cls=Verb, rich_help_panel=_heading)(_verb)


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"dropreel {version('dropreel')}")
        raise typer.Exit


@app.callback()
def _every(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    pass


def run() -> None:
    """Do what the command line says; whatever is no mistake of ours ends in one line and the right exit status."""
    try:
        status = app(prog_name="dropreel", standalone_mode=False)
        # Here, so that an output that takes no more is told like everything else.
        sys.stdout.flush()
    except TyperException as wrong:
        status = _wrong(wrong)
    except Exception as error:
        status = explain(error)
    sys.exit(status)


def _wrong(error: TyperException) -> int:
    """Wrong usage in one line; no words are those of a command without any, whose help has been shown."""
    if words := error.format_message():
        verb = getattr(getattr(error, "ctx", None), "command_path", "dropreel")
        complain(f"{words} (`{verb} --help` says more)")
    return error.exit_code
