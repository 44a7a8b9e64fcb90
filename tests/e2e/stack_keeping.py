"""What CloudFormation does and moto does not: it takes back a creation that failed, keeps a stack that is guarded, and
works out the outputs of one that comes by a change set.

Its words: CloudFormation user guide, "Protect CloudFormation stacks from being deleted" and "Understand CloudFormation
stack creation events"; template reference, "DeletionPolicy attribute".
"""

from __future__ import annotations

from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult


def keep_stacks_as_aws_does(patch: pytest.MonkeyPatch) -> None:
    """Teach moto all of it until the test ends."""
    patch.setattr(CloudFormationBackend, "execute_change_set", _execute_change_set)
    patch.setattr(CloudFormationBackend, "delete_stack", _delete_stack)
    patch.setattr(CloudFormationResponse, "update_termination_protection", _guard, raising=False)


_execute, _delete = CloudFormationBackend.execute_change_set, CloudFormationBackend.delete_stack


def _execute_change_set(backend: CloudFormationBackend, change_set_name: str, stack_name: str | None = None) -> None:
    change_set = next(
        each for key, each in backend.change_sets.items() if change_set_name in (key, each.change_set_name)
    )
    stack = backend.stacks[change_set.stack_id]
    try:
        _execute(backend, change_set_name, stack_name)
    except Exception as error:
        if change_set.change_set_type != "CREATE":
            raise
        _take_back(stack, str(error))
        return
    stack._parse_template()
    stack.output_map = stack._create_output_map()


def _take_back(stack: Stack, reason: str) -> None:
    """All that was made goes, but for what says Retain: moto's own way with a stack that is deleted."""
    stack._add_stack_event("ROLLBACK_IN_PROGRESS", resource_status_reason=reason)
    stack.resource_map.delete()
    stack.resource_map._resource_json_map = {}
    stack._add_stack_event("ROLLBACK_COMPLETE")
    stack.status = "ROLLBACK_COMPLETE"


def _delete_stack(backend: CloudFormationBackend, name_or_stack_id: str) -> None:
    for stack in backend.stacks.values():
        if name_or_stack_id in (stack.name, stack.stack_id):
            if stack.enable_termination_protection:
                raise ValidationError(
                    message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
                )
            for resource in stack.resource_map._resource_json_map.values():
                # What was there before is kept; moto knows only the other word for that.
                if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
                    resource["DeletionPolicy"] = "Retain"
    _delete(backend, name_or_stack_id)


def _guard(response: Any) -> ActionResult:
    stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    stack.enable_termination_protection = response._get_bool_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})
