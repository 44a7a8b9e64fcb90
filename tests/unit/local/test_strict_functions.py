"""A queue that would take a message back while its function runs can not feed it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local import strict

WORDS = "Queue visibility timeout: 5 seconds is less than Function timeout: 6 seconds"


def template(visibility: int) -> str:
    function = {
        "Code": {"ZipFile": "def handler(event, context): ..."},
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.13",
        "Timeout": 6,
    }
    mapping = {"EventSourceArn": {"Fn::GetAtt": ["Work", "Arn"]}, "FunctionName": {"Ref": "Function"}}
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Work": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": visibility}},
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
    }
    return json.dumps({"Resources": resources})


@pytest.fixture
def stacks() -> Iterator[Any]:
    strict.apply()
    with mock_aws():
        yield boto3.client("cloudformation", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


def test_a_template_with_such_a_mapping_is_refused(stacks: Any) -> None:
    with pytest.raises(ClientError, match=WORDS):
        stacks.create_stack(StackName="wrong", TemplateBody=template(5))


def test_as_long_as_the_function_may_take_is_enough(stacks: Any) -> None:
    stacks.create_stack(StackName="right", TemplateBody=template(6))
    assert stacks.describe_stacks(StackName="right")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
