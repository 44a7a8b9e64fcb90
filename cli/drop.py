"""`dropreel drop`: files and words become a job."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from cli import stack
from cli.draft import Draft, draft, parameters
from cli.exits import ask
from cli.following import finish
from cli.options import ASK_ABOVE, AskAbove, EndpointUrl, Env, Json, Yes, model_names
from cli.stack import Stack
from cli.wording import ERR, OUT, counted_usd, known_usd, money, said, size, total
from dropreel import catalog
from dropreel.jobs import RETRIABLE, Job, Status

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, readable=True, help="Pictures, sounds, clips, a .txt, a .json."
    ),
]
Model = Annotated[
    str, typer.Option("--model", "-m", help="An id or alias, see `dropreel models`.", autocompletion=model_names)
]
Prompt = Annotated[str, typer.Option("--prompt", "-p", help="What to make.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="NAME=VALUE", help="A parameter of the model, or take=2; repeatable."),
]
Folder = Annotated[str, typer.Option("--folder", help="A folder below the model's, such as campaign/7.")]
Name = Annotated[str, typer.Option("--name", help="The job's name. Default: that of the first file.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow the job to its end.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only check it and say the price.")]


def drop(
    model: Model,
    files: Files = None,
    prompt: Prompt = "",
    set_: Set = None,
    folder: Folder = "",
    name: Name = "",
    watch: Watch = False,
    dry_run: DryRun = False,
    ask_above: AskAbove = ASK_ABOVE,
    yes: Yes = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Check files, prompt and settings, say the price, and drop them; the same drop again pays nothing."""
    asked = catalog.find(model)
    settings = parameters(asked, set_ or [])
    there = stack.find(env, endpoint_url)
    plan = draft(there.inbox, asked, files or [], folder=folder, name=name, prompt=prompt, settings=settings)
    before = there.store.get(plan.job_id)
    if not json_:
        _announce(plan, before)
    if not dry_run:
        if before is None or before.status in RETRIABLE:
            confirm(plan.prices, there, ask_above, yes=yes)
        _upload(there, plan, quiet=json_)
    if watch and not dry_run:
        finish(there, [plan.job_id], json_=json_, timeout=None, newer=before)
    elif json_:
        print(json.dumps(_as_json(plan, before, dropped=not dry_run)))


def confirm(prices: Sequence[Decimal | None], there: Stack, ask_above: float, *, yes: bool) -> None:
    """Ask before spending more than a threshold; an unknown price counts as it does in the budget. Raises Trouble."""
    counted = counted_usd(prices, there.settings.default_price_usd)
    if counted > Decimal(str(ask_above)):
        as_what = f", counted as {money(counted)} USD" if None in prices else ""
        ask(f"This may cost {total(prices)}{as_what}.", yes=yes)


def _announce(plan: Draft, before: Job | None) -> None:
    OUT.print(f"{plan.place.path}  [bold]{total(plan.prices)}[/]{' in all' if plan.then else ''}", soft_wrap=True)
    for step, usd in zip(plan.then, plan.prices[1:], strict=True):
        OUT.print(f"  then {step['model']}  {total([usd])}", soft_wrap=True)
    for key in plan.already:
        said(f"in the inbox already, and a part of it: {key}")
    if before is not None and before.status not in RETRIABLE:
        again = "" if before.status is not Status.SUCCEEDED else "; for another film of the same parts, --set take=2"
        said(f"these very parts are a job already, {before.status}: nothing is paid again{again}")
    elif before is not None:
        said(f"these very parts are a job already, {before.status}: it is tried again")


def _upload(there: Stack, plan: Draft, *, quiet: bool) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=ERR, transient=True, disable=quiet or not ERR.is_terminal) as progress:
        for piece in plan.pieces:
            task = progress.add_task(piece.key.rpartition("/")[2], total=piece.size)
            bucket = there.settings.inbox_bucket
            if piece.text is not None or piece.path is None:
                body = piece.text or b""
                there.s3.put_object(Bucket=bucket, Key=piece.key, Body=body, ContentType=piece.content_type)
            else:
                there.s3.upload_file(
                    str(piece.path),
                    bucket,
                    piece.key,
                    ExtraArgs={"ContentType": piece.content_type},
                    Callback=lambda sent, task=task: progress.advance(task, sent),
                )
            if not quiet:
                progress.console.print(f"[dim]dropped {piece.key} ({size(piece.size)})[/]", soft_wrap=True)
    if not quiet:
        OUT.print(f"job {plan.job_id}", soft_wrap=True)


def _as_json(plan: Draft, before: Job | None, *, dropped: bool) -> dict[str, Any]:
    return {
        "job_id": plan.job_id,
        "model": plan.place.model.id,
        "place": plan.place.path,
        "keys": [piece.key for piece in plan.pieces],
        "input": plan.values,
        "then": list(plan.then),
        "price_usd": None if (usd := known_usd(plan.prices)) is None else float(usd),
        "known_as": str(before.status) if before else None,
        "dropped": dropped,
    }
