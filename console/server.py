"""A page for people: drop files onto a model, see the price or what is wrong, watch the jobs, play the films.

It can start jobs that cost money, so every request passes the guards first. What it asks AWS for, it asks with the
rights of whoever started it: what they may not do, nobody can do here.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from cli.actions import ACTIONS
from cli.exits import Trouble
from cli.stack import Stack
from console import guards, jobs, objects
from console.again import again
from console.check import Intended, check
from console.costs import Costs
from console.facts import facts
from console.refusals import refusal, unwelcome
from dropreel.errors import Mistake

_PAGE = Path(__file__).with_name("page")
#: what the page is made of, by name, and what a browser must be told that each is
_FILES = {path.name: path for path in _PAGE.iterdir() if path.suffix in (".css", ".js")}
_TYPES = {".css": "text/css", ".js": "text/javascript"}
#: Asked for at once, and not each when another turns out to need it.
_MODULES = "\n".join(
    f'<link rel="modulepreload" href="/page/{name}" nonce="{{{{nonce}}}}">'
    for name in sorted(_FILES)
    if name.endswith(".js")
)
#: bytes of what the page asks
_LONGEST_QUESTION = 4 * 1024**2

_ROUTES = Map(
    [
        Rule("/", endpoint="page", methods=["GET"]),
        Rule("/page/<name>", endpoint="file", methods=["GET"]),
        Rule("/api/jobs", endpoint="jobs", methods=["GET"]),
        Rule("/api/jobs/<job_id>", endpoint="job", methods=["GET"]),
        Rule("/api/jobs/<job_id>/again", endpoint="again", methods=["GET"]),
        Rule("/api/jobs/<job_id>/actions/<name>", endpoint="act", methods=["POST"]),
        Rule("/api/costs", endpoint="costs", methods=["GET"]),
        Rule("/api/check", endpoint="check", methods=["POST"]),
        Rule("/api/inbox/<path:key>", endpoint="drop", methods=["PUT"]),
        Rule("/api/inbox/<path:key>", endpoint="dropped", methods=["GET"]),
        Rule("/api/outputs/<path:key>", endpoint="output", methods=["GET"]),
    ],
    merge_slashes=False,
)


class Console:
    """The page of one stack, and the small API behind it."""

    def __init__(self, there: Stack, *, paid_gateways: Mapping[str, str], key: str = "") -> None:
        """`paid_gateways` are the addresses of those that take money; a `key` is asked of whoever comes."""
        self._there = there
        self._facts = facts(there, paid_gateways)
        self._key = key
        self._money = Costs()
        self._lists = jobs.Lists(there)

    def respond(self, request: Request) -> Response | None:
        """Answers what is asked of the page; None for anything that is none of its business."""
        try:
            endpoint, values = _ROUTES.bind_to_environ(request.environ).match()
        except HTTPException:
            return None
        if not guards.is_own(request, page=endpoint == "page"):
            return refusal(403, "Only this machine's own browser may ask, on the console's own page.")
        answer = self._entrance(request, page=endpoint == "page") or self._answer(endpoint, request, values)
        answer.headers.setdefault("Content-Security-Policy", "sandbox; default-src 'none'")
        answer.headers.setdefault("Cache-Control", "no-store")
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    def _entrance(self, request: Request, *, page: bool) -> Response | None:
        """What stands before the page where it has a key; None for whoever may pass."""
        if not self._key or guards.has(self._key, request):
            return None
        entered = guards.entered(self._key, request) if page else None
        return entered or refusal(403, "Open the address that `dropreel console` has printed: the key is in it.")

    def _answer(self, endpoint: str, request: Request, values: Mapping[str, str]) -> Response:
        try:
            found: Response = getattr(self, f"_{endpoint}")(request, **values)
        except HTTPException as error:
            return refusal(error.code or 500, error.description or "")
        except Mistake as mistake:
            return refusal(400, str(mistake))
        except (ClientError, BotoCoreError) as error:
            return unwelcome(error)
        return found

    def _page(self, _: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        text = (_PAGE / "console.html").read_text().replace("{{modules}}", _MODULES).replace("{{nonce}}", nonce)
        told = json.dumps(self._facts).replace("<", "\\u003c")
        page = Response(text.replace("{{facts}}", told), mimetype="text/html")
        page.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' blob: data:; "
            "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return page

    def _file(self, _: Request, name: str) -> Response:
        if name not in _FILES:
            return refusal(404, "There is no such file.")
        return Response(_FILES[name].read_bytes(), mimetype=_TYPES[_FILES[name].suffix])

    def _jobs(self, request: Request) -> Response:
        answer = _json(self._lists.page(request.args))
        answer.headers["Cache-Control"] = "no-cache"
        answer.set_etag(hashlib.sha256(answer.data).hexdigest()[:32])
        return answer.make_conditional(request)

    def _job(self, _: Request, job_id: str) -> Response:
        job = self._there.store.get(job_id)
        return _json(jobs.whole(job, self._there.env)) if job else _no_job()

    def _again(self, _: Request, job_id: str) -> Response:
        job = self._there.store.get(job_id)
        return _json(again(self._there, job)) if job else _no_job()

    def _act(self, request: Request, job_id: str, name: str) -> Response:
        job = self._there.store.get(job_id)
        if job is None or name not in ACTIONS:
            return _no_job() if job is None else refusal(404, "There is no such action.")
        self._lists.forget()
        try:
            return _json(jobs.act(self._there, job, name, request.args))
        except (Mistake, Trouble) as reason:
            return refusal(409, str(reason))

    def _costs(self, _: Request) -> Response:
        return _json(self._money.told(self._there, time.time()))

    def _check(self, request: Request) -> Response:
        request.max_content_length = _LONGEST_QUESTION
        try:
            intended = Intended.model_validate_json(request.get_data())
        except ValidationError as error:
            wrong = ", ".join(".".join(map(str, each["loc"])) or "body" for each in error.errors())
            return refusal(400, f"The page would not ask so; what is wrong with it: {wrong}")
        return _json(check(self._there.inbox, intended).as_dict())

    def _drop(self, request: Request, key: str) -> Response:
        try:
            objects.upload(self._there.s3, self._there.settings.inbox_bucket, key, request)
        except (ClientError, BotoCoreError) as error:
            return unwelcome(error, f"{key} was not dropped, and nothing of it is left: ")
        self._lists.forget()
        return _json({"key": key}, 201)

    def _dropped(self, request: Request, key: str) -> Response:
        return objects.download(self._there.s3, self._there.settings.inbox_bucket, key, request)

    def _output(self, request: Request, key: str) -> Response:
        return objects.download(self._there.s3, self._there.settings.outbox_bucket, key, request)


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


def _no_job() -> Response:
    return refusal(404, "There is no such job.")
