"""The watch over an attempt, past its deadline: whatever became of the looks at it, it comes to an end."""

from __future__ import annotations

from typing import TypedDict

from dropreel.jobs import Job, Status
from dropreel.messages import Submit, own
from dropreel.queues import Deliveries, Queue
from dropreel.store import Store

#: Seconds between two rounds of a watch.
ROUND = 60


class State(TypedDict):
    """What the state machine carries from round to round."""

    job_id: str
    #: The name of the execution, and so of the attempt.
    watch: str
    #: Seconds until the next round.
    wait: int
    done: bool


class Watching:
    """Goes its rounds on behalf of the watches."""

    def __init__(self, *, store: Store, deliveries: Deliveries, intake: Queue) -> None:
        self._store = store
        self._deliveries = deliveries
        self._intake = intake

    def round(self, state: State) -> State:
        """Have a job that has not ended seen to, and return the next state; done once it has, or went on without us."""
        job = self._store.get(state["job_id"])
        mine = job if job and job.execution_name == state["watch"] and not job.ended else None
        if mine:
            self._see_to(mine)
        return {**state, "wait": ROUND, "done": mine is None or mine.status is Status.HELD}

    def _see_to(self, job: Job) -> None:
        if job.status is Status.HELD:
            self._intake.send(own(Submit(job.job_id)))
        else:
            self._deliveries.wake(job.job_id)
