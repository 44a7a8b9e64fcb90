"""`dropreel up`: settings, gateways, the synthesized stack and its addresses, brought together."""

import os
import select
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cli import stack
from console.server import Console
from infra.environments import GATEWAYS, environment
from local import leash
from local.assembly import STACK, synthesize
from local.http_api import Page
from local.leash import PROJECT
from local.moto_server import REGION
from local.stack import Laptop, StartFailed

#: seconds in which the simulated gateways must answer, and in which they must end
_GATEWAYS_START, _GATEWAYS_END = 30, 5


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may choose."""

    #: of env local, by name; a gateway whose address is not among them is a simulated one
    settings: Mapping[str, str] = field(default_factory=dict)
    #: of the AWS endpoint; 0: any that is free
    port: int = 0
    #: where the page's callers wait already; None: at any port that is free
    door: socket.socket | None = None

    @property
    def gateways(self) -> Mapping[str, str]:
        """The chosen addresses, by gateway."""
        return {name: self.settings[f"{name}_url"] for name in GATEWAYS if f"{name}_url" in self.settings}


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where everything is, in the contract's names."""

    aws_endpoint_url: str
    region: str
    inbox_bucket: str
    outbox_bucket: str
    queue_url: str
    callback_base_url: str
    jobs_table: str
    event_bus: str
    console_url: str

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A stack that is up."""

    addresses: Addresses
    #: where the functions' logs are
    logs: Path
    #: makes clients of it
    laptop: Laptop


@contextmanager
def up(options: Options, *, tell: Callable[[str], None]) -> Iterator[Running]:
    """Runs the stack for as long as the context lasts, and tells what it is doing meanwhile.

    Raises SettingError for a wrong setting, SynthesisFailed, StartFailed.
    """
    # Finds mistakes in a moment, where a synthesis would take seconds.
    environment("local", options.settings)
    _forget_surroundings()
    with ExitStack() as undo:
        gateways = dict(options.gateways)
        if len(gateways) < len(GATEWAYS):
            tell("starting the simulated gateways")
            simulated = undo.enter_context(_simulated_gateways())
            gateways = dict.fromkeys(GATEWAYS, simulated) | gateways
        console: Future[Console] = Future()
        # Before the synthesis, so that a port that is taken is known in a moment, too.
        laptop = _laptop(options, lambda asked: console.result().respond(asked))
        undo.callback(laptop.stop)
        tell("synthesizing the stack")
        assembly = synthesize(options.settings).with_gateways(gateways)
        tell("starting AWS and the functions")
        laptop.start(assembly)
        console.set_result(Console(stack.find("local", laptop.aws.url), paid_gateways=options.gateways))
        yield Running(addresses=_addresses(laptop), logs=laptop.directory, laptop=laptop)


def _forget_surroundings() -> None:
    """Keeps a person's own AWS account, and their proxy, out of this."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"


def _laptop(options: Options, page: Page) -> Laptop:
    try:
        return Laptop(name=STACK, port=options.port, page=page, door=options.door)
    except OSError as error:
        raise StartFailed(
            f"port {options.port}: {os.strerror(error.errno or 0)}; another --port, or none, takes a free one"
        ) from error


def _addresses(laptop: Laptop) -> Addresses:
    outputs = laptop.outputs
    return Addresses(
        aws_endpoint_url=laptop.aws.url,
        region=REGION,
        inbox_bucket=outputs["InboxBucket"],
        outbox_bucket=outputs["OutboxBucket"],
        queue_url=outputs["QueueUrl"],
        callback_base_url=outputs["CallbackUrl"],
        jobs_table=outputs["JobsTable"],
        event_bus=outputs["EventBus"],
        console_url=laptop.api.url,
    )


@contextmanager
def _simulated_gateways() -> Iterator[str]:
    """Runs local.gateways beside this process, which has enough to do, and yields its address."""
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with leash.start("local.gateways", environment=surroundings, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            select.select([process.stdout], [], [], _GATEWAYS_START)
            url = process.stdout.readline().decode().strip()
            if not url:
                raise StartFailed("the simulated gateways can not start")
            yield url
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GATEWAYS_END)
            leash.end(process)
