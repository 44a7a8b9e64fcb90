"""`dropreel up` and `dropreel demo`, from the outside."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.gateways import SimulatedGateways
from tests.e2e.harness import (
    COMMAND,
    END_SECONDS,
    PROJECT,
    QUICK,
    START_SECONDS,
    Stack,
    children,
    first_line,
    runs,
    started,
)
from tests.e2e.tiny import eventually

LONG = pytest.mark.long


def refused(*options: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command that does not come up."""
    ran = subprocess.run([*COMMAND, *options], cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "quiet_seconds=many"], ["quiet_seconds", "many", "0 to 900"]),
        pytest.param(["--set", "no_such=1"], ["no_such", "quiet_seconds"], marks=LONG),
        pytest.param(["--set", "quiet_seconds"], ["NAME=VALUE"], marks=LONG),
        pytest.param(["--pixazo-url", "http://example.com"], ["pixazo_url", "https://"], marks=LONG),
        pytest.param(["--port", "70000"], ["65535"], marks=LONG),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(options: list[str], words: list[str]) -> None:
    status, said, complaint = refused("up", "--json", *options)
    assert (status, said) == (2, "")
    assert all(word in complaint for word in words), complaint
    assert "Traceback" not in complaint


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said, complaint = refused("up", "--json", "--port", str(port))
    assert (status, said) == (3, "")
    assert f"port {port}" in complaint


@pytest.fixture
def other(tmp_path: Path, gateways: SimulatedGateways) -> "Iterator[subprocess.Popen[str]]":
    """Another stack beside the one that tests share, to be ended by the test."""
    urls = [f"--pixazo-url={gateways.url}", f"--aimlapi-url={gateways.url}"]
    settings = [f"--set={name}={value}" for name, value in QUICK.items()]
    log = tmp_path / "log"
    with started(*urls, *settings, log=log) as process:
        process.addresses = json.loads(first_line(process, log))  # type: ignore[attr-defined]
        yield process


@LONG
def test_two_stacks_know_nothing_of_each_other(laptop: Stack, other: "subprocess.Popen[str]") -> None:
    addresses = other.addresses  # type: ignore[attr-defined]
    assert addresses["aws_endpoint_url"] != laptop.addresses["aws_endpoint_url"]
    names = [bucket["Name"] for bucket in laptop.client("s3").list_buckets()["Buckets"]]
    assert addresses["inbox_bucket"] not in names


@pytest.mark.parametrize(
    "sign", [pytest.param(signal.SIGINT, marks=pytest.mark.thorough), pytest.param(signal.SIGKILL, marks=LONG)]
)
def test_a_signal_ends_it_and_leaves_no_process(other: "subprocess.Popen[str]", sign: signal.Signals) -> None:
    """SIGTERM ends the stacks that tests share, and whoever ends one looks (tests/e2e/harness.py)."""
    left = children(other.pid)
    assert len(left) >= 4
    other.send_signal(sign)
    assert other.wait(END_SECONDS) == (-sign if sign == signal.SIGKILL else 0)
    assert other.stdout
    assert other.stdout.read() == ""
    assert eventually(lambda: not any(runs(pid) for pid in left))


@LONG
def test_people_see_the_page_first_and_what_is_made_is_kept(tmp_path: Path, gateways: SimulatedGateways) -> None:
    """It is killed, as a crash would end it."""
    words = ["up", "--keep", str(tmp_path / "films"), "--set=quiet_seconds=1"]
    words += [f"--pixazo-url={gateways.url}", f"--aimlapi-url={gateways.url}"]
    said = tmp_path / "said"
    with (
        said.open("w") as out,
        subprocess.Popen([*COMMAND, *words], cwd=PROJECT, stdout=out) as process,
    ):
        try:
            assert eventually(lambda: "Ctrl-C ends it" in said.read_text(), START_SECONDS)
            page, *rest = said.read_text().splitlines()
            assert f"dropreel is up  {page}" in rest
            (queue,) = (line.split()[1] for line in rest if line.startswith("queue"))
            message = {"model": "veo-3-1-fast", "input": {"prompt": "a cat", "duration": 4}, "id": "kept"}
            sqs = client_of("sqs", next(line.split()[2] for line in rest if line.startswith("AWS endpoint")))
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(message))
            assert eventually(lambda: list(tmp_path.glob("films/veo-3-1-fast/kept-*.json")), 60)
        finally:
            process.kill()
    (film,) = tmp_path.glob("films/veo-3-1-fast/kept-*.mp4")
    assert film.stat().st_size > 1000
    assert process.returncode == -signal.SIGKILL


def client_of(service: str, url: str) -> Any:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", **keys)  # type: ignore[call-overload]


@LONG
def test_a_shell_scripts_background_job_ends_at_sigint_too(tmp_path: Path, gateways: SimulatedGateways) -> None:
    command = [*COMMAND, "up", "--json", f"--pixazo-url={gateways.url}", f"--aimlapi-url={gateways.url}"]
    line, log = tmp_path / "line", tmp_path / "log"
    line.touch()
    script = f"{' '.join(command)} >{line} 2>{log} & echo $!; wait $!; echo $?"
    with subprocess.Popen(["sh", "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout
        pid = int(shell.stdout.readline())
        up = eventually(line.read_text, START_SECONDS)
        os.kill(pid, signal.SIGINT)
        status = shell.stdout.readline()
    assert up, log.read_text()
    assert status == "0\n"


@pytest.mark.parametrize("after", [pytest.param(0.05, marks=LONG), 0.5, pytest.param(1.2, marks=LONG)])
def test_it_can_be_ended_while_it_starts(tmp_path: Path, after: float) -> None:
    with started(log=tmp_path / "log") as process:
        eventually(lambda: (tmp_path / "log").read_text() != "", START_SECONDS)
        time.sleep(after)
        left = children(process.pid)
        process.terminate()
        assert process.wait(END_SECONDS) == 0
    assert eventually(lambda: not any(runs(pid) for pid in left))


def test_the_demo_ends_with_a_playable_video() -> None:
    ran = subprocess.run([*COMMAND, "demo"], cwd=PROJECT, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert any("SUCCEEDED" in line for line in lines)
    assert Path(lines[-1]).stat().st_size > 10_000
    assert "h264" in lines[-2]
