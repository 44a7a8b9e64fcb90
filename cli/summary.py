"""One job in a few words, for people and for programs."""

from typing import Any

from rich.text import Text

from cli.advice import advise
from cli.wording import money, size
from dropreel.jobs import Job, Status, iso
from dropreel.redaction import redact, redacted

#: Ends that are certainly not charged.
FREE = frozenset({"declined", "error", "invalid_input"})


def unpaid(job: Job) -> bool:
    """Whether the job has certainly cost nothing so far."""
    unsent = job.status in (Status.WAITING, Status.HELD, Status.REJECTED)
    return unsent or _code(job) in FREE or (_code(job) == "given_up" and job.attempt == 0)


def cost(job: Job) -> str:
    """What the job has cost or may have, as far as the price list tells."""
    if unpaid(job) and job.status is not Status.HELD:
        return "nothing"
    if job.price_usd is None:
        unsent = job.status is Status.HELD and job.attempt == 0
        return "nothing yet" if unsent else "not known, since the gateway lists no price for this model"
    price = f"{money(job.price_usd)} USD"
    if job.status is Status.HELD:
        return f"nothing yet, {price} once it is sent" if job.attempt == 0 else f"{price} once it is sent"
    if job.status in (Status.UNKNOWN, Status.EXPIRED) or _code(job) in ("failed", "given_up"):
        return f"perhaps {price}"
    return f"{price}, an estimate"


def _code(job: Job) -> str:
    return (job.error or {}).get("code", "")


def trouble(job: Job) -> str:
    """Why it is not getting on, or since when it is adopted, in the words of the record; nothing where it goes on."""
    if job.error:
        return redact(job.error.get("message", ""))
    told = (Status.WAITING, Status.HELD, Status.UNKNOWN, Status.SUBMITTED)
    return redact(job.reason) if job.status in told else ""


def outputs(job: Job, bucket: str) -> Text:
    """The outputs' addresses, a line each."""
    lines = [
        Text.assemble((f"s3://{bucket}/{output['key']}", "green"), (f"  {size(int(output['bytes']))}", "dim"))
        for output in job.outputs
    ]
    return Text("\n").join(lines)


def brief(job: Job) -> dict[str, Any]:
    """What a list of jobs tells of each, and nothing that is a secret."""
    return {
        "job_id": job.job_id,
        "model": job.model,
        "status": str(job.status),
        "progress": job.progress or None if job.status is Status.SUBMITTED else None,
        "place": job.place,
        "reason": trouble(job) or None,
        "error": redacted(job.error) if job.error else None,
        "price_usd": float(job.price_usd) if job.price_usd is not None else None,
        "late": job.late,
        "created_at": _time(job.created_at),
        "completed_at": _time(job.completed_at),
    }


def as_json(job: Job, env: str) -> dict[str, Any]:
    """Everything about a job that is nobody's secret."""
    advice = advise(job, env)
    return {
        **brief(job),
        "gateway": job.gateway,
        "missing": list(job.missing),
        "gate": job.gate or None,
        "attempt": job.attempt,
        "request_id": job.request_id or None,
        "input": redacted(job.input),
        "source": redacted(job.source),
        "then": job.next_id or None,
        "outputs": [dict(output) for output in job.outputs],
        "deadline_at": _time(job.deadline_at),
        "history": redacted(job.history),
        "meaning": advice.meaning,
        "todo": advice.todo or None,
    }


def _time(epoch: float) -> str | None:
    return iso(epoch) if epoch else None
