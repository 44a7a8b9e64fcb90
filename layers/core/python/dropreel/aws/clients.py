"""Clients of AWS, all of one session."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Literal

from botocore.config import Config
from botocore.session import Session, get_session

#: A throttled call is tried a few times; nothing here waits for ever.
CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=30)


def client(service: str) -> Any:
    """A client of an AWS service, by its name."""
    return _session().create_client(service, config=CONFIG.merge(_s3()) if service == "s3" else CONFIG)


@cache
def _session() -> Session:
    """What all clients share; botocore's, since boto3 would load its transfers and resources too."""
    return get_session()


def _s3() -> Config:
    """Presigned URLs must be of signature version 4 and name the bucket's region, which only virtual hosts do.

    A laptop's endpoint has no names for its buckets, so it gets them in the path. Bodies are not part of the signature:
    what is uploaded carries a checksum, and one more pass over every byte would be a third of what a copy costs.
    """
    style: Literal["path", "virtual"] = "path" if "AWS_ENDPOINT_URL" in os.environ else "virtual"
    return Config(signature_version="s3v4", s3={"addressing_style": style, "payload_signing_enabled": False})
