"""Lambda's guard against loops: what would run a function for the 17th time in one chain of requests is not run.

See docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html. As in an account, the trace header carries the
counts: a function's calls bring it along (botocore's add_recursion_detection_header), and only Lambda, SQS, SNS and S3
hand it on to what these calls lead to. Anything else begins a new chain: people, API Gateway, EventBridge, Step
Functions. A message that merely comes again is the same request as before, and no step of its chain.
"""

import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from moto.sqs.models import Message, SQSBackend

from local.strict.moto import replace_in

#: how often a function may run in one chain: "approximately 16 times"
MOST = 16
#: what Lambda says then
WORDS = (
    "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources "
    "and stopped your function's invocation."
)
#: the services that hand the header on
_FOLLOWED = frozenset({"lambda", "s3", "sns", "sqs"})
_LINEAGE = re.compile(r";?Lineage=([^;]*)")
_RUNS = re.compile(r"([\w-]+):(\d+)")


class RecursiveInvocation(Exception):
    """Lambda's RecursiveInvocationException."""

    def __init__(self, function: str) -> None:
        super().__init__(f"{function}: {WORDS}")
        #: the one that was not run
        self.function = function


@dataclass(frozen=True)
class Chain:
    """The requests that one request from outside has led to."""

    #: the trace header without the counts; empty outside of any trace
    trace: str = ""
    #: how often each function has run
    runs: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, header: str) -> "Chain":
        """Reads a trace header."""
        counts = _LINEAGE.search(header)
        runs = {name: int(count) for name, count in _RUNS.findall(counts[1] if counts else "")}
        return cls(_LINEAGE.sub("", header), runs)

    @classmethod
    def joined(cls, chains: Iterable["Chain"]) -> "Chain":
        """The chain of a batch: of each function the most runs that any of its messages has behind it."""
        whole = cls()
        for chain in chains:
            names = [*whole.runs, *chain.runs]
            runs = {name: max(whole.runs.get(name, 0), chain.runs.get(name, 0)) for name in names}
            whole = cls(whole.trace or chain.trace, runs)
        return whole

    def allows(self, function: str) -> bool:
        """Whether the function may run once more."""
        return self.runs.get(function, 0) < MOST

    def then(self, function: str) -> "Chain":
        """The chain with a run of the function. Raises RecursiveInvocation.

        Each run has a trace of its own, as the X-Ray SDK in a warm function hands on the header that it saw first of a
        trace, with the counts of then. An account keeps the trace; this is the stricter.
        """
        if not self.allows(function):
            raise RecursiveInvocation(function)
        runs = {**self.runs, function: self.runs.get(function, 0) + 1}
        return Chain(_new_trace(), runs)

    @property
    def header(self) -> str:
        """X-Amzn-Trace-Id, or the message attribute AWSTraceHeader."""
        counts = ",".join(f"{name}:{count}" for name, count in self.runs.items())
        return f"{self.trace};Lineage={counts}" if counts else self.trace


_current: ContextVar[Chain] = ContextVar("chain", default=Chain())  # noqa: B039  # it is frozen


def current() -> Chain:
    """The chain in which this thread answers a request or runs a function."""
    return _current.get()


@contextmanager
def following(chain: Chain) -> Iterator[None]:
    """What this thread does meanwhile belongs to the chain."""
    before = _current.set(chain)
    try:
        yield
    finally:
        _current.reset(before)


def of_request(service: str, header: str) -> Chain:
    """The chain of what a request to an AWS service leads to."""
    return Chain.of(header) if service in _FOLLOWED else Chain()


def of_message(message: Message) -> Chain:
    """The chain that a message belongs to."""
    return Chain.of(message.system_attributes.get("AWSTraceHeader", {}).get("StringValue", ""))


def apply() -> None:
    """Has SQS keep the trace header with the message; one that the sender sets by name wins.

    See docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html.
    """
    send: Any = SQSBackend.send_message

    def send_message(*args: Any, system_attributes: dict[str, Any] | None = None, **more: Any) -> Any:
        if header := current().header:
            kept = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
            system_attributes = kept | (system_attributes or {})
        return send(*args, system_attributes=system_attributes, **more)

    replace_in(SQSBackend, "send_message", send_message)


def _new_trace() -> str:
    """Not sampled, since no X-Ray daemon listens here."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
