"""The world around the functions: time, the platform, people and callbacks; and the order in which things happen.

Each invocation runs in a thread of its own, and exactly one thread runs at any moment: a function stops at each
boundary of its effects until it is its turn again. So a schedule is a list of choices, and the same choices give the
same run.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from dropreel import measures
from tests.simulation.account import Account, Accounts
from tests.simulation.cloud import KEPT, MOST_IN_A_CHAIN, Message, Sqs
from tests.simulation.effects import Death, Effects, Life
from tests.simulation.failures import service_of
from tests.simulation.functions import TIMEOUTS, Logs, Platform, Process
from tests.simulation.gateway import Call, Gateways
from tests.simulation.machines import Execution, StepFunctions
from tests.simulation.people import Act, People
from tests.simulation.script import Plan

#: 22:30 UTC: a new day, with a new budget, is near.
START = 1_900_017_000.0 - 1_900_017_000.0 % 86_400 + 81_000
#: Steps and virtual seconds by which everything has come to an end; more is a loop, or a wait, without one.
MOST_STEPS = 20_000
LONGEST = 10 * 86_400.0
#: Which function is fed by which queue.
FED = {"intake": "submit", "deliver": "deliver"}
#: A pause (seconds) after which records may have expired.
LONG_PAUSE = 86_400.0


class Endless(AssertionError):
    """Something goes on and on."""


@dataclass(slots=True)
class Task:
    """An invocation on its way."""

    life: Life
    thread: threading.Thread
    turn: threading.Semaphore
    #: What the platform does with the result; a death has none.
    ended: Callable[[Life, Any], None]
    died: Callable[[], None]
    result: Any = None
    done: bool = False
    #: Until then (virtual epoch seconds) it stands still.
    asleep_until: float = 0.0
    error: BaseException | None = None


class Director:
    """Decides what happens next; the crash enumeration and the random schedules each have their own."""

    def pick(self, options: int) -> int:
        """Which of these goes on; the functions that are running come first."""
        return 0

    def befalls(self, life: Life, effect: str, when: str) -> bool:
        """Whether the function dies at this boundary."""
        return False

    def loses(self, life: Life, effect: str) -> bool:
        """Whether the answer of this AWS call gets lost on its way."""
        return False

    def fails(self, life: Life, effect: str) -> str:
        """How this AWS call fails; empty if it does not."""
        return ""

    def duplicates(self) -> bool:
        """Whether a message is delivered although it was delivered already."""
        return False

    def leap(self) -> float:
        """Seconds that pass at once, while functions are at work."""
        return 0.0

    def stalls(self, life: Life, effect: str, when: str) -> float:
        """Seconds for which the function stands still at this boundary, while all others go on."""
        return 0.0


class World:
    """One run of a plan."""

    def __init__(self, plan: Plan, director: Director, accounts: Accounts, logs: Logs) -> None:
        self.plan = plan
        self.now = START
        self.counts: Counter[str] = Counter()
        self.director = director
        self.logs = logs
        logs.text.seek(0)
        logs.text.truncate()
        self.effects = Effects(self)
        self.account: Account = accounts.fresh(self.effects, self.clock)
        self.sqs = Sqs(self.effects, self.clock)
        self.machines = StepFunctions(self.effects, self.clock, plan.deadline_seconds)
        self.gateways = Gateways(plan, self.effects, self.clock, START)
        self._platform = Platform(
            plan,
            account=self.account,
            sqs=self.sqs,
            machines=self.machines,
            gateways=self.gateways,
            clock=self.clock,
        )
        self._warm: dict[str, list[Process]] = {name: [] for name in TIMEOUTS}
        self._tasks: list[Task] = []
        self._back = threading.Semaphore(0)
        self.people = People(plan, self.account, self.sqs, self.counts, START)
        if plan.gates_stopped is not None:
            self.people.acts.append(Act(START + plan.gates_stopped, self.machines.stop_gates))
        #: The answers to callbacks.
        self.answers: list[tuple[Call, int]] = []
        #: Callbacks whose function died before it answered; nobody calls again.
        self.cut_off: list[Call] = []
        self.broken: list[str] = []
        self._last_act = max(act.at for act in self.people.acts)
        self.effects.observers.append(lambda life, effect: self.people.see(effect))

    def clock(self) -> float:
        """Virtual epoch seconds."""
        return self.now

    def _measured(self, name: str, *_: object) -> None:
        if name == "Failure" and (life := self.effects.life):
            life.troubled = True

    # What befalls the functions

    def before(self, life: Life, effect: str) -> None:
        """Effects': a boundary."""
        self._boundary(life, effect, "before")

    def after(self, life: Life, effect: str) -> None:
        """Effects': a boundary."""
        self._boundary(life, effect, "after")

    def answer_lost(self, life: Life, effect: str) -> bool:
        """Effects': an AWS client's call."""
        lost = self.director.loses(life, effect)
        self.counts["AWS answers lost"] += lost
        return lost

    def failure(self, life: Life, effect: str) -> str:
        """Effects': an AWS call."""
        way = self.director.fails(life, effect)
        self.counts["AWS calls failed"] += bool(way)
        if not way and (way := self._outage(life, effect)):
            self.counts["AWS calls failed in an outage"] += 1
        return way

    def _outage(self, life: Life, effect: str) -> str:
        now, known = self.now - START, {service_of(effect), effect.partition(" ")[0]}
        for outage in self.plan.outages:
            if outage.what in known and outage.function in ("", life.function) and outage.begins <= now < outage.ends:
                return outage.way
        return ""

    def _boundary(self, life: Life, effect: str, when: str) -> None:
        self.counts["effects"] += when == "before"
        if self.director.befalls(life, effect, when):
            self.counts[f"deaths in {life.function}"] += 1
            self.counts[f"deaths {when} an effect"] += 1
            raise Death
        task = next(task for task in self._tasks if task.life is life)
        if seconds := self.director.stalls(life, effect, when):
            self.counts[f"stalls in {life.function}"] += 1
            task.asleep_until = self.now + seconds
        if life.slow:
            task.asleep_until = max(task.asleep_until, self.now + life.slow)
            life.slow = 0.0
        self._back.release()
        task.turn.acquire()
        if life.dead:
            raise Death

    # The order of events

    def run(self) -> None:
        """Let everything happen, until nothing more can."""
        try:
            for _ in range(MOST_STEPS):
                if self.broken or not self._step():
                    break
                if self.now > self._last_act + LONGEST:
                    raise Endless(f"it still goes on after {LONGEST / 86_400} days: {self._pending()}")
            else:
                raise Endless(f"it still goes on after {MOST_STEPS} steps: {self._pending()}")
        finally:
            self._stop()

    def _step(self) -> bool:
        for act in [act for act in self.people.acts if act.urgent and act.at <= self.now]:
            self.people.do(act)
        leap = self.director.leap() if self._tasks else 0.0
        if leap:
            self.counts["leaps of the clock"] += 1
            self.now += leap
            # It is the functions that are slow, not the people: what they do a second apart stays a second apart.
            for act in sorted((act for act in self.people.acts if act.at <= self.now), key=lambda act: act.at):
                self.people.do(act)
            self._kill_overdue()
        awake = [task for task in self._tasks if task.asleep_until <= self.now]
        options: list[Callable[[], None]] = [*(partial(self._resume, task) for task in awake), *self._due()]
        if options:
            options[self.director.pick(len(options))]()
            return True
        soonest = min((moment for moment in self._moments() if moment > self.now), default=None)
        if soonest is None:
            return False
        paused = soonest - self.now > LONG_PAUSE
        self.now = soonest
        self._kill_overdue()
        if paused:
            self.account.expire()
        return True

    def _due(self) -> Iterator[Callable[[], None]]:
        """What may begin now."""
        for act in [act for act in self.people.acts if act.at <= self.now]:
            yield partial(self.people.do, act)
        if len(self._tasks) >= self.plan.concurrency:
            return
        for call in [call for call in self.gateways.calls if call.at <= self.now]:
            yield partial(self._call, call)
        for queue, state in self.sqs.queues.items():
            for message in [found for found in state.messages.values() if found.visible_at <= self.now]:
                yield partial(self._receive, queue, message)
        for execution in self.machines.running():
            if execution.due_at <= self.now:
                yield partial(self._go_round, execution)

    def _moments(self) -> Iterator[float]:
        yield from (act.at for act in self.people.acts)
        yield from (min(task.asleep_until, task.life.ends_at + 1) for task in self._tasks)
        yield from (call.at for call in self.gateways.calls)
        for state in self.sqs.queues.values():
            yield from (message.visible_at for message in state.messages.values())
        running = self.machines.running()
        yield from (min(execution.due_at, self.machines.ends_at(execution)) for execution in running)

    def _pending(self) -> str:
        queues = {name: [m.body for m in state.messages.values()] for name, state in self.sqs.queues.items()}
        return f"{queues}, {[execution.state for execution in self.machines.running()]}"

    # Invocations

    def _begin(
        self,
        function: str,
        about: str,
        run: Callable[[Process], Any],
        ended: Callable[[Life, Any], None],
        died: Callable[[], None],
        lineage: Mapping[str, int],
    ) -> None:
        ends_at, drops = self.now + TIMEOUTS[function], len(self.people.drops)
        life = Life(function, self.now, ends_at, drops=drops, lineage=lineage, about=about)
        process = self._warm[function].pop() if self._warm[function] else self._platform.start(function)
        measures.report_to(self._measured)  # a process that starts has them told to its own metrics
        turn = threading.Semaphore(0)

        def main() -> None:
            turn.acquire()
            try:
                task.result = self.effects.live(life, lambda: run(process))
                if life.dead:
                    raise Death
                self._warm[function].append(process)
            except BaseException as error:  # a death ends the process, and an exception only the invocation
                task.error = error
                if not isinstance(error, Death):
                    self._warm[function].append(process)
            task.done = True
            self._back.release()

        task = Task(life, threading.Thread(target=main, daemon=True), turn, ended, died)
        self._tasks.append(task)
        self.counts[f"invocations of {function}"] += 1
        task.thread.start()
        self._resume(task)

    def _resume(self, task: Task) -> None:
        task.turn.release()
        self._back.acquire()
        if not task.done:
            return
        self._tasks.remove(task)
        task.thread.join()
        if task.error is None:
            task.ended(task.life, task.result)
            return
        if not isinstance(task.error, Death):
            if not task.life.failures:
                self.broken.append(f"{task.life.function} failed: {task.error!r}")
            self.counts[f"failures of {task.life.function}"] += 1
        task.died()

    def _kill_overdue(self) -> None:
        for task in [task for task in self._tasks if self.now > task.life.ends_at]:
            self.counts["deaths by timeout"] += 1
            self._kill(task)

    def _kill(self, task: Task) -> None:
        task.life.dead = True
        self._resume(task)

    def _stop(self) -> None:
        for task in list(self._tasks):
            self._kill(task)

    # What the platform does

    def _receive(self, queue: str, message: Message) -> None:
        if self.now > message.sent_at + KEPT:
            self.broken.append(f"a message was forgotten, for no queue keeps one for longer: {message.body}")
        if not self.sqs.receive(queue, message):
            self.broken.append(f"a dead letter, after {message.receives - 1} receives: {message.body}")
            return
        if self.director.duplicates():
            self.counts["duplicate messages"] += 1
            message.visible_at = self.now
        function = FED[queue]
        if function == "deliver" and self.is_broken():
            self.counts["failures of a broken deployment"] += 1
            return
        lineage = _with(message.lineage, function)
        self.counts[f"{function} {lineage[function]} times in a chain"] += 1
        if lineage[function] > MOST_IN_A_CHAIN:
            self.sqs.set_aside(queue, message)
            self.broken.append(f"Lambda stopped {function}, invoked {lineage[function]} times in one chain")
            return

        def ended(life: Life, dealt_with: bool) -> None:
            if dealt_with:
                self.sqs.delete(queue, message)
            self._judge(life)

        self._begin(function, message.body, lambda process: process.take_message(message), ended, _nothing, lineage)

    def _judge(self, life: Life) -> None:
        """A failure that no call to AWS explains is a mistake in the code."""
        self.counts[f"failures of {life.function}"] += life.troubled
        if life.troubled and not life.failures:
            self.broken.append(f"{life.function} failed: {self.logs.text.getvalue()[-3000:]}")

    def _go_round(self, execution: Execution) -> None:
        def returned(life: Life, state: dict[str, Any]) -> None:
            self.machines.returned(execution, state)
            self._judge(life)

        function = self.machines.begin(execution)
        self._begin(
            function,
            execution.name,
            lambda process: process.go_round(execution.state),
            returned,
            lambda: self.machines.failed(execution),
            {function: 1},
        )

    def _call(self, call: Call) -> None:
        self.gateways.calls.remove(call)
        token = "a-forged-token".ljust(len(call.token), "-") if call.kind == "forged" else call.token

        def answered(_: Life, status: int) -> None:
            self.answers.append((call, status))
            self.counts[f"callbacks {call.kind}"] += 1
            self.counts[f"callbacks answered {status}"] += 1

        def died() -> None:
            self.counts["callbacks lost by a death"] += 1
            self.cut_off.append(call)

        def run(process: Process) -> int:
            return process.take_callback(call.job_id, token, call.body)

        self._begin("callback", call.job_id, run, answered, died, {"callback": 1})

    def is_broken(self) -> bool:
        """Whether deliver fails whatever it is given."""
        begins, ends = self.plan.broken or (0.0, 0.0)
        return begins <= self.now - START < ends

    def tokens(self) -> set[str]:
        """Every callback token that left us."""
        return {post.token for post in self.gateways.posts if post.token}


def _with(lineage: Mapping[str, int], function: str) -> Mapping[str, int]:
    """A chain of invocations with one more."""
    return {**lineage, function: lineage.get(function, 0) + 1}


def _nothing() -> None:
    pass
