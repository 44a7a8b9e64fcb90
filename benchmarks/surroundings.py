"""What a benchmark of the whole stack runs in: a gateway of its own process, and the laptop stack with its defaults."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from local.assembly import STACK, synthesize
from local.stack import Laptop
from local.up import _forget_surroundings


@contextmanager
def gateway_process(*, seconds: float, film_bytes: int, spread: float = 0.0) -> Iterator[str]:
    """A gateway, and where it is."""
    options = [f"--seconds={seconds}", f"--spread={spread}", f"--film-bytes={film_bytes}"]
    command = [sys.executable, "-m", "benchmarks.gateway", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait()


@contextmanager
def stack(settings: Mapping[str, str], gateway_url: str, make: Callable[..., Laptop] = Laptop) -> Iterator[Laptop]:
    """dropreel on this machine, with both gateways at one address."""
    _forget_surroundings()
    assembly = synthesize(settings).with_gateways({"pixazo": gateway_url, "aimlapi": gateway_url})
    laptop = make(name=STACK)
    try:
        yield laptop.start(assembly)
    finally:
        laptop.stop()
