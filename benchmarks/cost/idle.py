"""What an environment costs in a month in which nothing happens: `python -m benchmarks.cost.idle [template.json]`.

Counted from a synthesized template (by default that of `prod`), with AWS's list prices and without its free tiers.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cost.prices import USD, Unit

#: A month of 30 days, as AWS reckons.
MONTH = 30 * 24 * 3600
#: Lambda asks an idle queue by five long polls of 20 seconds at a time; where a mapping has a maximum concurrency, it
#: never goes down to two (Lambda guide, "Configuring scaling behavior for SQS event source mappings").
POLLS = 5 * MONTH // 20
#: CloudWatch's for each metric that an alarm looks at, for a dashboard and for a metric of one's own; Secrets Manager's
#: for each secret; Lambda's for a snapshot of Python, by memory and time.
ALARM, DASHBOARD, METRIC, SECRET, SNAPSHOT_GB_SECOND = 0.10, 3.00, 0.30, 0.40, 0.0000015046

Template = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something that is paid for while it is just there."""

    what: str
    count: int
    #: USD a month for each.
    each: float

    @property
    def usd(self) -> float:
        """USD a month for all."""
        return self.count * self.each


def bill(template: Template) -> list[Line]:
    """What a stack is billed in an idle month; what is not here is billed by use, and that is none."""
    lines = [
        Line(
            what="metrics that alarms look at",
            count=sum(map(_looked_at, _all(template, "CloudWatch::Alarm"))),
            each=ALARM,
        ),
        Line(what="dashboard", count=len(list(_all(template, "CloudWatch::Dashboard"))), each=DASHBOARD),
        Line(what="secrets", count=len(list(_all(template, "SecretsManager::Secret"))), each=SECRET),
        Line(
            what="queues that Lambda polls",
            count=len(list(_all(template, "Lambda::EventSourceMapping"))),
            each=POLLS * USD[Unit.SQS],
        ),
        *_snapshots(template),
    ]
    return [line for line in lines if line.count]


def usd(template: Template) -> float:
    """USD a month."""
    return sum(line.usd for line in bill(template))


def table(template: Template) -> str:
    """The bill, as README has it."""
    rows = [f"| {line.what} | {line.count} | {line.each:.2f} | {line.usd:.2f} |" for line in bill(template)]
    total = f"| **together** | | | **{usd(template):.2f}** |"
    return "\n".join(["| | | USD each | USD a month |", "|---|---:|---:|---:|", *rows, total])


def _all(template: Template, kind: str) -> Iterator[Mapping[str, Any]]:
    for resource in template["Resources"].values():
        if resource["Type"] == f"AWS::{kind}":
            yield resource["Properties"]


def _looked_at(alarm: Mapping[str, Any]) -> int:
    """An alarm on an expression is paid for by the metrics in it."""
    return sum("MetricStat" in metric for metric in alarm["Metrics"]) if "Metrics" in alarm else 1


def _snapshots(template: Template) -> Iterator[Line]:
    """Each published version of a function with SnapStart is kept, and paid for by its memory."""
    snapped = [one for one in _all(template, "Lambda::Function") if "SnapStart" in one]
    gb = sum(one["MemorySize"] for one in snapped) / 1024
    if snapped:
        each = gb * MONTH * SNAPSHOT_GB_SECOND / len(snapped)
        yield Line(what="snapshots of functions", count=len(snapped), each=each)


def _synthesized() -> Template:
    from infra.app import synth

    with tempfile.TemporaryDirectory() as folder:
        template: Template = json.loads(synth(env="prod", outdir=folder).read_text())
    return template


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text()) if sys.argv[1:] else _synthesized()))
