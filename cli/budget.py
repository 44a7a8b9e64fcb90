"""`dropreel budget`: what the days have cost, and what is left of today's."""

import json
import time
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import stack
from cli.options import EndpointUrl, Env, Json
from cli.stack import Stack
from cli.wording import OUT, count, due, money
from dropreel.aws.budget import DAY, SPENT_KEPT
from dropreel.aws.gates import BUDGET
from dropreel.jobs import day_of

#: Characters of a full bar.
BAR = 24

Days = Annotated[int, typer.Option("--days", "-d", min=1, max=SPENT_KEPT // DAY, help="How many days back.")]


def budget(days: Days = 7, json_: Json = False, env: Env = None, endpoint_url: EndpointUrl = None) -> None:
    """Show what is reserved or spent of each day's budget (UTC), and how many jobs it holds up."""
    there = stack.find(env, endpoint_url)
    now = time.time()
    spent = {day_of(now - back * DAY): there.budget.spent(day_of(now - back * DAY)) for back in range(days)}
    limit = there.settings.daily_budget_usd
    gate = there.gates.get(BUDGET)
    held = len(there.gates.held(BUDGET, 1000))
    if json_:
        print(json.dumps(_as_json(there, spent, held)))
        return
    if limit is None:
        OUT.print(f"{there.name} has no daily budget, so nothing is counted.")
        OUT.print("Deploy with -c daily_budget_usd=50, or say dropreel up --set daily_budget_usd=50.", style="dim")
        return
    for day, usd in spent.items():
        OUT.print(Text.assemble((day, "dim"), "  ", bar(usd, limit), f"  {money(usd):>8} of {money(limit)} USD"))
    if gate.closed or held:
        said = f"The budget holds {count(held, 'job')} back, to be sent when there is room"
        OUT.print(f"{said}; {due(gate, now)}." if gate.closed else f"{said}.", style="yellow")


def bar(usd: Decimal, limit: Decimal) -> Text:
    """How much of it is used up: green, from 80 % yellow, full red; without colours, what is left are dots."""
    share = min(Decimal(1), usd / limit) if limit else Decimal(1)
    full = round(share * BAR)
    style = "red" if share >= 1 else "yellow" if share >= Decimal("0.8") else "green"
    return Text.assemble(("━" * full, style), ("·" * (BAR - full), "bright_black"))


def _as_json(there: Stack, spent: dict[str, Decimal], held: int) -> dict[str, Any]:
    limit = there.settings.daily_budget_usd
    return {
        "daily_budget_usd": float(limit) if limit is not None else None,
        "days": [{"day": day, "usd": float(usd)} for day, usd in spent.items()],
        "held_jobs": held,
    }
