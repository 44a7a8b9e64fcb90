"""The commands that run the stack on this machine."""

import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from rich.console import Console
from rich.markup import escape

from cli.ending import ended_by_signals, leave
from cli.exits import FAILED, FINE, INVALID, UNREACHABLE, Trouble, complain
from cli.presence import announced
from infra.environments import SettingError, environment

if TYPE_CHECKING:
    from local.up import Running

PixazoUrl = Annotated[
    str | None, typer.Option("--pixazo-url", help="Gateway pixazo's base URL. Default: a simulated one.")
]
AimlapiUrl = Annotated[
    str | None, typer.Option("--aimlapi-url", help="Gateway aimlapi's base URL. Default: a simulated one.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting, such as quiet_seconds=1; repeatable."),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the AWS endpoint. Default: any that is free.")]
Keep = Annotated[bool, typer.Option("--keep", help="Keep films and manifests in FOLDER, where they outlive the stack.")]
Folder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", file_okay=False, help="Where --keep keeps them. Default: dropreel-films, here."),
]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON on stdout once it is ready, and nothing else.")]

#: The page's port, unless somebody else has it.
PAGE_PORT = 4600
FILMS = Path("dropreel-films")

_WELCOME = """
[bold green]dropreel is up[/]  {console_url}

[bold]AWS endpoint[/]  {aws_endpoint_url}  (any key, region {region})
[bold]inbox[/]         s3://{inbox_bucket}
[bold]outbox[/]        s3://{outbox_bucket}
[bold]queue[/]         {queue_url}
[bold]callbacks[/]     {callback_base_url}/callbacks
[bold]jobs table[/]    {jobs_table}
[bold]event bus[/]     {event_bus}
[bold]logs[/]          {logs}"""

_TRY = """\
{dropreel} drop cat.png cat.wav --model veed-fabric --watch
{dropreel} jobs

export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION={region} AWS_DEFAULT_REGION={region}
aws --endpoint-url {aws_endpoint_url} s3 cp cat.png s3://{inbox_bucket}/veed-fabric/monday/cat.png
aws --endpoint-url {aws_endpoint_url} s3 cp cat.wav s3://{inbox_bucket}/veed-fabric/monday/cat.wav
aws --endpoint-url {aws_endpoint_url} s3 ls --recursive s3://{outbox_bucket}"""


def up(
    folder: Folder = None,
    keep: Keep = False,
    pixazo_url: PixazoUrl = None,
    aimlapi_url: AimlapiUrl = None,
    set_: Set = None,
    port: Port = 0,
    json_: Json = False,
) -> None:
    """Run the whole stack on this machine until Ctrl-C: no Docker, no account.

    It lives in memory, and is gone when it ends. With --keep, each film and each manifest is copied out of the outbox
    about a second after it came, so a crash loses no more than the last second's. Jobs, the inbox and what is under
    way are not kept: the next `up` begins empty, and the same files dropped there are paid again at a real gateway.
    """
    if folder and not keep:
        raise typer.BadParameter(f"{folder}: goes with --keep", param_hint="FOLDER")
    urls = {"pixazo_url": pixazo_url, "aimlapi_url": aimlapi_url}
    settings = _settings(set_ or []) | {name: url for name, url in urls.items() if url is not None}
    answers = _take_stdout()
    people = Console(file=sys.stderr if json_ else answers, highlight=False, soft_wrap=True)
    with _ending(people):
        # What is wrong is told before an address is.
        environment("local", settings)
        films = _made(folder or FILMS) if keep else None
        door = _door(people)
        from local.up import Options
        from local.up import up as running_stack

        options = Options(settings=settings, port=port, door=door)
        with (
            door,
            running_stack(options, tell=lambda text: people.print(f"[dim]{text} …[/]")) as running,
            _kept(running, films, people),
            announced(running.addresses.as_dict()),
        ):
            if json_:
                print(json.dumps(running.addresses.as_dict()), file=answers, flush=True)
                people.print(f"[dim]logs are in {running.logs}[/]")
            else:
                addresses = running.addresses.as_dict()
                people.print(_WELCOME.format(**addresses, logs=running.logs))
                people.print(f"\nTry:\n[cyan]{_TRY.format(**addresses, dropreel=_command())}[/]\n\nCtrl-C ends it.")
            # Not for ever at once: a signal that comes just before it sleeps would not be noticed.
            while True:
                time.sleep(0.5)


def demo() -> None:
    """Start the stack, drop a picture and a sound, and end with a playable video."""
    people = Console(file=_take_stdout(), highlight=False, soft_wrap=True)
    with _ending(people):
        from local.demo import SETTINGS, DemoFailed, demonstrate
        from local.up import Options
        from local.up import up as running_stack

        with running_stack(Options(settings=SETTINGS), tell=lambda text: people.print(f"[dim]{text} …[/]")) as running:
            try:
                video = demonstrate(running, show=lambda text: people.print(escape(text)))
            except DemoFailed as failure:
                raise Trouble(str(failure), FAILED) from failure
        people.print(
            f"{video.width} x {video.height} ({video.picture}), {video.duration:.1f} s with sound ({video.sound})"
        )
        people.print(f"[bold green]{video.path}[/]")


def _door(people: Console) -> socket.socket:
    """Where the page is going to be, said before all else: whoever opens it early waits there until the stack is up."""
    from local.web import address, door

    found = door(PAGE_PORT)
    taken = "" if address(found).endswith(f":{PAGE_PORT}") else f", as port {PAGE_PORT} is taken"
    people.print(f"{address(found)}\n[dim]is the page{taken}; it opens as soon as the stack is up[/]")
    return found


def _made(folder: Path) -> Path:
    """A folder that is there. Raises Trouble."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble(f"{folder}: {error.strerror}; name a folder that can be made", INVALID) from error
    return folder.resolve()


def _kept(running: "Running", folder: Path | None, people: Console) -> AbstractContextManager[None]:
    """Have films copied into a folder, if they are to be kept."""
    if folder is None:
        return nullcontext()
    from local.keeping import keeping

    people.print(f"[dim]films and manifests are kept in {escape(str(folder))}[/]")
    bucket = running.addresses.outbox_bucket
    return keeping(running.laptop.client("s3"), bucket, folder, tell=lambda text: people.print(escape(text)))


def _command() -> str:
    """What to type for this very command: it may lie in an environment that is not on the path."""
    typed = sys.argv[0]
    return typed if os.path.basename(typed) == "dropreel" and not shutil.which("dropreel") else "dropreel"


def _settings(given: list[str]) -> dict[str, str]:
    settings = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{each}: say NAME=VALUE, such as quiet_seconds=1", param_hint="--set")
        settings[name.strip()] = value
    return settings


def _take_stdout() -> TextIO:
    """Keeps stdout for our own words: whatever a library prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


@contextmanager
def _ending(people: Console) -> Iterator[None]:
    """Ends the command for good: 0 also at a signal, 2 for a wrong setting, 3 for a stack that can't be started."""
    status = FINE
    with ended_by_signals():
        try:
            yield
        except Trouble as trouble:
            complain(str(trouble))
            status = trouble.status
        except SettingError as error:
            complain("; ".join(str(error).splitlines()))
            status = INVALID
        except (RuntimeError, OSError) as error:
            complain(str(error))
            status = UNREACHABLE
    people.file.flush()
    leave(status)
