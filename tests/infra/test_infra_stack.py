"""The stack as a whole."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from aws_cdk import App, Validations
from aws_cdk import aws_sqs as sqs
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra import app as infra_app
from tests.infra.synthesized import Assembly, readable

#: The checks read templates; the layers need not be copied for them.
_NO_COPIES = {"aws:cdk:disable-asset-staging": True}
_INFRA = Path(infra_app.__file__).parent


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


def test_templates_are_lint_clean(assemblies: dict[str, Assembly]) -> None:
    templates = [str(each.path) for each in assemblies.values()]
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()", *templates]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (linted.stdout + linted.stderr, linted.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("env", "overrides"), [("dev", {}), ("prod", {"snap_start": "true", "media_buckets": "one-more,and-another"})]
)
def test_every_finding_of_the_checks_is_explained(tmp_path: Path, env: str, overrides: dict[str, object]) -> None:
    app = App(outdir=str(tmp_path), context=_NO_COPIES)
    infra_app.build(app, env=env, overrides=overrides)
    assert _findings(app, tmp_path) == []


def test_every_role_is_bounded_where_an_account_asks_for_it(dev: Assembly, everything_set: Assembly) -> None:
    for assembly, policy in ((dev, None), (everything_set, "developers")):
        roles = assembly.of_type("AWS::IAM::Role").values()
        bounds = {readable(role["PermissionsBoundary"]) if "PermissionsBoundary" in role else None for role in roles}
        assert bounds == {policy and f"arn:AWS::Partition:iam::AWS::AccountId:policy/{policy}"}


def test_the_cdks_own_word_for_a_boundary_bounds_every_role_too(tmp_path: Path) -> None:
    words = {"@aws-cdk/core:permissionsBoundary": {"name": "developers"}}
    app = App(outdir=str(tmp_path), context={**_NO_COPIES, **words})
    infra_app.build(app, env="dev")
    app.synth()
    roles = Assembly(tmp_path / "Dropreel-dev.template.json").of_type("AWS::IAM::Role").values()
    assert all(readable(role["PermissionsBoundary"]).endswith(":policy/developers") for role in roles)


def test_tags_are_the_stacks_own_so_that_all_of_it_has_them() -> None:
    stack = infra_app.build(App(context=_NO_COPIES), env="dev", overrides={"tags": "team=films,cost=7"})
    assert stack.tags.tag_values() == {"team": "films", "cost": "7"}


def test_checks_do_find_what_is_wrong(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), context=_NO_COPIES)
    sqs.Queue(infra_app.build(app, env="dev"), "Lonely")
    assert "AwsSolutions-SQS3" in _findings(app, tmp_path)


def _findings(app: App, outdir: Path) -> list[str]:
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    with suppress(RuntimeError):  # that there are findings; the report has them
        app.synth()
    report = json.loads((outdir / "validation-report.json").read_text())
    return [violation["ruleName"] for plugin in report["pluginReports"] for violation in plugin["violations"]]


def test_infra_knows_the_templates_side_only() -> None:
    for path in _INFRA.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in {"dropreel", "functions", "local", "cli"}]


def test_stack_can_be_read_at_a_glance() -> None:
    assert len((_INFRA / "stack.py").read_text().splitlines()) <= 60
