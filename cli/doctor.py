"""`dropreel doctor`: is everything as it should be, and what to do where it is not."""

import json
import re
from dataclasses import asdict
from itertools import chain
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import arrival, stack
from cli.check import Check, State
from cli.checks import checks
from cli.exits import FAILED
from cli.options import EndpointUrl, Env, Json
from cli.wording import OUT

_SIGNS = {State.FINE: ("✓", "green"), State.LOOK: ("!", "yellow"), State.BAD: ("✗", "red")}


Wait = Annotated[
    bool,
    typer.Option(
        "--wait",
        help="First wait until the inbox is live, which takes minutes after its first deploy: a file that can only be "
        "refused is dropped until it is.",
    ),
]


def doctor(wait: Wait = False, json_: Json = False, env: Env = None, endpoint_url: EndpointUrl = None) -> None:
    """Look at keys, gateways, gates, the callback address, queues, dead letters, executions and the budget.

    Nothing of it costs. A gate whose execution was lost gets another one.
    """
    there = stack.find(env, endpoint_url)
    bad = False
    for check in chain([arrival.inbox(there)] if wait else [], checks(there)):
        bad = bad or check.state is State.BAD
        if json_:
            print(json.dumps(asdict(check)), flush=True)
        else:
            tell(check, there.env)
    if bad:
        raise typer.Exit(FAILED)


def tell(check: Check, env: str) -> None:
    """One line, and a second one where there is something to do."""
    sign, style = _SIGNS[check.state]
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=1)
    line.add_column(width=21)
    line.add_column(overflow="fold")
    line.add_row(
        Text(sign, style=style), check.name, Text(check.said, style="dim" if check.state is State.FINE else "")
    )
    OUT.print(line)
    if check.todo:
        here = "" if env == "local" else f" --env {env}"
        todo = re.sub(r"`dropreel ([^`]*)`", rf"`dropreel \1{here}`", check.todo)
        OUT.print(Padding(Text(f"→ {todo}", style="bold"), (0, 0, 0, 2)))
