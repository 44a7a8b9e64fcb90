"""What copies a URL to S3, as one would call it, and what that took."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KEY, SECRET = "benchmarkkey", "benchmarksecret"


@dataclass(frozen=True, slots=True)
class Cost:
    """What copying took."""

    #: Seconds.
    wall: float
    #: Seconds of the processor, user and system, of every process.
    cpu: float
    #: MiB resident at the peak; of processes that run at the same time, the sum.
    memory: float
    #: Seconds of the processor without starting the interpreter and loading the AWS client; None where not told apart.
    warm_cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the contenders find what they need."""

    #: Folder of the programs that the benchmark's own environment holds.
    tools: Path
    #: Address of the S3 server.
    s3: str
    #: For lists of URLs.
    scratch: Path

    @property
    def environment(self) -> dict[str, str]:
        """As both AWS's clients and rclone understand it; the user's own settings stay out."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.scratch),
            "PYTHONPATH": os.pathsep.join([str(Path("layers/core/python").resolve()), str(Path.cwd())]),
            "AWS_ENDPOINT_URL": self.s3,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "RCLONE_CONFIG_OUT_TYPE": "s3",
            "RCLONE_CONFIG_OUT_PROVIDER": "Rclone",
            "RCLONE_CONFIG_OUT_ENDPOINT": self.s3,
            "RCLONE_CONFIG_OUT_ACCESS_KEY_ID": KEY,
            "RCLONE_CONFIG_OUT_SECRET_ACCESS_KEY": SECRET,
            "RCLONE_CONFIG": "",
        }


def run(commands: Sequence[Sequence[str | Path]], environment: Mapping[str, str]) -> tuple[Cost, str]:
    """Run a pipeline of programs to its end; return its cost and what the last one printed."""
    began = time.monotonic()
    processes: list[subprocess.Popen[bytes]] = []
    for number, command in enumerate(commands):
        given = processes[-1].stdout if processes else subprocess.DEVNULL
        # Programs and addresses are the benchmark's own.
        processes.append(subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, env=dict(environment)))  # noqa: S603
        if number and processes[-2].stdout:
            processes[-2].stdout.close()
    # A child's peak begins with its parent's: what does not stand clear of that was not measured.
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    last = processes[-1].stdout
    assert last is not None
    said = last.read().decode()
    cpu = memory = 0.0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = usage.ru_maxrss / 1024
        if peak <= floor + 1 and process.args[0] != "curl":  # type: ignore[index]
            raise RuntimeError(f"{process.args!r} peaked at {peak:.0f} MiB, no more than this process itself")
        memory += peak
    return Cost(time.monotonic() - began, cpu, memory), said


def rclone(place: Place, urls: Sequence[str]) -> Cost:
    """rclone copyurl, which takes a list and then copies four at a time."""
    program = place.tools / "rclone"
    if len(urls) == 1:
        return run([[program, "--quiet", "copyurl", urls[0], "out:outbox/0.mp4"]], place.environment)[0]
    listed = place.scratch / "urls.csv"
    listed.write_text("".join(f"{url},{number}.mp4\n" for number, url in enumerate(urls)))
    return run([[program, "--quiet", "copyurl", "--urls", listed, "out:outbox"]], place.environment)[0]


def curl_aws(place: Place, urls: Sequence[str]) -> Cost:
    """curl | aws s3 cp -, which takes one at a time."""
    costs = []
    for number, url in enumerate(urls):
        into: list[str | Path] = [
            place.tools / "aws",
            "s3",
            "cp",
            "--only-show-errors",
            "-",
            f"s3://outbox/{number}.mp4",
        ]
        costs.append(run([["curl", "--silent", "--fail", url], into], place.environment)[0])
    return Cost(sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs), max(cost.memory for cost in costs))


def upload_fileobj(place: Place, urls: Sequence[str]) -> Cost:
    """boto3's upload_fileobj over httpx."""
    return run([[sys.executable, "-m", "benchmarks.copy.upload_fileobj", *urls]], place.environment)[0]


def dropreel(place: Place, urls: Sequence[str]) -> Cost:
    """dropreel's Copier."""
    cost, said = run([[sys.executable, "-m", "benchmarks.copy.ours", *urls]], place.environment)
    return Cost(cost.wall, cost.cpu, cost.memory, float(said))


def contenders(tools: Path) -> dict[str, Callable[[Place, Sequence[str]], Cost]]:
    """All that can run here, by name, what they are measured against first."""
    found: dict[str, Callable[[Place, Sequence[str]], Cost]] = {
        "rclone copyurl": rclone,
        "curl \\| aws s3 cp -": curl_aws,
        "boto3 upload_fileobj, httpx": upload_fileobj,
        "dropreel": dropreel,
    }
    if not shutil.which("curl"):  # the one that no package index has
        print("no curl here: left out", file=sys.stderr)
        del found["curl \\| aws s3 cp -"]
    return found
