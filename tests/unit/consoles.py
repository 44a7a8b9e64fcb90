"""The page's server on a stack of moto's, without a network between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from cli.stack import Stack
from console.refusals import refusal
from console.server import Console
from dropreel.aws.items import to_item
from dropreel.jobs import Job


def browser(there: Stack, key: str = "") -> Any:
    """Asks the page of this stack."""
    return Client(application(there, key))


def application(there: Stack, key: str = "") -> Any:
    """The page as a web server has it."""
    console = Console(there, paid_gateways={"pixazo": "https://pixazo.example"}, key=key)

    @Request.application
    def answer(request: Request) -> Response:
        return console.respond(request) or refusal(404, "none of the page's business")

    return answer


def put(there: Stack, jobs: Iterable[Job]) -> None:
    """Straight into the table."""
    writes: list[Any] = [{"PutRequest": {"Item": to_item(job)}} for job in jobs]
    for first in range(0, len(writes), 25):
        there.dynamodb.batch_write_item(RequestItems={"jobs": writes[first : first + 25]})


@contextmanager
def hooked(client: Any, event: str, does: Callable[..., Any]) -> Iterator[None]:
    """Has a client call this at each event of this name."""
    client.meta.events.register_first(event, does)
    try:
        yield
    finally:
        client.meta.events.unregister(event, does)


def denied(**_: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """What AWS answers whoever may not do a thing; for before-call."""
    return answered(403, Error={"Code": "AccessDenied", "Message": "no policy allows it"})


def answered(status: int, **parsed: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """An answer of AWS's that nothing has come before."""
    return AWSResponse("", status, HTTPHeaders(), None), {"ResponseMetadata": {"HTTPStatusCode": status}, **parsed}
