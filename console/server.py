"""A page for people: drop files onto a model, see the price or what is wrong, watch the jobs, play the films.

It can start jobs that cost money, so it answers only this machine's own browser on its own page. A strange name in
the Host header is another site whose name was made to lead here, or a tunnel that was opened for callbacks; a strange
Origin is another site's script. Both are turned away.
"""

import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from cli.summary import as_json, brief, cost
from console.check import Intended, check
from console.models import described
from dropreel.aws.items import from_item
from dropreel.catalog.fields import KIND_OF
from dropreel.intake.inbox import LONGEST_TEXT, Inbox
from dropreel.jobs import Job
from dropreel.submit import lending
from local.web import is_here

_PAGE = Path(__file__).with_name("page")
#: what the page is made of, by name, and what a browser must be told that each is
_FILES = {path.name: path for path in _PAGE.iterdir() if path.suffix in (".css", ".js")}
_TYPES = {".css": "text/css", ".js": "text/javascript"}
#: jobs on the page at most, the newest
_MOST_JOBS = 200
#: bytes of a file that can be dropped
_LARGEST_FILE = 2 * 1024**3
_CHUNK = 256 * 1024
#: what the page's list shows of a job beside what the command's list does
_SHOWN_TOO = ("gateway", "missing", "attempt", "source", "then", "outputs", "meaning", "todo")
#: what a browser may show of an output; anything else is only kept
_PLAYED = ("video/", "image/", "audio/")

_ROUTES = Map(
    [
        Rule("/", endpoint="page", methods=["GET"]),
        Rule("/page/<name>", endpoint="file", methods=["GET"]),
        Rule("/api/models", endpoint="models", methods=["GET"]),
        Rule("/api/jobs", endpoint="jobs", methods=["GET"]),
        Rule("/api/jobs/<job_id>", endpoint="job", methods=["GET"]),
        Rule("/api/check", endpoint="check", methods=["POST"]),
        Rule("/api/inbox/<path:key>", endpoint="drop", methods=["PUT"]),
        Rule("/api/outputs/<path:key>", endpoint="output", methods=["GET"]),
    ],
    merge_slashes=False,
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the page tells people about the stack that it belongs to."""

    #: of each resource, in the contract's names
    addresses: Mapping[str, str]
    #: by name: the address of each gateway that takes money; a simulated one has none
    paid_gateways: Mapping[str, str]
    quiet_seconds: int


class Console:
    """The page, and the small API behind it."""

    def __init__(self, facts: Callable[[], Facts], client: Callable[[str], Any]) -> None:
        self._facts = facts
        self._new_client = client
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    def respond(self, request: Request) -> Response | None:
        """Answers what is asked of the page; None for anything that is none of its business."""
        try:
            endpoint, values = _ROUTES.bind_to_environ(request.environ).match()
        except HTTPException:
            return None
        if not _is_own(request, page=endpoint == "page"):
            return _refusal(403, "Only this machine's own browser may ask, on the console's own page.")
        try:
            answer: Response = getattr(self, f"_{endpoint}")(request, **values)
        except HTTPException as error:
            return _refusal(error.code or 500, error.description or "")
        answer.headers.setdefault("Content-Security-Policy", "sandbox; default-src 'none'")
        answer.headers.setdefault("Cache-Control", "no-store")
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return answer

    def _client(self, service: str) -> Any:
        """Makes each client once: that takes long, and is not safe in two threads at a time."""
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._new_client(service)
            return self._clients[service]

    def _page(self, _: Request) -> Response:
        facts, nonce = self._facts(), secrets.token_urlsafe(16)
        told = {
            "addresses": dict(facts.addresses),
            "paid_gateways": dict(facts.paid_gateways),
            "quiet_seconds": facts.quiet_seconds,
            "kinds": dict(KIND_OF),
            "longest_text": LONGEST_TEXT,
        }
        text = (_PAGE / "console.html").read_text().replace("{{nonce}}", nonce)
        page = Response(text.replace("{{facts}}", json.dumps(told).replace("<", "\\u003c")), mimetype="text/html")
        page.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' blob: data:; "
            "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        page.headers["Referrer-Policy"] = "no-referrer"
        return page

    def _file(self, _: Request, name: str) -> Response:
        if name not in _FILES:
            return _refusal(404, "There is no such file.")
        return Response(_FILES[name].read_bytes(), mimetype=_TYPES[_FILES[name].suffix])

    def _models(self, _: Request) -> Response:
        return _json(described())

    def _jobs(self, request: Request) -> Response:
        pages = self._client("dynamodb").get_paginator("scan").paginate(TableName=self._address("jobs_table"))
        jobs = [from_item(item) for page in pages for item in page["Items"]]
        jobs.sort(key=lambda job: job.created_at, reverse=True)
        answer = _json([_summary(job) for job in jobs[:_MOST_JOBS]])
        answer.headers["Cache-Control"] = "no-cache"
        answer.set_etag(hashlib.sha256(answer.data).hexdigest()[:32])
        return answer.make_conditional(request)

    def _job(self, _: Request, job_id: str) -> Response:
        key = {"job_id": {"S": job_id}}
        found = self._client("dynamodb").get_item(TableName=self._address("jobs_table"), Key=key, ConsistentRead=True)
        if "Item" not in found:
            return _refusal(404, "There is no such job.")
        return _json(as_json(from_item(found["Item"]), "local"))

    def _check(self, request: Request) -> Response:
        try:
            intended = Intended.model_validate_json(request.get_data())
        except ValidationError as error:
            return _refusal(400, str(error))
        # It lends nothing: it only reads what lies there.
        inbox = Inbox(self._client("s3"), self._address("inbox_bucket"), lend_seconds=1)
        return _json(check(inbox, intended).as_dict())

    def _drop(self, request: Request, key: str) -> Response:
        request.max_content_length = _LARGEST_FILE
        about = {"ContentType": lending.uploaded_as(key)}
        self._client("s3").upload_fileobj(request.stream, self._address("inbox_bucket"), key, ExtraArgs=about)
        return _json({"key": key}, 201)

    def _output(self, request: Request, key: str) -> Response:
        """A file of the outbox, or the range of it that a player asks for."""
        asked = {"Range": request.headers["Range"]} if "Range" in request.headers else {}
        try:
            found = self._client("s3").get_object(Bucket=self._address("outbox_bucket"), Key=key, **asked)
        except ClientError as error:
            status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
            return _refusal(status if status in (404, 416) else 502, error.response["Error"].get("Message", ""))
        body = found["Body"]
        answer = Response(body.iter_chunks(_CHUNK), 206 if "ContentRange" in found else 200)
        answer.call_on_close(body.close)
        answer.content_type = found["ContentType"]
        answer.content_length = found["ContentLength"]
        answer.headers["Accept-Ranges"] = "bytes"
        if "ContentRange" in found:
            answer.headers["Content-Range"] = found["ContentRange"]
        if not found["ContentType"].startswith(_PLAYED):
            answer.headers["Content-Disposition"] = "attachment"
        return answer

    def _address(self, name: str) -> str:
        return self._facts().addresses[name]


def _is_own(request: Request, *, page: bool) -> bool:
    """Whether the page itself asks, or a person by the address bar or a command line."""
    if page:  # a link on another site may lead to it, and to nothing else
        return is_here(f"//{request.host}")
    own_origin = request.headers.get("Origin") in (None, f"http://{request.host}")
    own_site = request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
    return is_here(f"//{request.host}") and own_origin and own_site


def _summary(job: Job) -> dict[str, Any]:
    """What the list shows of a job, with its next step: nobody should have to know the command for that."""
    whole = as_json(job, "local")
    return {**brief(job), "cost": cost(job), **{name: whole[name] for name in _SHOWN_TOO}}


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


def _refusal(status: int, message: str) -> Response:
    return _json({"message": message}, status)
