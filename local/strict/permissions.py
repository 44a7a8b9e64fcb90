"""A function may do what its role allows, and nothing else; people may do everything, whatever their key is.

See "Policy evaluation logic" in the IAM user guide and each service's page in the service authorization reference. A
caller is known by its access key: only AssumeRole makes those of roles. What others say (buckets, queues, boundaries,
organizations) is not asked, and a statement with a condition allows nothing, as no role of ours has one.
"""

import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from moto.iam.models import Role, iam_backends
from moto.s3.models import s3_backends
from moto.s3.responses import ACTION_MAP
from moto.sts.models import AssumedRole, sts_backends
from werkzeug.wrappers import Request, Response

#: what Lambda itself does at the queue that feeds a function, with the function's role; services-sqs-configure
TAKES = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_CREDENTIAL = re.compile(r"(?P<key>[^/=\s]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
#: "a transaction is authorized as the operations that it consists of" (DynamoDB: transaction-apis-iam)
_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
_TRANSACTED = {**_WRITES, "Get": "GetItem", "ConditionCheck": "ConditionCheckItem"}


@dataclass(frozen=True, slots=True)
class Call:
    """What a request asks permission for; some ask for several."""

    #: `service:Action`
    action: str
    #: an ARN
    resource: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a role's."""

    session: AssumedRole
    calls: tuple[Call, ...]

    @property
    def role(self) -> str:
        """The name of the role."""
        return self.session.role_arn.rpartition("/")[2]


def asked(request: Request) -> Asked | None:
    """What a request asks for; None where no role does. The body can be read again."""
    found = _CREDENTIAL.search(request.headers.get("Authorization") or request.args.get("X-Amz-Credential", ""))
    session = _session(found["key"]) if found else None
    if found is None or session is None:
        return None
    if found["service"] == "s3":
        calls = _of_s3(request)
    else:
        calls = _of_json(request, found["service"], f"{found['region']}:{session.account_id}")
    return Asked(session, tuple(calls))


def _session(key: str) -> AssumedRole | None:
    backends = (backend for regions in sts_backends.values() for backend in regions.values())
    found = (backend.get_assumed_role_from_access_key(key) for backend in backends)
    return next((session for session in found if session and _is_a_functions(session.role_arn)), None)


def _is_a_functions(role: str) -> bool:
    """Whether Lambda takes this role; one that people take, as whoever deploys does, is no business of the laptop's."""
    trusted = json.dumps(_role(role).assume_role_policy_document)
    return "lambda.amazonaws.com" in trusted


def _of_json(request: Request, service: str, where: str) -> Iterable[Call]:
    operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    if service == "lambda":
        return [Call("lambda:InvokeFunction", f"arn:aws:lambda:{where}:function:{request.path.split('/')[3]}")]
    if not operation:
        return [Call(f"{service}:Unknown", "*")]
    body = request.get_data()
    request.environ["wsgi.input"] = io.BytesIO(body)
    return [
        Call(f"{service}:{action}", name if name.startswith("arn:") else f"arn:aws:{service}:{where}:{name}")
        for action, name in _named(service, operation, json.loads(body))
    ]


def _named(service: str, operation: str, body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The actions of a request, each with its resource: an ARN, or what an ARN ends with."""
    match service:
        case "dynamodb":
            return _of_dynamodb(operation, body)
        case "sqs":
            return [(operation.removesuffix("Batch"), body.get("QueueUrl", "").rpartition("/")[2])]
        case "events":
            buses = [entry.get("EventBusName", "default") for entry in body.get("Entries", ())]
            return [(operation, bus if bus.startswith("arn:") else f"event-bus/{bus}") for bus in buses]
        case "states":
            return [(operation, body.get("stateMachineArn") or body.get("executionArn") or "")]
        case "secretsmanager":
            return [(operation, body.get("SecretId", ""))]
        case _:
            return [(operation, "")]


def _of_dynamodb(operation: str, body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """A transaction is its single writes and reads; a batch is an action of its own, on each of its tables."""
    if items := body.get("TransactItems"):
        return [(_TRANSACTED[kind], _table(each)) for item in items for kind, each in item.items()]
    if tables := body.get("RequestItems"):
        return [(operation, _table({"TableName": name})) for name in tables]
    return [(operation, _table(body))]


def _table(body: Mapping[str, Any]) -> str:
    index = f"/index/{body['IndexName']}" if body.get("IndexName") else ""
    return f"table/{body.get('TableName', '')}{index}"


def _of_s3(request: Request) -> Iterable[Call]:
    """By path, as a laptop's endpoint has no names for its buckets."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    actions = ACTION_MAP["KEY" if key else "BUCKET"].get(request.method, {})
    words = [word for word in actions if word in request.args]
    action = actions[words[-1]] if words else actions.get("DEFAULT", "")
    if request.method == "HEAD":
        action = ("GetObjectVersion" if "versionId" in request.args else "GetObject") if key else "ListBucket"
    yield Call(f"s3:{action}", _object(bucket, key))
    if action.startswith("GetObject") and not _exists(bucket, key):
        # Who may not list a bucket is not told that an object is missing (API: S3 GetObject, Permissions).
        yield Call("s3:ListBucket", _object(bucket))
    if request.method == "PUT" and "If-Match" in request.headers:
        yield Call("s3:GetObject", _object(bucket, key))
    if source := request.headers.get("X-Amz-Copy-Source"):
        yield Call("s3:GetObject", _object(*source.lstrip("/").partition("?")[0].split("/", 1)))


def _exists(bucket: str, key: str) -> bool:
    partition, account = s3_backends.bucket_accounts.get(bucket, ("aws", ""))
    return bool(account) and key in s3_backends[account][partition].buckets[bucket].keys


def _object(bucket: str, key: str = "") -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def refusal(request: Request, asked: Asked) -> Response | None:
    """What AWS answers to what the role may not do; None where it may."""
    for call in asked.calls:
        if not may(asked.session.role_arn, call):
            return _denied(request, asked, call)
    return None


def may(role: str, call: Call) -> bool:
    """Whether the policies of a role, given by its ARN, allow a call: some statement does, and none forbids it."""
    return allows(statements(role), call)


def statements(role: str) -> list[Mapping[str, Any]]:
    """All statements of a role's own policies, as they are now; a role of ours has no others."""
    found = _role(role)
    documents = [json.loads(policy) if isinstance(policy, str) else policy for policy in found.policies.values()]
    return [statement for document in documents for statement in _listed(document["Statement"])]


def _role(arn: str) -> Role:
    found: Role = iam_backends[arn.split(":")[4]]["aws"].get_role(arn.rpartition("/")[2])
    return found


def allows(statements: Iterable[Mapping[str, Any]], call: Call) -> bool:
    """Whether such statements allow a call; a Deny wins."""
    effects = {statement["Effect"] for statement in statements if _applies(statement, call)}
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Any], call: Call) -> bool:
    """An action matches in any case, a resource does not."""
    if "Condition" in statement and statement["Effect"] == "Allow":
        return False
    action = any(_matches(pattern.lower(), call.action.lower()) for pattern in _listed(statement["Action"]))
    return action and any(_matches(pattern, call.resource) for pattern in _listed(statement["Resource"]))


def _matches(pattern: str, text: str) -> bool:
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(wild, text, re.DOTALL) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _denied(request: Request, asked: Asked, call: Call) -> Response:
    request.get_data()  # what is left unread would be taken for the next request
    words = (
        f"User: {asked.session.arn} is not authorized to perform: {call.action} on resource: {call.resource} because "
        f"no identity-based policy allows the {call.action} action"
    )
    if call.action.startswith("s3:"):
        text = f"<Error><Code>AccessDenied</Code><Message>{escape(words)}</Message></Error>"
        return Response(text, 403, mimetype="application/xml")
    told = {"__type": "AccessDeniedException", "message": words, "Message": words}
    return Response(json.dumps(told), 400, {"x-amzn-query-error": "AccessDenied;Sender"}, "application/json")
