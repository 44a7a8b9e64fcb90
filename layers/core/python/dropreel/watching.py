"""The watch over an attempt, past its deadline: whatever became of the looks at it, it comes to an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from dropreel.jobs import Job, Status
from dropreel.messages import Submit, own
from dropreel.queues import Deliveries, Queue
from dropreel.store import Store

#: Seconds between two rounds of a watch: a quarter of the time that the job is overdue, within these. What heals soon
#: goes on soon, and a watch can last for two weeks without more rounds than an execution's history has room for.
ROUND = 60
LONGEST_ROUND = 900


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

    def __init__(self, *, store: Store, deliveries: Deliveries, intake: Queue, clock: Callable[[], float]) -> None:
        self._store = store
        self._deliveries = deliveries
        self._intake = intake
        self._clock = clock

    def round(self, state: State) -> State:
        """Have a job that has not ended seen to, and return the next state; done once it has, or went on without us."""
        job = self._store.get(state["job_id"])
        mine = job if job and job.execution_name == state["watch"] and not job.ended else None
        if mine:
            self._see_to(mine)
        wait = next_round(self._clock() - mine.deadline_at) if mine else ROUND
        return {**state, "wait": wait, "done": mine is None or mine.status is Status.HELD}

    def _see_to(self, job: Job) -> None:
        if job.status is Status.HELD:
            self._intake.send(own(Submit(job.job_id)))
        else:
            self._deliveries.wake(job.job_id)


def next_round(overdue: float) -> int:
    """Seconds until the next round over a job that should have ended so many seconds ago."""
    return round(max(ROUND, min(overdue / 4, LONGEST_ROUND)))
