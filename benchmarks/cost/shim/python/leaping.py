"""The handler in front of a function's own: its clock is the benchmark's, which leaps between invocations."""

import importlib
import os
import time

_machine = time.time
_ahead = 0.0


def _time() -> float:
    return _machine() + _ahead


# Before anything of the function's is imported, and keeps the machine's clock for its own.
time.time = _time
_module, _, _name = os.environ["BENCHMARK_HANDLER"].rpartition(".")
_handler = getattr(importlib.import_module(_module), _name)


def handler(event: object, context: object) -> object:
    """Take over the benchmark's time, and run the function."""
    global _ahead
    with open(os.environ["BENCHMARK_CLOCK"]) as file:
        _ahead = float(file.read())
    return _handler(event, context)
