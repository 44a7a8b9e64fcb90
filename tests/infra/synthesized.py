"""A synthesized stack as the tests read it: by type and by name, never by a hashed logical id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What a template holds is whatever CloudFormation takes.
Json = Any

#: Stacks by what tests call them: the environment, and the settings.
STACKS: dict[str, tuple[str, dict[str, object]]] = {
    "dev": ("dev", {}),
    "prod": ("prod", {}),
    "local": ("local", {}),
    "everything set": (
        "staging",
        {
            "quiet_seconds": "0",
            "webhooks": "false",
            "progress": "true",
            "first_poll_seconds": "30",
            "poll_seconds": "20",
            "deadline_seconds": "60",
            "max_error_retries": "0",
            "held_retry_seconds": "60",
            "resubmit_unknown": "true",
            "daily_budget_usd": "12.50",
            "default_price_usd": "0.75",
            "media_hosts": "cdn.example.com,Media.example.com",
            "media_buckets": "first-bucket,second-bucket",
            "pixazo_url": "https://pixazo.example.com/",
            "aimlapi_url": "https://aimlapi.example.com",
            "submit_concurrency": "2",
            "deliver_concurrency": "3",
            "snap_start": "true",
            "runtime": "python3.12",
            "architecture": "x86_64",
            "log_retention_days": "90",
            "replaced_versions_days": "15",
            "senders": (
                "arn:aws:sns:eu-west-1:123456789012:orders,"
                "arn:aws:events:eu-west-1:123456789012:rule/shop/orders,arn:aws:sns:us-east-1:210987654321:theirs"
            ),
            "callback_domain": "Calls.example.com",
            "alarm_key": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "permissions_boundary": "developers",
            "tags": "team=films,cost=7",
        },
    ),
}

_HASH = re.compile(r"[0-9A-F]{8}$")


@dataclass(frozen=True)
class Assembly:
    """A stack's template, and the assets beside it."""

    path: Path

    @property
    def template(self) -> Json:
        """The template as it is."""
        return json.loads(self.path.read_text())

    @property
    def resources(self) -> dict[str, Json]:
        """All resources by name."""
        return {_HASH.sub("", key): resource for key, resource in self.template["Resources"].items()}

    def of_type(self, kind: str) -> dict[str, Json]:
        """The properties of all resources of a type, by name."""
        found = {name: each for name, each in self.resources.items() if each["Type"] == kind}
        return {name: each.get("Properties", {}) for name, each in found.items()}

    def function(self, noun: str) -> Json:
        """The properties of the function that calls itself so."""
        (found,) = (each for each in self.of_type("AWS::Lambda::Function").values() if service(each) == noun)
        return found

    def statements(self) -> Iterator[tuple[str, Json]]:
        """All statements of identities' policies, each with its role's name."""
        for policy in self.of_type("AWS::IAM::Policy").values():
            (role,) = policy["Roles"]
            yield from ((readable(role), each) for each in policy["PolicyDocument"]["Statement"])
        for name, role in self.of_type("AWS::IAM::Role").items():
            for policy in role.get("Policies", []):
                yield from ((name, each) for each in policy["PolicyDocument"]["Statement"])

    def asset(self, code: Json) -> Path:
        """The folder that a function's code or a layer's content is zipped from."""
        return self.path.parent / f"asset.{code['S3Key'].removesuffix('.zip')}"


def service(function: Json) -> str:
    """Return what a function calls itself in its logs."""
    return str(function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"])


def listed(value: Json) -> list[Json]:
    """Return what a policy may say as one or as a list."""
    return value if isinstance(value, list) else [value]


def readable(value: Json) -> str:
    """Return a value with each reference written as the name, or the name and attribute, of what it refers to."""
    match value:
        case str() | int() | bool():
            return str(value)
        case {"Ref": name}:
            return _HASH.sub("", name)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{_HASH.sub('', name)}.{attribute}"
        case {"Fn::Join": [glue, parts]}:
            return str(glue).join(readable(part) for part in parts)
        case {"Fn::Select": [int(index), {"Fn::Split": [glue, whole]}]}:
            return f"{readable(whole)}[{index}]"
    raise AssertionError(f"not a value that a test can read: {value}")
