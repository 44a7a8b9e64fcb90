"""How a verb ends: exit statuses that a script can rely on, and errors that say in one line what to do."""

import os
import sys
from contextlib import suppress

#: It is done.
FINE = 0
#: A job did not succeed, or something that was looked at is not as it should be.
FAILED = 1
#: What was asked for is not possible as it was asked; nothing was done.
INVALID = 2
#: There is no such stack, or it can't be started or reached.
UNREACHABLE = 3
#: Ctrl-C, in the shell's own form.
INTERRUPTED = 130

MEANINGS = f"""\
Exit status: {FINE} done; {FAILED} a job did not succeed, or a check did not pass; {INVALID} wrong usage or input, and \
nothing was done; {UNREACHABLE} no such stack, or it can't be started or reached."""


class Trouble(Exception):
    """The verb can't go on; the text says why and what to do."""

    def __init__(self, text: str, status: int) -> None:
        self.status = status
        super().__init__(text)


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


def complain(*texts: str) -> None:
    """Say what went wrong, in a line each and out of the way of what a script reads."""
    for text in texts:
        print(f"dropreel: {' '.join(text.split())}", file=sys.stderr)


def explain(error: Exception) -> int:
    """Say why a verb could not go on, and what to do about it; its exit status. A mistake of ours is raised again."""
    if isinstance(error, Trouble):
        complain(str(error))
        return error.status
    # Imported when something went wrong, as the command's help should not wait for it.
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    from cli.refusals import told
    from dropreel.errors import Mistake, Mistakes

    match error:
        case Mistake() | Mistakes():
            text, status = str(error), INVALID
        case Boto3Error() if cause := error.__cause__ or error.__context__:
            return explain(cause) if isinstance(cause, Exception) else FAILED
        case BotoCoreError() | ClientError() | Boto3Error() | ResponseParserError():
            text, status = told(error)
        case BrokenPipeError():
            # Whoever reads has gone; there is nobody to tell.
            text, status = "", FAILED
        case OSError():
            text = f"{error.filename}: {error.strerror}" if error.filename else f"{error.strerror or error}"
            status = INVALID if error.filename else FAILED
        case _:
            raise error
    if text:
        complain(*(text.splitlines() if isinstance(error, Mistakes) else [text]))
    if isinstance(error, OSError):
        _drop_stdout()
    return status


def _drop_stdout() -> None:
    """Keeps what could not be written from being written once more, in vain, when the interpreter ends."""
    with suppress(OSError):
        sys.stdout.flush()
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
