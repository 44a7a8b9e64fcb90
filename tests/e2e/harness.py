"""`dropreel up` as its users have it: a process, a line of JSON, and AWS clients."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from tests.e2e.tiny import eventually

PROJECT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "cli")
#: settings that keep no test waiting
QUICK = {
    "quiet_seconds": "1",
    "first_poll_seconds": "2",
    "poll_seconds": "1",
    "held_retry_seconds": "1",
    "media_buckets": "elsewhere",
}
#: seconds in which a stack must be up, layers built or not
START_SECONDS = 300
#: seconds in which it must be gone
END_SECONDS = 120


@dataclass(frozen=True)
class Stack:
    """A stack that is up, with what tests do to it."""

    #: the contract's line of JSON
    addresses: Mapping[str, str]
    process: "subprocess.Popen[Any]"
    #: what it said to people
    log: Path
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """An AWS client of the stack."""
        if service not in self._clients:
            self._clients[service] = _session().client(
                service,  # type: ignore[call-overload]  # the stubs know each service's literal name only
                endpoint_url=self.addresses["aws_endpoint_url"],
                region_name=self.addresses["region"],
                aws_access_key_id="any",
                aws_secret_access_key="any",
            )
        return self._clients[service]

    def drop(self, key: str, body: bytes | str | dict[str, Any], **metadata: str) -> None:
        """Puts an object into the inbox; a dict as JSON."""
        data = json.dumps(body) if isinstance(body, dict) else body
        self.client("s3").put_object(Bucket=self.addresses["inbox_bucket"], Key=key, Body=data, Metadata=metadata)

    def send(self, message: dict[str, Any] | str) -> None:
        """Sends a message to the intake queue."""
        body = json.dumps(message) if isinstance(message, dict) else message
        self.client("sqs").send_message(QueueUrl=self.addresses["queue_url"], MessageBody=body)

    def outbox(self, prefix: str = "") -> list[str]:
        """The keys in the outbox, in order."""
        pages = self.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.addresses["outbox_bucket"], Prefix=prefix)
        return [item["Key"] for page in found for item in page.get("Contents", [])]

    def output(self, key: str) -> dict[str, Any]:
        """An object of the outbox: GetObject's answer, with Body read."""
        answer: dict[str, Any] = self.client("s3").get_object(Bucket=self.addresses["outbox_bucket"], Key=key)
        with answer["Body"] as body:
            return {**answer, "Body": body.read()}

    def manifests(self, prefix: str = "") -> list[dict[str, Any]]:
        """The manifests whose keys begin with this, in order of key."""
        return [json.loads(self.output(key)["Body"]) for key in self.outbox(prefix) if key.endswith(".json")]

    def manifest(self, prefix: str, seconds: float = 120) -> dict[str, Any]:
        """The first manifest whose key begins with this, as soon as there is one."""
        found = eventually(lambda: self.manifests(prefix), seconds)
        assert found, f"no manifest under {prefix} in {seconds} s; jobs: {self.jobs()}"
        return found[0]

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs table: texts and numbers as Python has them, the rest as DynamoDB has it."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.addresses["jobs_table"])
        return [{name: _plain(value) for name, value in item.items()} for page in pages for item in page["Items"]]


def _plain(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    return float(content) if kind == "N" else content


@cache
def _session() -> boto3.Session:
    """One for all, since making one takes longer than most tests."""
    return boto3.Session()


@contextmanager
def running_stack(
    settings: Mapping[str, str],
    *,
    gateways_url: str | None = None,
    project: Path = PROJECT,
    surroundings: Mapping[str, str] = os.environ,
) -> Iterator[Stack]:
    """Runs `dropreel up --json` as long as the context lasts; SIGTERM must end it with status 0 and leave nothing."""
    options = [f"--set={name}={value}" for name, value in settings.items()]
    if gateways_url:
        options += [f"--pixazo-url={gateways_url}", f"--aimlapi-url={gateways_url}"]
    with (
        tempfile.TemporaryDirectory() as folder,
        started(*options, log=Path(folder, "log"), project=project, surroundings=surroundings) as process,
    ):
        log = Path(folder, "log")
        stack = Stack(json.loads(first_line(process, log)), process, log)
        try:
            yield stack
        finally:
            for client in stack._clients.values():
                client.close()
            left = children(process.pid)
    assert process.returncode == 0, f"ended with {process.returncode}"
    assert eventually(lambda: not any(runs(pid) for pid in left)), "it leaves processes behind"


@contextmanager
def started(
    *options: str, log: Path, project: Path = PROJECT, surroundings: Mapping[str, str] = os.environ
) -> "Iterator[subprocess.Popen[str]]":
    """Starts `dropreel up --json`, and ends it with the context."""
    with (
        log.open("w") as said,
        subprocess.Popen(
            [*COMMAND, "up", "--json", *options],
            cwd=project,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def children(pid: int) -> list[int]:
    """The processes that a process has started, as ps knows them."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return [int(child) for child, parent, state in rows if int(parent) == pid and not state.startswith("Z")]


def runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def first_line(process: "subprocess.Popen[str]", log: Path) -> str:
    """What is said on stdout first; there is nothing if it ends before."""
    assert process.stdout is not None
    patience = threading.Timer(START_SECONDS, process.kill)
    patience.start()
    line = process.stdout.readline()
    patience.cancel()
    assert line, log.read_text()
    return line
