"""What AWS and its client say when something goes wrong, in words of ours that name the next step."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from cli.exits import INVALID, UNREACHABLE


class Said(NamedTuple):
    """What takes the place of AWS's words."""

    #: What is so. {words} are AWS's own; for the rest see _facts.
    what: str
    #: What to do about it.
    todo: str
    #: How the verb ends.
    status: int = UNREACHABLE


_AGAIN = "try again in a minute"
_SIGN_IN = "sign in with `aws sso login` or `aws login`, or put new keys in with `aws configure`"
_REGION = "set AWS_REGION, such as eu-west-1, or choose a profile that has one with AWS_PROFILE"

#: By AWS's own code, or by the name of the client's error.
TROUBLES: Final[Mapping[str, Said]] = {
    # AWS's answers
    "NoSuchBucket": Said("there is no bucket {bucket}", "`aws s3 ls` lists yours", INVALID),
    "NoSuchKey": Said("an object was taken away meanwhile", "run the same command again"),
    "PermanentRedirect": Said("that bucket is in another region", "set AWS_REGION to its region"),
    "AccessDenied": Said(
        "AWS does not allow you {operation} ({words})",
        'ask whoever runs the account for it; "Who may do what" in docs/guide.md says what the verbs need',
    ),
    "ExpiredToken": Said("your AWS credentials have expired", _SIGN_IN),
    "InvalidClientTokenId": Said(
        "AWS does not accept your credentials ({code})",
        "choose a profile with AWS_PROFILE, or put valid keys in with `aws configure`",
    ),
    "RequestTimeTooSkewed": Said("the clock of this machine is wrong", "set it, then try again"),
    "Throttling": Said("AWS is asked too often ({operation})", _AGAIN),
    "InternalError": Said("AWS itself has trouble with {operation}", _AGAIN),
    "ResourceNotFoundException": Said(
        "something that belongs to the stack is gone ({operation}: {words})",
        "deploy it again",
    ),
    # the client's own errors
    "ParamValidationError": Said("AWS takes no such thing ({words})", "mend it, then try again", INVALID),
    "NoRegionError": Said("no region is chosen", _REGION),
    "InvalidRegionError": Said("{words}", _REGION),
    "NoCredentialsError": Said(
        "AWS does not know who you are",
        "choose a profile with AWS_PROFILE, or put your keys in with `aws configure`",
    ),
    "PartialCredentialsError": Said(
        "half of your AWS credentials is missing ({words})",
        "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile with AWS_PROFILE",
    ),
    "CredentialRetrievalError": Said("your AWS credentials can't be had ({words})", _SIGN_IN),
    "SSOError": Said("you are not signed in to AWS any more ({words})", _SIGN_IN),
    "ProfileNotFound": Said(
        "{words}",
        "`aws configure list-profiles` lists yours, and AWS_PROFILE chooses one",
    ),
    "InvalidConfigError": Said(
        "the AWS configuration of this machine can't be used ({words})",
        "mend ~/.aws/config or what AWS_CONFIG_FILE names, and see the AWS_ variables of your shell",
    ),
    "EndpointConnectionError": Said(
        "nothing answers at {url}",
        "is it running, is this machine online, and is the region right?",
    ),
    "HTTPClientError": Said(
        "the connection to {url} broke off ({words})", "try again, and see HTTPS_PROXY where there is a proxy"
    ),
    "ReadTimeoutError": Said("{url} does not answer in time", _AGAIN),
    "SSLError": Said(
        "there is no safe connection to {url} ({words})",
        "where a proxy has a certificate of its own, name it in AWS_CA_BUNDLE; and is the clock of this machine right?",
    ),
    "ProxyConnectionError": Said("the proxy can't be used ({words})", "see HTTPS_PROXY and NO_PROXY"),
    "ResponseParserError": Said(
        "what answers there is not AWS",
        "say the `AWS endpoint` that `dropreel up` printed, and see AWS_ENDPOINT_URL",
    ),
}

#: Other names of the same.
ALIASES: Final[Mapping[str, str]] = {
    alias: name
    for name, aliases in {
        "NoSuchKey": "404",
        "PermanentRedirect": "301 AuthorizationHeaderMalformed IllegalLocationConstraintException",
        "AccessDenied": "403 AccessDeniedException UnauthorizedOperation AuthorizationError AllAccessDisabled",
        "ExpiredToken": "ExpiredTokenException RequestExpired TokenRefreshRequired",
        "InvalidClientTokenId": (
            "UnrecognizedClientException InvalidAccessKeyId InvalidToken InvalidSignatureException IncompleteSignature "
            "SignatureDoesNotMatch AuthFailure MissingAuthenticationToken"
        ),
        "Throttling": (
            "ThrottlingException ThrottledException TooManyRequestsException RequestLimitExceeded SlowDown "
            "ProvisionedThroughputExceededException RequestThrottled"
        ),
        "InternalError": "InternalFailure InternalServerError ServiceUnavailable ServiceException 500 502 503 504",
        "ResourceNotFoundException": "QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue NoSuchEntity",
        "SSOError": "TokenRetrievalError LoginError UnauthorizedException",
        "CredentialRetrievalError": "MetadataRetrievalError MissingDependencyException",
        "InvalidConfigError": "ConfigParseError ConfigNotFound InvalidRetryConfigurationError",
        "EndpointConnectionError": "ConnectTimeoutError",
        "HTTPClientError": "IncompleteReadError",
        "ProxyConnectionError": "InvalidProxiesConfigError",
    }.items()
    for alias in aliases.split()
}


def told(error: Exception) -> tuple[str, int]:
    """What to say of it, and the exit status."""
    facts = _facts(error)
    names = [facts["code"], *(each.__name__ for each in type(error).__mro__)]
    known = next((name for each in names if (name := ALIASES.get(each, each)) in TROUBLES), None)
    if known is None:
        where = f" at {facts['operation']}" if facts["operation"] else ""
        return f"AWS did not do it ({facts['code']}{where}): {facts['words']}", UNREACHABLE
    said = TROUBLES[known]
    return f"{said.what.format(**facts)}; {said.todo}", said.status


def _facts(error: Any) -> dict[str, str]:
    """What the sentences may name; an answer of AWS's has other facts than an error of the client's."""
    answer = getattr(error, "response", None)
    given = answer.get("Error", {}) if isinstance(answer, Mapping) else {}
    known = getattr(error, "kwargs", {})
    return {
        "code": str(given.get("Code") or type(error).__name__),
        "operation": str(getattr(error, "operation_name", "")),
        "bucket": str(given.get("BucketName") or "of that name"),
        "url": str(known.get("endpoint_url") or "AWS"),
        "words": str(given.get("Message") or error).strip().rstrip("."),
    }
