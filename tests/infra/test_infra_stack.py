"""The stack as a whole."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from tests.infra.synthesized import Assembly, readable

_INFRA = Path(__file__).parents[2] / "infra"


def test_stack_tells_six_things(each: Assembly) -> None:
    outputs = {name: readable(output["Value"]) for name, output in each.template["Outputs"].items()}
    bus = outputs.pop("EventBus")
    assert bus.startswith("dropreel-")
    assert outputs == {
        "InboxBucket": "Inbox",
        "OutboxBucket": "Outbox",
        "QueueUrl": "QueuesIntakeQueue",
        "CallbackUrl": "https://calls.example.com" if bus == "dropreel-staging" else "CallbackApi.ApiEndpoint",
        "JobsTable": "Jobs",
    }


def test_nothing_but_what_is_known_is_made_and_no_custom_resource(each: Assembly) -> None:
    kinds = {resource["Type"] for resource in each.resources.values()}
    assert not [kind for kind in kinds if kind.startswith("Custom::") or "CustomResource" in kind]
    assert kinds - {"AWS::Lambda::Alias", "AWS::Lambda::Version"} == {
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Stage",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::DynamoDB::Table",
        "AWS::Events::EventBus",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
    }


def test_template_reads_no_secret(each: Assembly) -> None:
    text = json.dumps(each.template)
    assert "{{resolve:" not in text
    assert "SecretString" not in text


def test_every_finding_of_the_checks_is_explained(findings: list[tuple[str, str]]) -> None:
    assert [(stack, rule) for stack, rule in findings if stack != "Wrong"] == []


def test_checks_do_find_what_is_wrong(findings: list[tuple[str, str]]) -> None:
    assert ("Wrong", "AwsSolutions-SQS3") in findings


def test_every_role_is_bounded_where_an_account_asks_for_it(dev: Assembly, everything_set: Assembly) -> None:
    for assembly, policy in ((dev, None), (everything_set, "developers")):
        roles = assembly.of_type("AWS::IAM::Role").values()
        bounds = {readable(role["PermissionsBoundary"]) if "PermissionsBoundary" in role else None for role in roles}
        assert bounds == {policy and f"arn:AWS::Partition:iam::AWS::AccountId:policy/{policy}"}


def test_the_cdks_own_word_for_a_boundary_bounds_every_role_too(bounded: Assembly) -> None:
    roles = bounded.of_type("AWS::IAM::Role").values()
    assert all(readable(role["PermissionsBoundary"]).endswith(":policy/developers") for role in roles)


def test_tags_are_the_stacks_own_so_that_all_of_it_has_them(everything_set: Assembly) -> None:
    manifest = json.loads((everything_set.path.parent / "manifest.json").read_text())
    tags = {"team": "films", "cost": "7"}
    assert manifest["artifacts"][everything_set.path.name.partition(".")[0]]["properties"]["tags"] == tags


def test_infra_knows_the_templates_side_only() -> None:
    for path in _INFRA.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in {"dropreel", "functions", "local", "cli"}]


def test_stack_can_be_read_at_a_glance() -> None:
    assert len((_INFRA / "stack.py").read_text().splitlines()) <= 60
