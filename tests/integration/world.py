"""dropreel's services over a moto server and the simulated gateways, moved by hand."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import cache, cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.session import Session
from moto.core.models import DEFAULT_ACCOUNT_ID

from dropreel.aws import clients
from dropreel.aws.clients import client
from dropreel.aws.items import from_item
from dropreel.aws.jobs_table import JobsTable
from dropreel.aws.queues import ComeAgain, Deliveries, Queue, woken
from dropreel.delivery.delivery import Delivery
from dropreel.gateways.wire import new_client
from dropreel.intake.intake import Intake
from dropreel.jobs import Job
from dropreel.outcome.callback import take_callback
from dropreel.outcome.watch import Poll, State, first_state
from dropreel.settings import DeliverSettings, PollSettings, SubmitSettings
from dropreel.submit.holding import State as GateState
from dropreel.submit.probe import Probe
from dropreel.wiring import Outside, deliver_of, poll_of, probe_of, submit_of
from local.gateways import SimulatedGateways
from local.moto_server import MotoServer
from tests import quick_moto
from tests.tables import create_tables

# Clients know nothing of what they were used for, and making them takes longer than most tests.
_client, gateway_client = cache(client), cache(new_client)

INBOX, OUTBOX, EVENTS_QUEUE = "the-inbox", "the-outbox", "bus-listener"
QUEUES = f"arn:aws:sqs:us-east-1:{DEFAULT_ACCOUNT_ID}"


class World:
    """An account with everything in it that the functions need, and hands to turn their cranks."""

    def __init__(self, gateways: SimulatedGateways, callback_base_url: str) -> None:
        self.gateways = gateways
        self.s3, self.sqs, self.dynamodb = _client("s3"), _client("sqs"), _client("dynamodb")
        self.ahead = 0.0  # seconds that our clock is ahead of the machine's
        self.called_back = threading.Event()
        self.intake_url = self.sqs.create_queue(QueueName="intake")["QueueUrl"]
        self.deliver_url = self.sqs.create_queue(QueueName="deliver")["QueueUrl"]
        self._buckets()
        self._tables()
        self._bus()
        self.states = _client("stepfunctions")
        self.watch_arn, self.gate_arn = self._machine("watch"), self._machine("gate")
        self._gates: dict[str, tuple[float, GateState]] = {}
        self._inputs: dict[str, str] = {}
        for gateway in ("pixazo", "aimlapi"):
            _client("secretsmanager").create_secret(Name=gateway, SecretString="a-key")
        shared: dict[str, Any] = {
            "jobs_table": "jobs",
            "pixazo_url": gateways.url,
            "aimlapi_url": gateways.url,
            "pixazo_secret": "pixazo",
            "aimlapi_secret": "aimlapi",
            "allow_loopback": True,
            "intake_queue_url": self.intake_url,
            "deliver_queue_url": self.deliver_url,
        }
        outbox: dict[str, Any] = {"gates_table": "gates", "outbox_bucket": OUTBOX, "event_bus": "bus"}
        self.submit_settings = SubmitSettings(
            **shared,
            **outbox,
            inbox_bucket=INBOX,
            watch_arn=self.watch_arn,
            gate_arn=self.gate_arn,
            callback_base_url=callback_base_url,
            quiet_seconds=0,
            webhooks=True,
            progress=False,
            first_poll_seconds=180,
            poll_seconds=10,
            deadline_seconds=3600,
            held_retry_seconds=300,
            daily_budget_usd=None,
            default_price_usd=Decimal(1),
        )
        ends: dict[str, Any] = {"max_error_retries": 2}
        self.poll_settings = PollSettings(
            **shared, **ends, poll_seconds=10, deadline_seconds=3600, resubmit_unknown=False
        )
        self.deliver_settings = DeliverSettings(**shared, **outbox, **ends, watch_arn=self.watch_arn, media_hosts=())

    def _machine(self, name: str) -> str:
        """A state machine whose executions only tell that they were started; the tests turn them by hand."""
        definition = '{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}'
        made = self.states.create_state_machine(name=name, definition=definition, roleArn=_role())
        return str(made["stateMachineArn"])

    def _buckets(self) -> None:
        for name in (INBOX, OUTBOX):
            self.s3.create_bucket(Bucket=name)
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        self.s3.put_bucket_notification_configuration(
            Bucket=INBOX,
            NotificationConfiguration={
                "QueueConfigurations": [{"QueueArn": f"{QUEUES}:intake", "Events": ["s3:ObjectCreated:*"]}]
            },
        )

    def _tables(self) -> None:
        # moto has forgotten all of them; another one's DynamoDB has not.
        for left in self.dynamodb.list_tables()["TableNames"]:
            self.dynamodb.delete_table(TableName=left)

        create_tables(self.dynamodb)

    def _bus(self) -> None:
        events = _client("events")
        events.create_event_bus(Name="bus")
        self.events_url = self.sqs.create_queue(QueueName=EVENTS_QUEUE)["QueueUrl"]
        events.put_rule(Name="all", EventBusName="bus", EventPattern='{"source": ["dropreel"]}')
        events.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "1", "Arn": f"{QUEUES}:{EVENTS_QUEUE}"}])

    # What the functions run

    def clock(self) -> float:
        return time.time() + self.ahead

    @property
    def _outside(self) -> Outside:
        return Outside(aws=_client, http=gateway_client, clock=self.clock)

    @cached_property
    def intake(self) -> Intake:
        return submit_of(self.submit_settings, self._outside)[0]

    @cached_property
    def probe(self) -> Probe:
        return probe_of(self.submit_settings, self._outside)

    @cached_property
    def poll(self) -> Poll:
        return poll_of(self.poll_settings, self._outside)

    @cached_property
    def delivery(self) -> Delivery:
        return deliver_of(self.deliver_settings, self._outside)[0]

    @property
    def store(self) -> JobsTable:
        return JobsTable(self.dynamodb, "jobs", self.clock)

    def setting(self, **changes: Any) -> None:
        """Change settings of whichever functions have them."""
        for name in ("submit_settings", "poll_settings", "deliver_settings"):
            old = getattr(self, name)
            known = {key: value for key, value in changes.items() if hasattr(old, key)}
            setattr(self, name, replace(old, **known))
        for made in ("intake", "probe", "poll", "delivery"):
            self.__dict__.pop(made, None)

    # What people and the gateway do

    def drop(self, key: str, body: bytes | str = b"x", **metadata: str) -> None:
        self.s3.put_object(Bucket=INBOX, Key=key, Body=body, Metadata=metadata)

    def send(self, message: object) -> None:
        body = message if isinstance(message, str) else json.dumps(message)
        self.sqs.send_message(QueueUrl=self.intake_url, MessageBody=body)

    def callback(self, job_id: str, token: str, body: bytes) -> int:
        queue = Deliveries(Queue(self.sqs, self.deliver_url))
        status = take_callback(self.store, queue, job_id, token, body)
        self.called_back.set()
        return status

    # Cranks

    def take(self) -> int:
        """Let the submit function take everything that is visible on the intake queue; how many messages that was."""
        count = self._drain(self.intake_url, lambda message: self.intake.take(message["Body"], message["MessageId"]))
        if count:
            self._notice_gates()
        return count

    def deliver(self) -> int:
        """Let the deliver function take everything that is visible on its queue."""
        return self._drain(
            self.deliver_url, lambda message: self.delivery.deliver(woken(message["Body"]), message["MessageId"])
        )

    def watch_of(self, job: Job) -> State:
        """What the watch of a job's last attempt began with."""
        return first_state(job, since=job.submitting_at, calls_back=True, wait=180)

    def look(self, job: Job) -> Job:
        """Have a job's watch look at it, and what it found delivered; return the job as it is then."""
        self.poll.look(self.watch_of(job))
        self.deliver()
        found = self.store.get(job.job_id)
        assert found is not None
        return found

    def executions(self, machine_arn: str) -> dict[str, Any]:
        """The input of every execution that was started, by its name."""
        listed = self.states.list_executions(stateMachineArn=machine_arn)["executions"]
        return {item["name"]: json.loads(self._input(item["executionArn"])) for item in listed}

    def _input(self, execution_arn: str) -> str:
        """It never changes, so it is asked for once."""
        if execution_arn not in self._inputs:
            self._inputs[execution_arn] = self.states.describe_execution(executionArn=execution_arn)["input"]
        return self._inputs[execution_arn]

    def turn_gates(self) -> int:
        """Let every execution of a gate go on whose wait is over; how many rounds that were."""
        self._notice_gates()
        rounds = 0
        for name, (due, state) in self._gates.items():
            while not state["done"] and (state["open"] or due <= self.clock()):
                state, rounds = self.probe.round(state), rounds + 1
                due = self.clock() + state["wait"]
            self._gates[name] = due, state
        return rounds

    def _notice_gates(self) -> None:
        for name, state in self.executions(self.gate_arn).items():
            self._gates.setdefault(name, (self.clock() + state["wait"], state))

    def settle_down(self, until: Callable[[], bool], seconds: float = 20.0) -> None:
        """Turn the cranks until something holds."""
        end = time.monotonic() + seconds
        while not until():
            if not self.turn_gates() + self.take() + self.deliver():
                self.called_back.wait(0.2)
                self.called_back.clear()
            assert time.monotonic() < end, f"it never came to hold; jobs: {self.jobs()}"

    def _drain(self, url: str, take: Callable[[Any], object]) -> int:
        count = 0
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                count += 1
                try:
                    take(message)
                except ComeAgain as early:
                    Queue(self.sqs, url).hide(message["ReceiptHandle"], early.seconds)
                else:
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return count

    # What can be seen

    def post_count(self) -> int:
        """How many paid POSTs the gateways have seen."""
        return len(self.gateways.posts)

    def jobs(self) -> list[Job]:
        return [from_item(item) for item in self.dynamodb.scan(TableName="jobs", ConsistentRead=True)["Items"]]

    def job(self) -> Job:
        """The only job there is."""
        (job,) = self.jobs()
        return job

    def outbox(self) -> dict[str, bytes]:
        listed = self.s3.list_objects_v2(Bucket=OUTBOX).get("Contents", [])
        return {item["Key"]: self.s3.get_object(Bucket=OUTBOX, Key=item["Key"])["Body"].read() for item in listed}

    def manifests(self) -> list[dict[str, Any]]:
        return [json.loads(body) for key, body in self.outbox().items() if key.endswith(".json")]

    def manifest(self) -> dict[str, Any]:
        """The only manifest there is."""
        (manifest,) = self.manifests()
        return manifest

    def events(self) -> list[dict[str, Any]]:
        """Every event on the bus since the last call."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.events_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.events_url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def finished(self) -> bool:
        jobs = self.jobs()
        return bool(jobs) and all(job.ended for job in jobs)


def _role() -> str:
    return "arn:aws:iam::123456789012:role/watch"


class CallbackServer:
    """An HTTP front for whichever world is current."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                _, _, job_id, token = self.path.split("/")
                assert outer.world is not None
                self.send_response(outer.world.callback(job_id, token, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.world: World | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> CallbackServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def _clients_made_once() -> Iterator[None]:
    """Cold starts share them, as the worlds do."""
    session = clients._session()
    made: dict[str, Any] = {}

    def create(service: str, config: Any) -> Any:
        if service not in made:
            made[service] = Session.create_client(session, service, config=config)
        return made[service]

    session.create_client = create  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del session.create_client


@contextmanager
def moto_account(dynamodb_url: str = "", key: str = "test") -> Iterator[str]:
    """A moto server, with the environment pointing at it, and perhaps at another one's DynamoDB."""
    # The laptop's server: moto's own checks and writes a conditional write in two steps, between which others come.
    server = MotoServer(port=0, invoke=lambda _name, _event: None)
    server.start()
    url = server.url
    wanted = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url or url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    boto3.DEFAULT_SESSION = None
    try:
        with quick_moto.in_process(url), _clients_made_once():
            yield url
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        boto3.DEFAULT_SESSION = None
        server.stop()
