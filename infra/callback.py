"""Where the gateways call back."""

from __future__ import annotations

import json

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.function import Function
from infra.queues import Queue
from infra.runtime import Runtime


class Callback(Construct):
    """A public address that can do one thing: say that a job may have got on."""

    def __init__(
        self, scope: Construct, name: str, *, runtime: Runtime, jobs: dynamodb.Table, deliver_queue: Queue
    ) -> None:
        super().__init__(scope, name)
        self._domain = runtime.settings.callback_domain
        self.function = Function(
            self,
            "callback",
            runtime=runtime,
            layers=[runtime.core, runtime.vendor],
            timeout=Duration.seconds(10),
            memory=256,
            variables={"JOBS_TABLE": jobs.table_name, "DELIVER_QUEUE_URL": deliver_queue.queue.queue_url},
        )
        self.function.allow("dynamodb:UpdateItem", on=[jobs.table_arn])
        deliver_queue.allow_sending(self.function)
        self.api = api.HttpApi(self, "Api", api_name=Stack.of(self).stack_name, create_default_stage=False)
        (route,) = self.api.add_routes(
            path="/callbacks/{job_id}/{token}",
            methods=[api.HttpMethod.POST],
            integration=HttpLambdaIntegration("Callback", self.function.target),
        )
        acknowledge(
            route,
            {"AwsSolutions-APIG4": "Gateways sign nothing; a random token in the path tells strangers apart."},
        )
        log = runtime.log(self, "AccessLog", vended=True)
        api.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=api.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=100, throttling_burst_limit=200
            ),
            access_log_settings=api.CfnStage.AccessLogSettingsProperty(
                destination_arn=Stack.of(self).format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=log.log_group_name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                ),
                # The route and never the path, which holds the token.
                format=json.dumps(
                    {
                        "routeKey": "$context.routeKey",
                        "status": "$context.status",
                        "time": "$context.requestTime",
                        "ip": "$context.identity.sourceIp",
                        "requestId": "$context.requestId",
                    }
                ),
            ),
        )

    @property
    def base_url(self) -> str:
        """What a callback's URL begins with."""
        return f"https://{self._domain}" if self._domain else self.api.api_endpoint
