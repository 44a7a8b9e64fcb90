"""dropreel at a glance."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_events as events
from constructs import Construct

from infra.callback import Callback
from infra.delivery import Delivery
from infra.environments import Environment
from infra.gate import Gate
from infra.gateways import Gateways
from infra.intake import Intake
from infra.monitoring import Monitoring
from infra.queues import Queues
from infra.runtime import Runtime
from infra.sending import Sending
from infra.storage import Storage
from infra.watch import Watch


class Dropreel(Stack):
    """Files dropped into the inbox become jobs; callbacks and polls bring their outcomes to the outbox."""

    def __init__(self, scope: Construct, *, environment: Environment) -> None:
        super().__init__(scope, f"Dropreel-{environment.name}", termination_protection=environment.keeps_data)
        # The CDK makes a function depend on its role and on the role's policy; the first says nothing new.
        self.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ["W3005"]}}}
        storage = Storage(self, "Storage", environment=environment)
        queues = Queues(self, "Queues", quiet_seconds=environment.settings.quiet_seconds)
        bus = events.CfnEventBus(self, "Bus", name=f"dropreel-{environment.name}")
        gateways = Gateways(self, "Gateways", environment=environment)
        runtime = Runtime(self, "Runtime", environment=environment)
        callback = Callback(self, "Callback", runtime=runtime, jobs=storage.jobs, deliver_queue=queues.deliver)
        watch = Watch(self, "Watch", runtime=runtime, jobs=storage.jobs, gateways=gateways, queues=queues)
        sending = Sending(
            settings=environment.settings,
            storage=storage,
            gateways=gateways,
            queues=queues,
            bus=bus,
            watch=watch,
            callback_base_url=callback.base_url,
        )
        intake = Intake(self, "Intake", runtime=runtime, sending=sending)
        gate = Gate(self, "Gate", runtime=runtime, sending=sending)
        delivery = Delivery(
            self, "Delivery", runtime=runtime, storage=storage, gateways=gateways, queues=queues, bus=bus, watch=watch
        )
        functions = [intake.function, callback.function, watch.poll, gate.probe, delivery.function]
        machines = [("watch", watch.arn), ("gate", gate.arn)]
        Monitoring(self, "Monitoring", environment=environment, queues=queues, functions=functions, machines=machines)

        CfnOutput(self, "InboxBucket", value=storage.inbox.bucket_name)
        CfnOutput(self, "OutboxBucket", value=storage.outbox.bucket_name)
        CfnOutput(self, "QueueUrl", value=queues.intake.queue.queue_url)
        CfnOutput(self, "CallbackUrl", value=callback.base_url)
        CfnOutput(self, "JobsTable", value=storage.jobs.table_name)
        CfnOutput(self, "EventBus", value=bus.name)
