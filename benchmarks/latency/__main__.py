"""From the gateway's end to the object in the outbox: `python -m benchmarks.latency [--jobs 200] [--write]`.

Each job is a message on the queue; one comes every so often, so that they neither wait for each other nor all stand
still. The gateway says when each generation ended; the laptop's S3 notes when each film has been put.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks import page
from benchmarks.surroundings import gateway_process, stack
from local.moto_server import MotoServer
from local.stack import Laptop

#: What a generation takes at least, and up to how much more, so that ends fall anywhere between two looks; and how far
#: apart the jobs are. In seconds.
GENERATION, SPREAD, APART = 2.0, 4.0, 1.0
FILM_BYTES = 1_000_000
#: Seconds in which the last job must have ended.
PATIENCE = 120
PATHS: Mapping[str, Mapping[str, str]] = {
    "callback": {},
    "poll, `poll_seconds=1`": {"webhooks": "false", "poll_seconds": "1"},
}


class WatchingServer(MotoServer):
    """Notes when an object with a request's id in its metadata has been put."""

    def __init__(self, *, put: dict[str, float], **more: Any) -> None:
        self._put = put
        super().__init__(**more)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = environ.get("HTTP_X_AMZ_META_DROPREEL_REQUEST", "")
        answer = super()._answer(environ, start_response)
        if request and not environ["PATH_INFO"].endswith(".json"):
            self._put.setdefault(request, time.time())
        return answer


class WatchingLaptop(Laptop):
    """A stack whose S3 is watched."""

    def __init__(self, *args: Any, **more: Any) -> None:
        #: When each film was put, by request id.
        self.put: dict[str, float] = {}
        self.server = partial(WatchingServer, put=self.put)
        super().__init__(*args, **more)


def latencies(settings: Mapping[str, str], jobs: int) -> list[float]:
    """Seconds from end to object, of each job."""
    settings = {"quiet_seconds": "0", **settings}
    with (
        gateway_process(seconds=GENERATION, spread=SPREAD, film_bytes=FILM_BYTES) as url,
        stack(settings, url, WatchingLaptop) as laptop,
    ):
        assert isinstance(laptop, WatchingLaptop)
        run(laptop, 5)  # imports what a first event imports
        _ended(url)
        before = set(laptop.put)
        run(laptop, jobs)
        ended = _ended(url)
        return [put - ended[request] for request, put in laptop.put.items() if request not in before]


def run(laptop: WatchingLaptop, jobs: int) -> None:
    """Send so many jobs, and wait for their films."""
    sqs, queue, wanted = laptop.client("sqs"), laptop.outputs["QueueUrl"], len(laptop.put) + jobs
    given = {"image_url": "https://example.com/a.png", "audio_url": "https://example.com/a.wav"}
    for _ in range(jobs):
        began = time.monotonic()
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"model": "veed-fabric", "input": given}))
        time.sleep(max(0.0, APART - (time.monotonic() - began)))
    end = time.monotonic() + PATIENCE
    while len(laptop.put) < wanted and time.monotonic() < end:
        time.sleep(0.1)
    assert len(laptop.put) >= wanted, f"{wanted - len(laptop.put)} of {jobs} films never came"


def _ended(url: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{url}/log") as answer:  # noqa: S310
        found: dict[str, float] = json.load(answer)
    return found


def row(name: str, seconds: Sequence[float]) -> str:
    """A line of the table."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    cells = (statistics.median(seconds), cuts[89], cuts[98], max(seconds))
    return f"| {name} | {len(seconds)} | " + " | ".join(f"{1000 * cell:.0f}" for cell in cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description="From the gateway's end to the object in the outbox.")
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--write", action="store_true", help=f"renew {page.PAGE}")
    arguments = parser.parse_args()
    spread = f"{GENERATION:.0f} to {GENERATION + SPREAD:.0f} s"
    about = f"Generations of {spread}, one a second, films of 1 MB; {page.machine()}."
    lines = ["| | jobs | p50 ms | p90 | p99 | longest |", "|---|---:|---:|---:|---:|---:|"]
    for name, settings in PATHS.items():
        lines.append(row(name, latencies(settings, arguments.jobs)))
        print(lines[-1], file=sys.stderr, flush=True)
    text = "\n".join([about, "", *lines])
    print(text)
    if arguments.write:
        page.write("latency", text)


if __name__ == "__main__":
    main()
