"""Executions of our state machines, which do all the waiting.

A name is taken for good: whoever starts an execution twice under one name starts it once, and whoever comes back to a
name that was used finds that out.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

logger = logging.getLogger(__name__)


class Executions:
    """The executions of one state machine."""

    def __init__(self, client: SFNClient, machine_arn: str) -> None:
        self._client = client
        self._machine_arn = machine_arn

    def start(self, name: str, state: Mapping[str, object]) -> None:
        """Start an execution, unless one of this name has been started."""
        try:
            self._client.start_execution(stateMachineArn=self._machine_arn, name=name, input=json.dumps(state))
        except self._client.exceptions.ExecutionAlreadyExists:
            return

    def stop(self, name: str) -> None:
        """End an execution that has nothing more to do; one that goes on all the same finds that out by itself."""
        arn = self._machine_arn.replace(":stateMachine:", ":execution:")
        try:
            self._client.stop_execution(executionArn=f"{arn}:{name}")
        except (ClientError, BotoCoreError) as error:
            logger.warning("execution %s was not stopped: %s", name, error)


def whole_seconds(seconds: float) -> int:
    """A wait as Step Functions takes it: whole seconds, one at least."""
    return max(1, math.ceil(seconds))
