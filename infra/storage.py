"""What is kept: the files, the jobs, and how the gateways took to us."""

from __future__ import annotations

from typing import cast

from aws_cdk import CfnElement, Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.environments import Environment

_TEXT = dynamodb.AttributeType.STRING
#: What a line of a list shows of a job (`LISTED` in dropreel/aws/items.py).
_LISTED = (
    *("model", "gateway", "status", "place", "progress", "reason", "error", "gate", "attempt", "price_usd", "late"),
    *("completed_at", "request_id", "missing", "outputs", "source", "then"),
)


def removal(environment: Environment) -> RemovalPolicy:
    """Return what becomes of the things that people own when their stack goes.

    What a first deploy made before it failed goes even so, as it holds nothing yet and its name would be taken. A
    bucket is never emptied: where it would go too, a bucket that still holds files stops the deletion.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if environment.keeps_data else RemovalPolicy.DESTROY


class Storage(Construct):
    """Two buckets and two tables."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment) -> None:
        super().__init__(scope, name)
        self._environment = environment
        self.inbox = self._bucket("Inbox")
        self.outbox = self._bucket("Outbox")
        self.jobs = self._table("Jobs", partition="job_id")
        self.jobs.add_global_secondary_index(
            index_name="attention",
            partition_key=dynamodb.Attribute(name="attention", type=_TEXT),
            sort_key=dynamodb.Attribute(name="place", type=_TEXT),
        )
        # What a list shows, the newest of a day first; what it does not show costs no writes here.
        self.jobs.add_global_secondary_index(
            index_name="days",
            partition_key=dynamodb.Attribute(name="day", type=_TEXT),
            sort_key=dynamodb.Attribute(name="created_at", type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=list(_LISTED),
        )
        self.gates = self._table("Gates", partition="name", sort="item")

    def _bucket(self, name: str) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            name,
            versioned=True,
            # Not KMS: with it, an ETag would no longer be the MD5 of the content.
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                    noncurrent_version_expiration=Duration.days(self._environment.settings.replaced_versions_days),
                    expired_object_delete_marker=True,
                )
            ],
            removal_policy=removal(self._environment),
        )
        acknowledge(bucket, {"AwsSolutions-S1": "A server access log would hold the query strings of presigned URLs."})
        _fix_logical_id(bucket, name)
        return bucket

    def _table(self, name: str, *, partition: str, sort: str | None = None) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            name,
            partition_key=dynamodb.Attribute(name=partition, type=_TEXT),
            sort_key=dynamodb.Attribute(name=sort, type=_TEXT) if sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires_at",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            # CloudFormation could not delete a protected table when it takes a failed first deploy back, and its
            # rollback would fail too; so there a table stays behind, empty, under a name that nobody else needs.
            deletion_protection=self._environment.keeps_data,
            removal_policy=RemovalPolicy.RETAIN if self._environment.keeps_data else RemovalPolicy.DESTROY,
        )
        _fix_logical_id(table, name)
        return table


def _fix_logical_id(resource: Construct, name: str) -> None:
    """What holds data keeps its id when the code around it moves; under another it would be made anew, and empty."""
    cast("CfnElement", resource.node.default_child).override_logical_id(name)
