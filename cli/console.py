"""`dropreel console`: the page for people, for an environment in an account."""

import json
import os
import secrets
import time
from typing import Annotated

import typer

from cli import stack
from cli.ending import ended_by_signals, leave
from cli.exits import INVALID, Trouble
from cli.options import EndpointUrl, Env
from cli.stack import Stack
from cli.wording import said

Port = Annotated[int, typer.Option(min=0, max=65535, help="The page's port. Default: any that is free.")]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON on stdout with the address, and nothing else.")]


def console(port: Port = 0, json_: Json = False, env: Env = None, endpoint_url: EndpointUrl = None) -> None:
    """Show an environment's page, with your own AWS credentials, until Ctrl-C; what you may not do, it can't.

    The page is served from this machine to this machine, and the address that is printed holds the key to it: whoever
    has the address can do with the page what you may do. Of a laptop stack, it tells where `dropreel up` shows it.
    """
    there = stack.find(env, endpoint_url)
    if there.env == "local":
        _tell(there.outputs["CallbackUrl"], json_=json_)
        return
    with ended_by_signals():
        _serve(there, port, json_=json_)
    leave()


def _serve(there: Stack, port: int, *, json_: bool) -> None:
    from werkzeug.wrappers import Request, Response

    from console.facts import gateways
    from console.refusals import refusal
    from console.server import Console
    from local.web import WebServer

    key = secrets.token_urlsafe(32)
    page = Console(there, paid_gateways=gateways(there), key=key)

    @Request.application
    def answer(request: Request) -> Response:
        return page.respond(request) or refusal(404, "There is no such page.")

    try:
        web = WebServer(answer, port=port)
    except OSError as error:
        problem = os.strerror(error.errno or 0)
        raise Trouble(f"port {port}: {problem}; another --port, or none, takes a free one", INVALID) from None
    web.start()
    _tell(f"{web.url}/?key={key}", json_=json_)
    said(f"{there.name}, with your own AWS credentials; whoever has this address acts as you. Ctrl-C ends it.")
    # Not for ever at once: a signal that comes just before it sleeps would not be noticed.
    while True:
        time.sleep(0.5)


def _tell(address: str, *, json_: bool) -> None:
    print(json.dumps({"console_url": address}) if json_ else address, flush=True)
