"""Jobs as the page has them: lists page by page, one in full, and what can be done to it."""

import base64
import json
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from cli import actions
from cli.search import DAY, Cursor, Wanted, cursor, search
from cli.stack import Stack
from cli.summary import as_json, brief, cost
from dropreel import catalog
from dropreel.errors import Mistake
from dropreel.jobs import Job, Status, day_of

#: Jobs on one page of the list, by default and at most.
FEW, MOST = 50, 200
#: What leaves jobs out, so that many may be read for a few.
_FILTERS = ("status", "model", "day", "text")
#: Seconds after which a search counts as long, and how many times as long it is good for.
_LONG, _REST = 1.0, 5
#: Long searches that are remembered at most.
_MOST_LONG = 100
#: Characters to search for.
_LONGEST_TEXT = 200
#: What the page's list shows of a job beside what the command's list does.
_SHOWN_TOO = ("gateway", "missing", "attempt", "source", "then", "outputs", "meaning", "todo")


class Lists:
    """The pages of lists. Whoever looks every second has each empty day looked through once, and a long search made
    again only after some time: every record that is read is paid.
    """

    def __init__(self, there: Stack) -> None:
        self._there = there
        self._empty: set[str] = set()
        self._long: dict[str, tuple[float, dict[str, Any]]] = {}

    def page(self, asked: MultiDict[str, str]) -> dict[str, Any]:
        """One page of a list. Raises Mistake for a parameter that is not allowed."""
        begun, which = time.monotonic(), json.dumps([*asked.items(multi=True)])
        until, page = self._long.get(which, (0.0, {}))
        if begun < until:
            return page
        if len(self._long) >= _MOST_LONG:
            self.forget()
        page = self._read(asked)
        ended = time.monotonic()
        if ended - begun > _LONG and any(asked.get(name) for name in _FILTERS):
            self._long[which] = ended + (ended - begun) * _REST, page
        return page

    def forget(self) -> None:
        """Whatever was found by a long search may be otherwise by now."""
        self._long.clear()

    def _read(self, asked: MultiDict[str, str]) -> dict[str, Any]:
        after = _read(asked["after"]) if asked.get("after") else None
        limit = _limit(asked.get("limit", ""))
        found = search(self._there, _wanted(asked), limit=limit, after=after, empty=self._empty)
        following = _written(cursor(found.jobs[-1])) if found.more else None
        return {"jobs": [summary(job, self._there.env) for job in found.jobs], "next": following}


def summary(job: Job, env: str) -> dict[str, Any]:
    """What the list shows of a job, with its next step: nobody should have to know the command for that."""
    whole = as_json(job, env)
    return {**brief(job), "cost": cost(job), "actions": _offered(job), **{name: whole[name] for name in _SHOWN_TOO}}


def whole(job: Job, env: str) -> dict[str, Any]:
    """All that is on record."""
    return {**as_json(job, env), "cost": cost(job), "actions": _offered(job)}


def act(there: Stack, job: Job, name: str, seen: MultiDict[str, str]) -> dict[str, Any]:
    """Do something to a job, unless it stands otherwise than whoever wants it has seen: they agreed to what it costs as
    it stood. Raises Mistake or Trouble where that can't be done.
    """
    if (seen.get("status", str(job.status)), seen.get("attempt", str(job.attempt))) != (job.status, str(job.attempt)):
        raise Mistake(f"job {job.job_id}", f"it is {job.status} by now, so nothing was done; look again")
    action = actions.ACTIONS[name](job)
    after = actions.act(there, job, action)
    return {"done": f"{action.done[0].upper()}{action.done[1:]}.", "job": summary(after, there.env)}


def _offered(job: Job) -> list[dict[str, str]]:
    return [{"name": each.name, "label": each.label, "asks": each.asks} for each in actions.offered(job)]


def _wanted(asked: MultiDict[str, str]) -> Wanted:
    since = _midnight(asked["day"]) if asked.get("day") else 0.0
    return Wanted(
        statuses=_statuses(asked.getlist("status")),
        model=catalog.find(asked["model"]).id if asked.get("model") else "",
        text=_text(asked.get("text", "")),
        since=since,
        until=since + DAY - 0.001 if since else 0.0,
    )


def _limit(text: str) -> int:
    if text and not (re.fullmatch(r"\d{1,3}", text) and 1 <= int(text) <= MOST):
        raise Mistake("limit", f"{text!r} is not allowed", f"a whole number from 1 to {MOST}")
    return int(text or FEW)


def _statuses(texts: Sequence[str]) -> frozenset[Status]:
    for text in texts:
        if text not in set(Status):
            raise Mistake("status", f"{text!r} is no status", ", ".join(Status))
    return frozenset(map(Status, texts))


def _text(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise Mistake("text", "is too long", f"at most {_LONGEST_TEXT} characters")
    return text


def _midnight(day: str) -> float:
    """When a day of this century begins, in UTC."""
    try:
        return datetime.strptime(day, "20%y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Mistake("day", f"{day!r} is no day", "a day in UTC, such as 2026-11-28") from None


def _written(after: Cursor) -> str:
    return base64.urlsafe_b64encode(json.dumps(after).encode()).decode().rstrip("=")


def _read(text: str) -> Cursor:
    try:
        created_at, job_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        day_of(created_at)
        return float(created_at), str(job_id)
    except (ValueError, TypeError, OverflowError):
        raise Mistake("after", f"{text[:80]!r} is no place in a list", "what an earlier list said as `next`") from None
