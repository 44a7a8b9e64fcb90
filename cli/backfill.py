"""`dropreel backfill`: objects that are there already become jobs."""

import json
import re
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from cli import stack
from cli.draft import lateness
from cli.drop import confirm
from cli.exits import INVALID, Trouble
from cli.options import ASK_ABOVE, AskAbove, EndpointUrl, Env, Json, Yes, model_names
from cli.stack import Stack
from cli.survey import Look, Origin, Survey, Verdict, survey
from cli.wording import ERR, OUT, count, known_usd, said, total
from dropreel import catalog
from dropreel.errors import Mistake
from dropreel.intake import envelopes
from dropreel.intake.envelopes import Drop

Uri = Annotated[str, typer.Argument(metavar="s3://BUCKET/PREFIX", help="Where the objects are.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="Copy them below this model's folder, less the prefix's own. Without it, keys begin with a model.",
        autocompletion=model_names,
    ),
]
Folder = Annotated[str, typer.Option("--folder", help="With --model: a folder below the model's.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Jobs at most; run it again for more.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count, and say the price.")]

#: Bytes of the largest object that S3 copies by one request, and of each part of a larger one: "up to 5 GB in size in a
#: single atomic operation" (API: CopyObject).
MOST_AT_ONCE, COPIED_PART = 5_000_000_000, 512 * 1024**2


def backfill(
    uri: Uri,
    model: Model = None,
    folder: Folder = "",
    limit: Limit = 1000,
    dry_run: DryRun = False,
    ask_above: AskAbove = ASK_ABOVE,
    yes: Yes = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Make jobs of objects that are there already, after saying how many they are and what they cost.

    Objects of the inbox are taken where they lie; those of other buckets are copied into it. Whatever is a job already
    is passed over, so after an interruption the same command goes on where it stopped.
    """
    there = stack.find(env, endpoint_url)
    origin = _origin(there, uri, model, folder)
    found = _look(there, origin, limit, quiet=json_)
    if not json_:
        _tell(found, origin)
    sent = 0
    if found.ready and not dry_run:
        confirm(found.prices, there, ask_above, yes=yes)
        sent = _send(there, origin, found.ready, quiet=json_)
    if json_:
        print(json.dumps(_as_json(found, sent)))
    elif sent:
        OUT.print(f"{sent} sent; `dropreel watch` follows them")
    if found.more and not json_:
        said(f"there is more than --limit {limit}: the same command goes on with it")


def _origin(there: Stack, uri: str, model: str | None, folder: str) -> Origin:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise Trouble(f"{uri!r} is no place in S3: say s3://BUCKET/PREFIX", INVALID)
    if model is None:
        if folder:
            raise Mistake("--folder", "goes with --model")
        return Origin(bucket=bucket, prefix=prefix, copies=bucket != there.settings.inbox_bucket)
    root = "".join(f"{step}/" for step in [catalog.find(model).id, *folder.split("/")] if step)
    above, slash, _ = prefix.rpartition("/")
    return Origin(bucket=bucket, prefix=prefix, root=root, cut=above + slash, copies=True)


def _look(there: Stack, origin: Origin, limit: int, *, quiet: bool) -> Survey:
    found = Survey()
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=ERR, transient=True, disable=quiet or not ERR.is_terminal) as progress:
        task = progress.add_task("looking", total=None)
        for found in survey(there, origin, limit=limit):
            looked = sum(found.counts.values())
            progress.update(task, description=f"{looked} looked at, {len(found.ready)} ready")
    return found


def _tell(found: Survey, origin: Origin) -> None:
    price = total(found.prices)
    how = "copied into the inbox" if origin.copies else "taken where they lie"
    OUT.print(f"{count(len(found.ready), 'job')}, {how}: [bold]{price}[/]" if found.ready else "no jobs to make of it")
    for verdict in (Verdict.KNOWN, Verdict.INCOMPLETE, Verdict.WRONG):
        if found.counts[verdict]:
            OUT.print(f"{found.counts[verdict]} passed over: {verdict.value}")
    for reason in found.reasons:
        OUT.print(f"  {reason}", style="dim", markup=False)


def _send(there: Stack, origin: Origin, ready: list[Look], *, quiet: bool) -> int:
    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=ERR, transient=True, disable=quiet or not ERR.is_terminal) as progress:
        for look in progress.track(ready):
            parts = sorted(look.candidate.parts, key=lambda part: lateness(part[1], part[2]))
            if not origin.copies:
                there.intake.send(envelopes.drop_event(Drop(origin.bucket, parts[0][0])))
            for key, _, size in parts if origin.copies else ():
                _copy(there, origin, key, size)
    return len(ready)


def _copy(there: Stack, origin: Origin, key: str, size: int) -> None:
    """Copy an object with its metadata; what is too large for one copy goes in parts, which take along none of it."""
    source, target = {"Bucket": origin.bucket, "Key": key}, there.settings.inbox_bucket
    if size <= MOST_AT_ONCE:
        there.s3.copy_object(Bucket=target, Key=origin.target(key), CopySource=source)
        return
    from boto3.s3.transfer import TransferConfig  # boto3 is loaded by what needs it only

    about = there.s3.head_object(**source)
    kept = {name: about[name] for name in ("Metadata", "ContentType") if name in about}
    config = TransferConfig(multipart_threshold=MOST_AT_ONCE, multipart_chunksize=COPIED_PART)
    there.s3.copy(source, target, origin.target(key), ExtraArgs=kept, Config=config)


def _as_json(found: Survey, sent: int) -> dict[str, object]:
    return {
        "ready": len(found.ready),
        "sent": sent,
        "known": found.counts[Verdict.KNOWN],
        "incomplete": found.counts[Verdict.INCOMPLETE],
        "wrong": found.counts[Verdict.WRONG],
        "price_usd": float(known_usd(found.prices) or 0),
        "unknown_prices": found.prices.count(None),
        "job_ids": [look.job_id for look in found.ready],
        "more": found.more,
    }
