"""People: what they drop and send, and what they do again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from dropreel.jobs import Status
from tests.simulation.account import INBOX, OUTBOX, Account
from tests.simulation.cloud import Sqs
from tests.simulation.script import STEPS, Order, Plan

#: Seconds by which the intake queue delays what is put on it; an S3 event takes as long.
QUIET = 5


@dataclass(slots=True)
class Act:
    """Something that people do, or the bucket on their behalf."""

    at: float
    do: Callable[[], None]
    #: Whether it comes before anything else that could happen now.
    urgent: bool = False


class People:
    """Everybody who wants films."""

    def __init__(self, plan: Plan, account: Account, sqs: Sqs, counts: Counter[str], start: float) -> None:
        self._account = account
        self._sqs = sqs
        self._counts = counts
        self._start = start
        #: What is still to be done.
        self.acts = [act for number, order in enumerate(plan.orders) for act in self._wishes(number, order)]
        #: Which order's parts were dropped again, one drop after the other.
        self.drops: list[str] = []
        #: What is done as soon as something shows: an order's first WAITING record, or a manifest that says FAILED.
        self._prompted = {
            (f"order{number}", shows): files
            for number, order in enumerate(plan.orders)
            for shows, files in _prompted(order, f"order{number}").items()
        }

    def see(self, effect: str) -> None:
        """Look what shows after an effect, and act upon it at once."""
        if not self._prompted or effect not in ("PutItem", "PutObject"):
            return
        for (name, shows), files in list(self._prompted.items()):
            if shows in (self._waiting(name), self._manifest(name)):
                del self._prompted[name, shows]
                self.acts += [self._at_once(name, key, content, later, shows) for key, content, later in files]

    def _at_once(self, name: str, key: str, content: str, later: float, shows: str) -> Act:
        again = shows != "WAITING"
        return Act(self._account.clock() + later, partial(self._drop, name, key, content, again=again), urgent=True)

    def _waiting(self, name: str) -> str:
        waits = any(name in job.place and job.status is Status.WAITING for job in self._account.jobs().values())
        return "WAITING" if waits else ""

    def _manifest(self, name: str) -> str:
        outbox = self._account.objects(OUTBOX).items()
        said = [json.loads(found.body)["status"] for key, found in outbox if name in key and key.endswith(".json")]
        return said[0] if said else ""

    def do(self, act: Act) -> None:
        """Do this one."""
        self.acts.remove(act)
        act.do()

    def _wishes(self, number: int, order: Order) -> Iterator[Act]:
        name, at = f"order{number}", self._start + order.at
        if order.kind in ("message", "anonymous", "aimlapi"):
            body = json.dumps(_message(order.kind, name))
            yield Act(at, partial(self._send, name, body))
            if order.kind == "message":
                yield from (Act(at + again, partial(self._send, name, body)) for again in order.repeats)
            return
        for key, content, delay in _files(order, name):
            yield Act(at + delay, partial(self._drop, name, key, content))
            yield from (Act(at + delay + again, partial(self._event, key)) for again in order.repeats)
            yield from (
                Act(at + delay + again, partial(self._drop, name, key, content, again=True)) for again in order.again
            )
        if order.spoilt:
            defaults = f"veo-3-1-fast/{name}/_defaults.json"
            yield Act(self._start + order.spoilt[0], partial(self._put, defaults, '{"no_such": 1}'))
            yield Act(self._start + order.spoilt[1], partial(self._put, defaults, "{}"))

    def _put(self, key: str, content: str) -> None:
        self._account.clients["s3"].put_object(Bucket=INBOX, Key=key, Body=content.encode())

    def _drop(self, name: str, key: str, content: str, *, again: bool = False) -> None:
        self._put(key, content)
        self._counts["dropped again" if again else "dropped"] += 1
        if again:
            self.drops.append(name)
        self._event(key)

    def _event(self, key: str) -> None:
        record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": INBOX}, "object": {"key": key}}}
        self._sqs.put("intake", json.dumps({"Records": [record]}), QUIET)

    def _send(self, name: str, body: str) -> None:
        self._counts["messages"] += 1
        self._sqs.put("intake", body, QUIET)


def _files(order: Order, name: str) -> list[tuple[str, str, float]]:
    """The parts of a drop, with the seconds until each."""
    if order.kind == "pair":
        first, second = max(0.0, -order.gap), max(0.0, order.gap)
        return [(f"veed-fabric/{name}.png", "a face", first), (f"veed-fabric/{name}.wav", "a voice", second)]
    if order.kind == "triple":
        return [(f"pixverse-i2v/{name}.png", "a face", 0.0)]
    folder = f"{name}/" if order.spoilt else ""
    files = [(f"veo-3-1-fast/{folder}{name}.txt", f"a film of {name}", 0.0)]
    settings = {"wrong": {"no-such": 1}, "row": {"then": [{"model": model} for model in STEPS]}}
    if order.kind in settings:
        files.append((f"veo-3-1-fast/{name}.json", json.dumps(settings[order.kind]), 0.0))
    return files


def _prompted(order: Order, name: str) -> dict[str, list[tuple[str, str, float]]]:
    """The parts that are dropped as soon as something shows, with the seconds until each."""
    found = {}
    if order.kind == "triple":
        settings = '{"resolution": "720p", "duration": 5}'
        parts = [("txt", f"a film of {name}", 0.0), ("json", settings, order.gap)]
        found["WAITING"] = [(f"pixverse-i2v/{name}.{ending}", content, later) for ending, content, later in parts]
    if order.upon_failure:
        found["FAILED"] = _files(order, name)
    return found


def _message(kind: str, name: str) -> dict[str, Any]:
    if kind == "aimlapi":
        media = {"image_url": f"https://a.example/{name}.png", "audio_url": f"https://a.example/{name}.mp3"}
        return {"model": "aimlapi-veed-fabric", "input": media}
    request = {"model": "veo-3-1-fast", "input": {"prompt": f"a film of {name}"}}
    return request | ({"id": name} if kind == "message" else {})
