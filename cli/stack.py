"""The stack that a verb speaks to, found by its outputs and resources, with the domain's own services on it.

Each service is loaded when a verb asks for it: most verbs need one or two, and none should wait for the others.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from cli.exits import INVALID, UNREACHABLE, Trouble
from cli.presence import newest
from dropreel.settings import BadSetting, SubmitSettings, read

if TYPE_CHECKING:
    from dropreel.aws.budget import Budget
    from dropreel.aws.gates import Gates
    from dropreel.aws.jobs_table import JobsTable
    from dropreel.aws.queues import Queue
    from dropreel.intake.inbox import Inbox
    from dropreel.jobs import Job
    from dropreel.operating import Operator
    from dropreel.submit.holding import Holding

#: Hosts on which a laptop stack can be; it takes any key.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
REGION = "us-east-1"
#: A session is not safe in several threads, such as those of the page's server; the clients that it makes are.
_MAKING = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Access:
    """How the account that holds the stack is spoken to."""

    #: None: AWS itself, with the person's own credentials and region.
    endpoint_url: str | None
    region: str | None

    @property
    def laptop(self) -> bool:
        return urlsplit(self.endpoint_url or "").hostname in LOOPBACK

    @cached_property
    def _session(self) -> Any:
        import boto3

        keys: dict[str, Any] = {"aws_access_key_id": "local", "aws_secret_access_key": "local"} if self.laptop else {}
        return boto3.Session(region_name=self.region, **keys)

    def client(self, service: str) -> Any:
        """A client of an AWS service, by its name. Raises Trouble."""
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=60)
        if self.laptop:
            # A proxy that leads out of the house knows no localhost, and there is nothing to wait for.
            quick = Config(proxies={}, retries={"mode": "standard", "max_attempts": 2}, s3={"addressing_style": "path"})
            config = config.merge(quick)
        try:
            with _MAKING:
                return self._session.client(service, endpoint_url=self.endpoint_url, config=config)
        except BotoCoreError:
            raise
        except ValueError as error:
            # Such as an AWS_ENDPOINT_URL that is no address.
            raise Trouble(f"{error}; see the AWS_ variables of your shell", INVALID) from None


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One environment: its names, its settings, and the domain's services on them."""

    name: str
    #: dev, staging, prod or local.
    env: str
    access: Access
    #: CloudFormation's own word, such as UPDATE_COMPLETE.
    status: str
    #: Epoch seconds.
    created_at: float
    outputs: Mapping[str, str]
    #: What the submit function is told: it knows every table, queue, secret and setting.
    settings: SubmitSettings

    def client(self, service: str) -> Any:
        """A client of an AWS service, by its name."""
        return self.access.client(service)

    def resources(self, kind: str) -> Iterator[tuple[str, str]]:
        """What the stack has of a type: names in the template, and names in the account."""
        return _resources(self.client("cloudformation"), self.name, kind)

    @cached_property
    def sqs(self) -> Any:
        return self.client("sqs")

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def dynamodb(self) -> Any:
        return self.client("dynamodb")

    @cached_property
    def states(self) -> Any:
        return self.client("stepfunctions")

    @cached_property
    def store(self) -> JobsTable:
        from dropreel.aws.jobs_table import JobsTable

        return JobsTable(self.dynamodb, self.settings.jobs_table, time.time)

    @cached_property
    def gates(self) -> Gates:
        from dropreel.aws.gates import Gates

        return Gates(self.dynamodb, self.settings.gates_table)

    @cached_property
    def budget(self) -> Budget:
        from dropreel.aws.budget import Budget

        return Budget(self.dynamodb, self.settings.gates_table, self.settings.jobs_table, time.time)

    @cached_property
    def holding(self) -> Holding:
        from dropreel.aws.executions import Executions
        from dropreel.submit.holding import Holding

        return Holding(
            store=self.store,
            gates=self.gates,
            executions=Executions(self.states, self.settings.gate_arn),
            held_retry_seconds=self.settings.held_retry_seconds,
            clock=time.time,
        )

    @cached_property
    def inbox(self) -> Inbox:
        from dropreel.intake.inbox import Inbox

        return Inbox(self.s3, self.settings.inbox_bucket, lend_seconds=3600)

    @cached_property
    def intake(self) -> Queue:
        from dropreel.aws.queues import Queue

        return Queue(self.sqs, self.settings.intake_queue_url)

    @cached_property
    def operator(self) -> Operator:
        from dropreel.aws.executions import Executions
        from dropreel.aws.queues import Deliveries, Queue
        from dropreel.delivery.ending import Ending
        from dropreel.operating import Operator

        settings = self.settings
        return Operator(
            store=self.store,
            gates=self.gates,
            deliveries=Deliveries(Queue(self.sqs, settings.deliver_queue_url)),
            intake=self.intake,
            watches=Executions(self.states, settings.watch_arn),
            ending=Ending(self.store, self.s3, settings.outbox_bucket, self.client("events"), settings.event_bus),
            clock=time.time,
        )

    def job_id(self, said: str) -> str:
        """The id of the job that somebody means. Raises Trouble."""
        from cli import naming

        return naming.job_id(self, said)

    def job(self, said: str) -> Job:
        """The job that somebody means. Raises Trouble where there is none."""
        job_id = self.job_id(said)
        job = self.store.get(job_id)
        if job is None:
            raise Trouble(f"there is no job {job_id} in {self.name}; `dropreel jobs` lists them", INVALID)
        return job


def find(env: str | None, endpoint_url: str | None) -> Stack:
    """The stack of an environment; without one, the laptop stack that was started last. Raises Trouble."""
    if env is not None:
        _refuse_unknown(env)
    way = access(env, endpoint_url)
    name = f"Dropreel-{env or 'local'}"
    formation = way.client("cloudformation")
    try:
        (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            raise Trouble(_absent(name, way), UNREACHABLE) from None
        raise
    submit = way.client("lambda").get_function_configuration(FunctionName=_submit(formation, name))
    return Stack(
        name=name,
        env=env or "local",
        access=way,
        status=stack["StackStatus"],
        created_at=stack["CreationTime"].timestamp(),
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        settings=_settings(submit["Environment"]["Variables"], name),
    )


def _refuse_unknown(env: str) -> None:
    """Raises Trouble for an environment that there is none of."""
    from infra.environments import KINDS

    if env not in KINDS:
        raise Trouble(f"there is no environment {env}; there are {', '.join(KINDS)}", INVALID)


def _settings(variables: Mapping[str, str], stack: str) -> SubmitSettings:
    try:
        return read(SubmitSettings, variables)
    except BadSetting as problem:
        raise Trouble(f"the stack {stack} is of another version than this command ({problem})", UNREACHABLE) from None


def access(env: str | None, endpoint_url: str | None) -> Access:
    """The way to an environment; without one, to the laptop stack that was started last. Raises Trouble."""
    # boto3 itself knows only AWS_DEFAULT_REGION and the profile, other than AWS's command line and this one's docs.
    region = os.environ.get("AWS_REGION") or None
    if endpoint_url:
        return Access(endpoint_url=endpoint_url, region=region or os.environ.get("AWS_DEFAULT_REGION") or REGION)
    if env in (None, "local"):
        presence = newest()
        return Access(endpoint_url=presence.aws_endpoint_url, region=presence.region)
    return Access(endpoint_url=None, region=region)


def _absent(name: str, access: Access) -> str:
    if access.endpoint_url:
        return f"there is no stack {name} at {access.endpoint_url}"
    env = name.removeprefix("Dropreel-")
    return (
        f"there is no stack {name} in this account and region; deploy it (npx aws-cdk@2 deploy -c env={env}), "
        "or choose another account or region (AWS_PROFILE, AWS_REGION)"
    )


def _resources(formation: Any, stack: str, kind: str) -> Iterator[tuple[str, str]]:
    for page in formation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for each in page["StackResourceSummaries"]:
            if each["ResourceType"] == kind:
                yield each["LogicalResourceId"], each.get("PhysicalResourceId", "")


def _submit(formation: Any, stack: str) -> str:
    """The name of the submit function. Raises Trouble."""
    for logical, physical in _resources(formation, stack, "AWS::Lambda::Function"):
        if "Submit" in logical:
            return physical
    raise Trouble(f"the stack {stack} has no submit function: is it still being made?", UNREACHABLE)
