"""How a verb ends: exit statuses that a script can rely on, and errors that say what to do."""

import functools
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

import typer

P = ParamSpec("P")
T = TypeVar("T")

#: It is done.
FINE = 0
#: A job did not succeed, or something that was looked at is not as it should be.
FAILED = 1
#: What was asked for is not possible as it was asked; nothing was done.
INVALID = 2
#: There is no such stack, or it can't be reached.
UNREACHABLE = 3
#: Ctrl-C, in the shell's own form.
INTERRUPTED = 130

MEANINGS = f"""\
Exit status: {FINE} done; {FAILED} a job did not succeed, or a check did not pass; {INVALID} wrong usage or input, and \
nothing was done; {UNREACHABLE} no such stack, or it can't be reached."""


class Trouble(Exception):
    """The verb can't go on; the text says why and what to do."""

    def __init__(self, text: str, status: int) -> None:
        self.status = status
        super().__init__(text)


def verb(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function a verb: whatever is no fault of ours ends it with one line and the right exit status."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            _end(error)

    return run


def ask(question: str, *, yes: bool) -> None:
    """Go on only if a person says so, or has said so with --yes. Raises Trouble."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Trouble(f"{question} Nobody is there to ask: say --yes to go on.", INVALID)
    # Not typer.confirm: it leaves a blank on stdout, which belongs to what was asked for.
    print(f"{question} Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Trouble("nothing was done", INVALID)


def _end(error: Exception) -> NoReturn:
    # Imported when something went wrong, as the command's help should not wait for it.
    from botocore.exceptions import BotoCoreError, ClientError

    from dropreel.errors import Mistake

    match error:
        case Trouble():
            status = error.status
        case Mistake():
            status = INVALID
        case BotoCoreError() | ClientError():
            status = UNREACHABLE
        case _:
            raise error
    print(f"dropreel: {error}{_hint(error)}", file=sys.stderr)
    raise typer.Exit(status) from None


def _hint(error: Exception) -> str:
    """What to do about an error of AWS's, where its own words do not say so."""
    hints = {
        "NoRegionError": "say where the stack is: AWS_REGION, or a profile that has a region",
        "NoCredentialsError": "say who you are: AWS_PROFILE, or `aws configure`",
        "EndpointConnectionError": "is it running, and is this machine online?",
    }
    hint = hints.get(type(error).__name__)
    return f" {hint}" if hint else ""
