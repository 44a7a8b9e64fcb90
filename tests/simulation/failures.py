"""AWS calls that fail: what a client raises when all of its own tries were in vain, in each service's words."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

#: Error codes and HTTP statuses of a service that is throttled, broken, or denies.
Words = Mapping[str, tuple[str, int]]

#: How a call fails. Only after "timed out" may it have had its effect.
WAYS = ("throttled", "broken", "denied", "unreachable", "timed out")

_WORDS: Mapping[str, Words] = {
    "dynamodb": {
        "throttled": ("ThrottlingException", 400),
        "broken": ("InternalServerError", 500),
        "denied": ("AccessDeniedException", 400),
    },
    "s3": {"throttled": ("SlowDown", 503), "broken": ("InternalError", 500), "denied": ("AccessDenied", 403)},
    "sqs": {
        "throttled": ("RequestThrottled", 403),
        "broken": ("ServiceUnavailable", 503),
        "denied": ("AccessDenied", 403),
    },
    "secretsmanager": {
        "throttled": ("ThrottlingException", 400),
        "broken": ("InternalServiceError", 500),
        "denied": ("AccessDeniedException", 400),
    },
    "stepfunctions": {
        "throttled": ("ThrottlingException", 400),
        "broken": ("InternalFailure", 500),
        "denied": ("AccessDeniedException", 400),
    },
    "events": {
        "throttled": ("ThrottlingException", 400),
        "broken": ("InternalException", 500),
        "denied": ("AccessDeniedException", 400),
    },
}
_OPERATIONS: Mapping[str, str] = {
    "dynamodb": "GetItem PutItem UpdateItem DeleteItem Query TransactWriteItems",
    "s3": "ListObjectsV2 HeadObject GetObject PutObject CreateMultipartUpload UploadPart CompleteMultipartUpload "
    "AbortMultipartUpload",
    "sqs": "SendMessage SendMessageBatch ChangeMessageVisibility",
    "secretsmanager": "GetSecretValue",
    "stepfunctions": "StartExecution StopExecution",
    "events": "PutEvents",
}
SERVICES = {operation: service for service, operations in _OPERATIONS.items() for operation in operations.split()}


def service_of(effect: str) -> str:
    """The AWS service that an effect asks; empty for one that asks somebody else."""
    return SERVICES.get(effect.partition(" ")[0], "")


def failure(effect: str, way: str) -> Exception:
    """What the client raises."""
    service, operation = service_of(effect), effect.partition(" ")[0]
    url = f"https://{service}.example"
    if way == "unreachable":
        return EndpointConnectionError(endpoint_url=url)
    if way == "timed out":
        return ReadTimeoutError(endpoint_url=url)
    if operation == "GetObject" and way == "denied":
        way = "broken"  # an object that may not be read is rejected for that, and should be
    code, status = _WORDS[service][way]
    if operation == "HeadObject":  # an answer to HEAD has no body that could tell more
        code = str(status)
    error = {"Code": code, "Message": f"{operation} is {way}"}
    answer = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)  # type: ignore[arg-type]
