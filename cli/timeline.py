"""What happened to a job, as people read it: when, how long after it began, and in whose words."""

from dataclasses import dataclass
from datetime import UTC, datetime

from rich.text import Text

from cli.wording import LOOKS, cut, epoch, lasted
from dropreel.jobs import Job, Status

#: Characters before a note.
MARGIN = 34


@dataclass(frozen=True)
class Moment:
    """One line of a timeline."""

    #: Epoch seconds.
    at: float
    #: A status of ours, or who spoke: ARRIVED, CALLBACK, POLL.
    who: str
    note: str


def moments(job: Job) -> list[Moment]:
    """What the job's record tells, oldest first."""
    ways = {"message": "by message", "step": f"step {job.step}, after job {job.source.get('of')}"}
    arrived = ways.get(str(job.source.get("type")), "dropped")
    told = [Moment(epoch(line["at"]), line["status"], line["note"]) for line in job.history]
    begun = [Moment(job.created_at, "ARRIVED", arrived)] if job.created_at else []
    return begun + told


def line(moment: Moment, begun: float, width: int) -> Text:
    """One line: the time of day in UTC, what has passed since the job began, who, and the note."""
    clock = datetime.fromtimestamp(moment.at, UTC).strftime("%H:%M:%S")
    passed = "+" + lasted(moment.at - begun)
    style = LOOKS[Status(moment.who)][0] if moment.who in set(Status) else "dim"
    note = cut(moment.note, max(20, width - MARGIN))
    return Text.assemble((clock, "dim"), f" {passed:>12}  ", (f"{moment.who:<10}", style), f" {note}")
