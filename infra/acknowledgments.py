"""Findings of the checks that stand, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Validations
from constructs import Construct

NO_TRACE_RESOURCES = {"AwsSolutions-IAM5[Resource::*]": "X-Ray has no resources that a policy could name."}


def acknowledge(construct: Construct, reasons: Mapping[str, str]) -> None:
    """Let findings stand for a construct and all in it."""
    rules = [Acknowledgment(id=finding, reason=reason) for finding, reason in reasons.items()]
    Validations.of(construct).acknowledge(*rules)
