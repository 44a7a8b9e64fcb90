"""How one thing that `dropreel doctor` looks at came out."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check came out."""

    FINE = "fine"
    LOOK = "look"
    BAD = "bad"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    #: What was seen.
    said: str
    #: What to do about it.
    todo: str = ""
