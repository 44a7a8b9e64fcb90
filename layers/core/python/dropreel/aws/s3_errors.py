"""Why S3 does not hand out an object, in plain words: its own answers, told apart by code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from botocore.exceptions import ClientError

#: HTTP statuses of S3, besides 5xx, that say nothing about the object: it is busy for a moment.
_MOMENTARY: Final = frozenset({408, 429})
#: Codes that speak of our own clock or credentials, or of a slow line, and come with other statuses.
_OURS: Final = frozenset(
    {
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "ExpiredToken",
        "InvalidToken",
        "TokenRefreshRequired",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    }
)
_ABROAD: Final = "lies in a bucket of another region"
_PROBLEMS: Final[Mapping[str, str]] = {
    "InvalidObjectState": "is archived; restore it first, then drop it again",
    "PermanentRedirect": _ABROAD,
    "AuthorizationHeaderMalformed": _ABROAD,
    "IllegalLocationConstraintException": _ABROAD,
    "NoSuchBucket": "does not exist",
    "NoSuchVersion": "does not exist any more",
    "MethodNotAllowed": "does not exist any more",  # the version that is asked for is a delete marker
}


def is_momentary(error: ClientError) -> bool:
    """Whether asking again may help."""
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    # KMS throttles with 400.
    return status in _MOMENTARY or status >= 500 or code in _OURS or "Throttl" in code


def is_absence(error: ClientError) -> bool:
    """Whether there is no such object in a bucket that there is."""
    return error.response["Error"]["Code"] in ("NoSuchKey", "404")


def problem(error: ClientError) -> str:
    """What is wrong with an object that could not be read, so that it can follow the object's name."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "").lower()
    if code in _PROBLEMS:
        return _PROBLEMS[code]
    if code.startswith("KMS.") or "kms:" in message:
        return "is encrypted with a KMS key that we may not use"
    if code == "InvalidRequest" and "encryption" in message:
        return "is encrypted with a key of its uploader's own (SSE-C)"
    if error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
        return "may not be read (access denied)"
    return f"can not be read ({code})"
