"""Running a plan: by the book with one mishap, or at random from a seed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.account import Accounts
from tests.simulation.effects import Life
from tests.simulation.failures import WAYS
from tests.simulation.functions import Logs, withdrawn
from tests.simulation.ledger import Ledger
from tests.simulation.script import Plan, draw_plan
from tests.simulation.verdict import complaints
from tests.simulation.world import Director, Endless, World

#: Effects whose answers an AWS client asks for again: all but those of HTTP.
NOT_AWS = ("gateway", "media")
#: Lengths (seconds) of a stall: shorter and longer than a lease, a function, a message's invisibility.
STALLS = {"submit": 290.0, "callback": 9.0, "poll": 55.0, "probe": 290.0, "deliver": 600.0}
#: What the crash enumeration tells apart, and how each looks: refused in one of three ways; not even connected; or
#: done, without an answer.
FAILING = {"refused": WAYS[:3], "unreachable": WAYS[3:4], "timed out": WAYS[4:]}
LEAPS = (5.0, 59.0, 61.0, 130.0, 400.0, 850.0)


@dataclass(frozen=True, slots=True)
class Ran:
    """A run, looked back upon."""

    complaints: list[str]
    counts: Counter[str]
    world: World


def run(plan: Plan, director: Director, accounts: Accounts) -> Ran:
    """Run a plan and judge it."""
    with Logs() as logs:
        world = World(plan, director, accounts, logs)
        ledger = Ledger(world)
        try:
            with withdrawn(plan, world.clock):
                world.run()
        except Endless as endless:
            world.broken.append(str(endless))
        found = world.broken or list(complaints(world, ledger))
    world.counts["schedules"] += 1
    for job in world.account.jobs().values():
        world.counts[f"ended {job.status}{' late' if job.late else ''}"] += 1
    return Ran(list(found), world.counts, world)


@dataclass
class Mishap(Director):
    """Everything goes by the book, but for what happens at one effect; without an index it only counts."""

    index: int = 0
    #: before, after; lost (the answer, so that the AWS client makes the call again); or stall (it stands still for
    #: as long as its function may, and then goes on as if nothing had been); or one of `FAILING` (the AWS call fails).
    what: str = ""
    #: Every effect so far: the function and what it did, and whose effect it was.
    effects: list[tuple[str, str]] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)

    def befalls(self, life: Life, effect: str, when: str) -> bool:
        """Count, and die if this is the one."""
        if when == "before":
            self.effects.append((life.function, effect))
            self.lives.append(life)
        return len(self.effects) == self.index and when == self.what

    def stalls(self, life: Life, effect: str, when: str) -> float:
        """Stall before it if this is the one."""
        here = len(self.effects) == self.index and self.what == "stall" and when == "before"
        return STALLS[life.function] if here else 0.0

    def loses(self, life: Life, effect: str) -> bool:
        """Lose the answer if this is the one."""
        return len(self.effects) == self.index and self.what == "lost"

    def fails(self, life: Life, effect: str) -> str:
        """Fail if this is the one."""
        if len(self.effects) != self.index or self.what not in FAILING:
            return ""
        ways = FAILING[self.what]
        return ways[self.index % len(ways)]


class Chance(Director):
    """Anything may happen, as often as the plan allows."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it has to be repeatable
        self._plan = plan
        self._deaths, self._lost = plan.deaths, plan.lost_answers
        self._duplicates, self._leaps, self._failures = plan.duplicates, plan.leaps, plan.failures

    def pick(self, options: int) -> int:
        """Any of these."""
        return self._random.randrange(options)

    def befalls(self, life: Life, effect: str, when: str) -> bool:
        """One in `mortality`, while deaths last."""
        dies = self._deaths > 0 and self._random.randrange(self._plan.mortality) == 0
        self._deaths -= dies
        return dies

    def loses(self, life: Life, effect: str) -> bool:
        """One in twenty, while they last."""
        lost = self._lost > 0 and not effect.endswith(NOT_AWS) and self._random.randrange(20) == 0
        self._lost -= lost
        return lost

    def fails(self, life: Life, effect: str) -> str:
        """One in twenty, while they last."""
        if self._failures > 0 and self._random.randrange(20) == 0:
            self._failures -= 1
            return self._random.choice(WAYS)
        return ""

    def duplicates(self) -> bool:
        """One in four, while they last."""
        twice = self._duplicates > 0 and self._random.randrange(4) == 0
        self._duplicates -= twice
        return twice

    def stalls(self, life: Life, effect: str, when: str) -> float:
        """One in forty, while leaps last."""
        if self._leaps > 0 and self._random.randrange(40) == 0:
            self._leaps -= 1
            return self._random.choice(LEAPS)
        return 0.0

    def leap(self) -> float:
        """One in forty, while they last."""
        if self._leaps > 0 and self._random.randrange(40) == 0:
            self._leaps -= 1
            return self._random.choice(LEAPS)
        return 0.0


def plan_of(seed: int) -> Plan:
    """The plan that a seed stands for."""
    chance = random.Random(f"plan {seed}")  # noqa: S311 - it has to be repeatable
    return draw_plan(lambda options: chance.choice(options))


def run_seed(seed: int, accounts: Accounts) -> Ran:
    """The whole schedule that a seed stands for."""
    plan = plan_of(seed)
    return run(plan, Chance(plan, seed), accounts)


def told(ran: Ran, replay: str) -> str:
    """What is wrong with a run, and how to see it again."""
    return "\n".join([*ran.complaints, f"replay it with: python -m tests.simulation {replay}"])
