"""What is kept, and who may read it."""

from __future__ import annotations

import pytest

from tests.infra.synthesized import Assembly, readable
from tests.tables import TABLES


def test_buckets_are_versioned_private_and_encrypted_with_etags_that_stay_md5s(each: Assembly) -> None:
    buckets = each.of_type("AWS::S3::Bucket")
    assert set(buckets) == {"Inbox", "Outbox"}
    for bucket in buckets.values():
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_what_was_replaced_goes_after_its_days_and_what_is_left_of_broken_uploads_at_once(
    dev: Assembly, everything_set: Assembly
) -> None:
    for assembly, days in ((dev, 90), (everything_set, 15)):
        for bucket in assembly.of_type("AWS::S3::Bucket").values():
            (rule,) = bucket["LifecycleConfiguration"]["Rules"]
            assert rule == {
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                "ExpiredObjectDeleteMarker": True,
                "NoncurrentVersionExpiration": {"NoncurrentDays": days},
                "Status": "Enabled",
            }


def test_no_version_goes_while_a_message_may_still_name_it(each: Assembly) -> None:
    queues = each.of_type("AWS::SQS::Queue").values()
    days = max(queue.get("MessageRetentionPeriod", 4 * 86_400) for queue in queues) / 86_400
    for bucket in each.of_type("AWS::S3::Bucket").values():
        (rule,) = bucket["LifecycleConfiguration"]["Rules"]
        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] > days


def test_buckets_queues_and_topic_refuse_plain_http(each: Assembly) -> None:
    secured = [
        readable(target)
        for kind, targets in {
            "AWS::S3::BucketPolicy": "Bucket",
            "AWS::SQS::QueuePolicy": "Queues",
            "AWS::SNS::TopicPolicy": "Topics",
        }.items()
        for policy in each.of_type(kind).values()
        for target in (policy[targets] if isinstance(policy[targets], list) else [policy[targets]])
        if any(
            statement["Effect"] == "Deny" and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
            for statement in policy["PolicyDocument"]["Statement"]
        )
    ]
    kinds = ("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic")
    assert sorted(secured) == sorted(name for kind in kinds for name in each.of_type(kind))


def test_tables_are_on_demand_with_point_in_time_recovery_and_ttl(each: Assembly) -> None:
    tables = each.of_type("AWS::DynamoDB::Table")
    assert set(tables) == {"Jobs", "Gates"}
    for table in tables.values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


@pytest.mark.parametrize("name", TABLES)
def test_the_tests_and_the_code_know_the_tables_as_they_are(dev: Assembly, name: str) -> None:
    table = dev.of_type("AWS::DynamoDB::Table")[name]
    assert {key: table[key] for key in TABLES[name]} == TABLES[name]


def test_what_people_own_outlives_a_production_stack_only(dev: Assembly, prod: Assembly) -> None:
    owned = {"Inbox", "Outbox", "Jobs", "Gates", "GatewaysPixazo", "GatewaysAimlapi"}
    assert {prod.resources[name]["DeletionPolicy"] for name in owned} <= {"Retain", "RetainExceptOnCreate"}
    assert {prod.resources[name]["UpdateReplacePolicy"] for name in owned} == {"Retain"}
    assert {dev.resources[name]["DeletionPolicy"] for name in owned} == {"Delete"}
    assert all(table["DeletionProtectionEnabled"] for table in prod.of_type("AWS::DynamoDB::Table").values())


def test_a_first_deploy_that_fails_leaves_nothing_under_a_name_that_the_next_one_needs(each: Assembly) -> None:
    named = {"Name", "LogGroupName", "BucketName", "TableName", "QueueName", "TopicName", "LayerName", "RoleName"}
    kept = {name: one for name, one in each.resources.items() if one.get("DeletionPolicy") == "Retain"}
    # A protected table can't be deleted, so CloudFormation must not try, or the failed deploy's rollback fails too.
    assert all(one["Properties"]["DeletionProtectionEnabled"] for one in kept.values())
    assert {one["Type"] for one in kept.values()} <= {"AWS::DynamoDB::Table"}
    assert not [name for name, one in kept.items() if named & set(one["Properties"])]


def test_protected_tables_are_never_deleted_by_the_stack(each: Assembly) -> None:
    for table in (one for one in each.resources.values() if one["Type"] == "AWS::DynamoDB::Table"):
        assert table["Properties"]["DeletionProtectionEnabled"] == (table["DeletionPolicy"] == "Retain")


def test_data_keeps_its_logical_id_wherever_the_code_goes(each: Assembly) -> None:
    assert {"Inbox", "Outbox", "Jobs", "Gates"} <= set(each.template["Resources"])


def test_secrets_are_made_without_a_value(each: Assembly) -> None:
    secrets = each.of_type("AWS::SecretsManager::Secret")
    assert len(secrets) == 2
    assert all(set(secret) == {"Name", "Description"} for secret in secrets.values())


def test_secrets_are_named_after_environment_and_gateway(dev: Assembly) -> None:
    names = [secret["Name"] for secret in dev.of_type("AWS::SecretsManager::Secret").values()]
    assert sorted(names) == ["dropreel/dev/aimlapi", "dropreel/dev/pixazo"]
