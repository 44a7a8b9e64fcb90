"""Jobs in a table, for people: a line each, and a second one where something is wrong."""

from collections.abc import Sequence

from rich.cells import set_cell_size
from rich.text import Text

from cli.summary import trouble
from cli.wording import age, cut, money, place, status
from dropreel.jobs import Job


def table(found: Sequence[Job], now: float, width: int) -> Text:
    """A line a job, and a second one where something is wrong; it fits into 80 columns."""
    room = max(16, width - 55)
    heads = f"{'STATUS':<12} {'JOB':<26}  {'PLACE':<{room}}  {'AGE':>4}  {'USD':>6}"
    lines = [Text(heads, style="bold")]
    for job in found:
        made = age(now - job.created_at) if job.created_at else ""
        rest = f"  {made:>4}  {money(job.price_usd):>6}"
        sign = status(job)
        sign.pad_right(12 - len(sign))
        where = set_cell_size(place(job, room), room)
        lines.append(Text.assemble(sign, " ", (job.job_id.ljust(26), "dim"), f"  {where}", rest))
        if trouble(job):
            lines.append(Text(f"  {cut(trouble(job), width - 2)}", style="dim"))
    return Text("\n").join(lines)
