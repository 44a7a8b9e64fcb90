"""All verbs, and the one place where what goes wrong with them ends in a line and an exit status.

A verb's module is loaded when it runs, or when its own help or its options are asked for; the help of all, and the
completion of a verb's name, need no more than this page.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from cli.exits import MEANINGS, complain, explain

#: What the tool is for, as pyproject.toml says it.
ABOUT = "Drop a picture, a sound or a clip into an S3 bucket; the generated video appears in another."

#: Every verb, under the heading that it has in the help: its module, and what its docstring says first.
VERBS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "This machine": {
        "up": ("laptop", "Run the whole stack on this machine until Ctrl-C: no Docker, no account."),
        "demo": ("laptop", "Start the stack, drop a picture and a sound, and end with a playable video."),
        "version": ("version", "Say the version."),
        "console": (
            "console",
            "Show an environment's page, with your own AWS credentials, until Ctrl-C; what you may not do, it can't.",
        ),
    },
    "Films": {
        "models": (
            "catalog",
            "List the models, or all parameters of one: what is allowed, what it costs, a line to copy.",
        ),
        "drop": (
            "drop",
            "Check files, prompt and settings, say the price, and drop them; the same drop again pays nothing.",
        ),
        "backfill": (
            "backfill",
            "Make jobs of objects that are there already, after saying how many they are and what they cost.",
        ),
    },
    "Jobs": {
        "jobs": ("listing", "List jobs, the newest first."),
        "show": (
            "showing",
            "Tell all about a job: what happened when, what it cost, what went wrong and what to do about it.",
        ),
        "watch": (
            "showing",
            "Follow jobs to their ends, a line for each step; without a job, a live table until Ctrl-C.",
        ),
        "retry": (
            "retrying",
            "Try a job once more: fetch its output again, which pays nothing, or send it again, which may.",
        ),
        "adopt": (
            "deciding",
            "Tell an UNKNOWN or EXPIRED job which request at the gateway is its own, and have its film fetched; free.",
        ),
        "give-up": (
            "deciding",
            "End a job that is WAITING, HELD or UNKNOWN, as FAILED; what an UNKNOWN one may have cost is spent.",
        ),
    },
    "Operations": {
        "doctor": (
            "doctor",
            "Look at keys, gateways, gates, the callback address, queues, dead letters, executions and the budget.",
        ),
        "logs": ("logs", "Show what the functions say, of all jobs or of one, in the order of time (UTC)."),
        "redrive": (
            "redrive",
            "Send dead letters back to where they failed, once the cause is mended; no job is paid twice by that.",
        ),
        "budget": (
            "budget",
            "Show what is reserved or spent of each day's budget (UTC), and how many jobs it holds up.",
        ),
    },
}
_HELP = {"help_option_names": ["-h", "--help"]}
_MODULES = {name: module for verbs in VERBS.values() for name, (module, _) in verbs.items()}


class Verb(TyperCommand):
    """A command whose usage names what it needs as people write it: JOB, and not {JOB}."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words behind the verb."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


def command(name: str) -> Verb:
    """A verb with all its options; its module is loaded."""
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    verb = getattr(import_module(f"cli.{_MODULES[name]}"), name.replace("-", "_"))
    alone.command(name, cls=Verb, context_settings=_HELP)(verb)
    found = typer.main.get_command(alone)
    assert isinstance(found, Verb)
    return found


class Verbs(TyperGroup):
    """All verbs by their names and first lines, of which the one that is meant is loaded."""

    def __init__(self, **about: Any) -> None:
        super().__init__(**about)
        for heading, verbs in VERBS.items():
            for name, (_, first) in verbs.items():
                self.add_command(Verb(name=name, callback=None, help=first, rich_help_panel=heading))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The verb that the first word names."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, command(str(name)) if name in _MODULES else found, rest


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_HELP,
    help=ABOUT,
    epilog=MEANINGS,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from cli.version import version

        version()
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
    if words := _not_allowed(error) or error.format_message():
        verb = getattr(getattr(error, "ctx", None), "command_path", "dropreel")
        complain(f"{words} (`{verb} --help` says more)")
    return error.exit_code


def _not_allowed(error: TyperException) -> str:
    """What a number must be, in place of the words of whoever checks it; "" for any other mistake."""
    from pydantic import ValidationError

    param, found = getattr(error, "param", None), error.__cause__
    if not isinstance(found, ValidationError) or param is None:
        return ""
    form = param.get_runtime_param().adapter.json_schema()
    kinds = {"integer": "a whole number", "number": "a number"}
    number = next((each for each in form.get("anyOf", [form]) if each.get("type") in kinds), None)
    if number is None:
        return ""
    lowest, highest = number.get("minimum"), number.get("maximum")
    bounds = (f" from {lowest:g}" if lowest is not None else "") + (f" to {highest:g}" if highest is not None else "")
    given = found.errors()[0]["input"]
    return f"{max(param.opts, key=len)}: {given!r} is not allowed; allowed: {kinds[number['type']]}{bounds}"
