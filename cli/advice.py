"""What a status or an error means in plain words, and what to do about it."""

import re
from dataclasses import dataclass

from dropreel import catalog
from dropreel.aws.gates import BUDGET
from dropreel.jobs import Job, Status


@dataclass(frozen=True)
class Advice:
    """For a person who wants their film."""

    #: One sentence.
    meaning: str
    #: What to do; empty where there is nothing to do but wait, or nothing at all.
    todo: str = ""


_STATUSES = {
    Status.WAITING: Advice(
        "Parts are missing, so nothing has been sent and nothing paid.",
        "Drop what is missing under the same folder and name, or forget the place with `dropreel give-up JOB`.",
    ),
    Status.SUBMITTING: Advice("The request is on its way to the gateway."),
    Status.SUBMITTED: Advice("The gateway has accepted it and is at work."),
    Status.DELIVERING: Advice("The outcome is known and is being brought to the outbox."),
    Status.UNKNOWN: Advice(
        "The request went out and its answer was lost: it may have been taken, and paid.",
        "Look for it in the gateway's own list of requests. If it is there, `dropreel adopt JOB REQUEST` brings the "
        "film and pays nothing. If it is not, `dropreel retry JOB` sends it again. A callback would complete it by "
        "itself; at its deadline it ends as EXPIRED.",
    ),
    Status.SUCCEEDED: Advice("The outputs and the manifest are in the outbox."),
    Status.REJECTED: Advice(
        "The input is wrong; nothing was sent and nothing paid.",
        "Mend what the error names and drop the files again; `dropreel models MODEL` says what is allowed.",
    ),
    Status.EXPIRED: Advice(
        "There was no outcome before the deadline. A late film is looked for and delivered, for as long again.",
        "Wait that long, or look for it in the gateway's list of requests: `dropreel adopt JOB REQUEST` waits for its "
        "film as long as for a new one's, and pays nothing. `dropreel retry JOB` sends it again, and pays again.",
    ),
}

_ERRORS = {
    "failed": Advice(
        "The gateway took the job and failed it; it may have been charged.",
        "Read the gateway's words above: often the content was refused. Change prompt or files, and drop them again. "
        "`dropreel retry JOB` sends the same again, and pays again.",
    ),
    "error": Advice(
        "The gateway broke down each time that it was asked, and charged nothing.",
        "See whether the gateway reports an outage, then `dropreel retry JOB`.",
    ),
    "declined": Advice(
        "The gateway called the request itself bad, and charged nothing.",
        "The gateway's words above name the cause. If our catalog allowed what it refuses, its documents have changed. "
        "Change the input and drop it again.",
    ),
    "output_unavailable": Advice(
        "The film was made and paid, but could not be fetched whole.",
        "`dropreel retry JOB` fetches it again and pays nothing. Do it soon: gateways keep outputs for a short time. "
        "If its host is refused, see the setting media_hosts.",
    ),
    "expired": _STATUSES[Status.EXPIRED],
    "invalid_input": _STATUSES[Status.REJECTED],
    "given_up": Advice(
        "An operator gave it up.", "Drop the same files again to try once more, or `dropreel retry JOB`."
    ),
}

_REFUSALS = {
    401: Advice(
        "The gateway does not accept the key (401); nothing was charged.",
        "Put a valid key into the secret dropreel/ENV/GATEWAY. The job is sent by itself at the next probe.",
    ),
    402: Advice(
        "The gateway wants payment first (402): the balance there is used up; nothing was charged.",
        "Top up the account at the gateway. The job is sent by itself at the next probe.",
    ),
    403: Advice(
        "The gateway forbids it (403): the key may not use this model; nothing was charged.",
        "Have the gateway allow the model for this key, or use another key. It is sent by itself at the next probe.",
    ),
    429: Advice("The gateway is asked too often (429); nothing was charged. It is sent by itself, a little later."),
}

_NO_KEY = Advice(
    "There is no usable key for the gateway, so nothing was sent.",
    "Put the key into the secret: aws secretsmanager put-secret-value --secret-id dropreel/ENV/GATEWAY "
    "--secret-string file://KEYFILE. The job is sent by itself at the next probe.",
)
_NO_BUDGET = Advice(
    "What is left of the day's budget is not enough for it, so nothing was sent.",
    "It is sent by itself on another day (UTC), or within an hour after a deploy with a higher daily_budget_usd; "
    "`dropreel budget` shows what was spent.",
)
_NO_CONNECTION = Advice(
    "The gateway could not be reached, so nothing was sent. It is sent by itself once it answers.",
    "If it lasts, `dropreel doctor` says whether the gateway answers from here.",
)
_AGAIN = Advice("It is about to be sent again.", "If it stays so for some minutes, `dropreel retry JOB` sends it.")
_HELD = Advice(
    "The gateway certainly did not take it, so nothing was charged. It is sent by itself at the next probe.",
    "If it lasts, `dropreel doctor` looks at keys, gateways and queues.",
)

_ANSWERED = re.compile(r"the gateway answered (\d{3})")


def advise(job: Job, env: str) -> Advice:
    """What to do about this job, with its own names filled in."""
    found = _held(job) if job.status is Status.HELD else _of(job)
    return Advice(found.meaning, _filled(found.todo, job, env))


def _of(job: Job) -> Advice:
    code = (job.error or {}).get("code", "")
    if job.status is Status.FAILED:
        return _ERRORS.get(code, Advice("It failed.", "`dropreel retry JOB` sends it again, and may pay again."))
    return _STATUSES[job.status]


def _held(job: Job) -> Advice:
    if job.gate == BUDGET:
        return _NO_BUDGET
    if not job.gate:
        return _AGAIN
    if answered := _ANSWERED.search(job.reason):
        return _REFUSALS.get(int(answered[1]), _HELD)
    if "secret" in job.reason:
        return _NO_KEY
    return _NO_CONNECTION if "connection" in job.reason else _HELD


def _filled(todo: str, job: Job, env: str) -> str:
    there = "" if env == "local" else f" --env {env}"
    gateway, model = job.gateway or "GATEWAY", f" {job.model}" if catalog.resolve(job.model) else ""
    todo = todo.replace("dropreel/ENV/GATEWAY", f"dropreel/{env}/{gateway}").replace(" MODEL`", f"{model}`")
    return re.sub(r"`dropreel ([^`]*)`", rf"`dropreel \1{there}`", todo).replace("JOB", job.job_id)
