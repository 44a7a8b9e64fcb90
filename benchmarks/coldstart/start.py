"""One cold start: a function's process under AWS's own runtime client, until it asks for its first event."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from infra import bytecode
from infra.environments import HOST_RUNTIME
from local.runtime_api import Invocation, RuntimeApi

#: As the laptop stack has it, and no site-packages: what is missing from the layers is missing.
ISOLATED = ("-S", "-s", "-P")
#: What Lambda itself brings to a function.
RUNTIME = ("awslambdaric", "snapshot-restore-py", "simplejson")
#: Seconds.
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Contender:
    """A function as it would be uploaded."""

    name: str
    #: The folder with its handler.py.
    code: Path
    #: The folders of its layers.
    layers: Sequence[Path]
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Start:
    """What a start took until the first event was asked for."""

    #: Seconds of the processor, user and system.
    cpu: float
    #: MiB resident at the peak.
    memory: float


def runtime(folder: Path) -> Path:
    """Put the runtime client into a folder, with byte code, as Lambda's own image has it."""
    for name in RUNTIME:
        for file in distribution(name).files or []:
            if file.suffix in (".py", ".so"):
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(Path(str(file.locate())), folder / file)
    bytecode.compile_all(folder, runtime=HOST_RUNTIME, there="/var/runtime")
    return folder


def start(contender: Contender, client: Path) -> Start:
    """Start a function once. Raises RuntimeError, with its own words, if it never asks for an event."""
    asked, measured = threading.Event(), threading.Event()

    def take() -> Invocation | None:
        asked.set()
        measured.wait(LONGEST)
        return None

    api = RuntimeApi(take)
    variables = {**_environment(contender, client), "AWS_LAMBDA_RUNTIME_API": api.address}
    process = _run(["-m", "awslambdaric", "handler.handler"], contender, variables)
    try:
        if not asked.wait(LONGEST):
            raise RuntimeError(f"{contender.name} never asked for an event")
        if api.init_error:
            raise RuntimeError(f"{contender.name}: {api.init_error.payload.decode()}")
        return Start(_cpu(process.pid), _peak(process.pid))
    finally:
        process.kill()
        process.communicate()
        measured.set()
        api.stop()


def modules(contender: Contender, client: Path) -> int:
    """Count the modules that a start imports, the runtime client's and the interpreter's included."""
    program = ["-X", "importtime", "-c", "import awslambdaric.bootstrap, handler"]
    _, said = _run(program, contender, _environment(contender, client)).communicate()
    return sum(line.startswith("import time:") for line in said.decode().splitlines()) - 1  # the heading


def _run(program: Sequence[str], contender: Contender, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, *ISOLATED, *program]
    return subprocess.Popen(  # noqa: S603 (nothing in it comes from outside)
        command, cwd=contender.code, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _environment(contender: Contender, client: Path) -> dict[str, str]:
    layers = [str(layer / "python") for layer in reversed(contender.layers)]
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join([str(contender.code), *layers, str(client)]),
        # A function's folders are read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(contender.code),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{HOST_RUNTIME}",
        "AWS_LAMBDA_FUNCTION_NAME": contender.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        **contender.variables,
    }


def _cpu(pid: int) -> float:
    """Seconds of the processor that a process took so far, all its threads together: see clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


def _peak(pid: int) -> float:
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
