"""A template in moto, its functions in processes of their own, its queues and routes leading to them."""

import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError
from moto.apigatewayv2.models import apigatewayv2_backends
from moto.awslambda.models import EventSourceMapping, lambda_backends
from moto.core.base_backend import BackendDict
from moto.logs.models import logs_backends
from moto.sqs.models import sqs_backends

from local import cloudformation, queues
from local.assembly import Assembly
from local.function_logs import FunctionLogs
from local.functions import Function
from local.http_api import HttpApi, Page
from local.moto_server import ACCOUNT, REGION, MotoServer
from local.process import Definition
from local.runtime_api import Answer
from local.strict import permissions

#: processes of a function at most: of those that queues feed, which wait for others, and of the quick rest
_MOST_FED, _MOST_QUICK = 8, 4
#: seconds in which a function must have imported its code
_START_SECONDS = 30


class StartFailed(RuntimeError):
    """The stack could not be started; the message says what and why."""


class Laptop:
    """A stack that is up from `start` to `stop`; one at a time in a process, since moto keeps its state in globals."""

    #: what plays AWS and what runs a function; a benchmark counts with its own
    server: Callable[..., MotoServer] = MotoServer
    function: Callable[..., Function] = Function

    def __init__(
        self,
        *,
        name: str,
        port: int = 0,
        page: Page | None = None,
        door: socket.socket | None = None,
    ) -> None:
        self._name = name
        self._functions: dict[str, Function] = {}
        self._undo = ExitStack()
        #: logs, and what functions take for their home
        self.directory = Path(tempfile.mkdtemp(prefix="dropreel-"))
        self._undo.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.aws = self.server(port=port, invoke=self._invoke_by_name)
        self._undo.callback(self.aws.stop)
        self.api = HttpApi(invoke=self._invoke_route, page=page, at=door)
        self._undo.callback(self.api.stop)
        #: the template's outputs, once it is up
        self.outputs: Mapping[str, str] = {}

    def start(self, assembly: Assembly) -> Self:
        """Starts everything that the assembly holds, and returns when it is ready.

        Raises StartFailed.
        """
        self.aws.start()
        self.api.start()
        self._deploy(assembly)
        self._start_functions(assembly)
        self._start_queues()
        self._add_routes()
        return self

    def stop(self) -> None:
        """Ends everything, and waits until it is gone."""
        self._undo.close()
        BackendDict.reset()

    def client(self, service: str) -> Any:
        """An AWS client of this stack."""
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return boto3.client(service, endpoint_url=self.aws.url, region_name=REGION, **keys)  # type: ignore[call-overload]

    def _deploy(self, assembly: Assembly) -> None:
        cloudformation.Api.endpoint = self.api.url
        for name, parameter in assembly.template.get("Parameters", {}).items():
            # What `cdk bootstrap` leaves in an account.
            if name == "BootstrapVersion":
                self.client("ssm").put_parameter(Name=parameter["Default"], Value="30", Type="String")
        stacks = self.client("cloudformation")
        try:
            stacks.create_stack(StackName=self._name, TemplateBody=assembly.text())
        except ClientError as error:
            raise StartFailed(f"the stack can not be made: {error.response['Error']['Message']}") from error
        (stack,) = stacks.describe_stacks(StackName=self._name)["Stacks"]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise StartFailed(
                f"the stack is {stack['StackStatus']}: {stack.get('StackStatusReason', 'no reason given')}"
            )
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def _start_functions(self, assembly: Assembly) -> None:
        """Starts a process of each function, and waits until all have imported their code."""
        for definition in self._definitions(assembly):
            session = self.client("sts").assume_role(RoleArn=definition.role, RoleSessionName=definition.name)
            function = self.function(
                definition,
                session=session["Credentials"],
                endpoint_url=self.aws.url,
                region=REGION,
                log=self.directory / f"{definition.name}.log",
                home=self.directory,
            )
            self._functions[definition.name] = function
            self._undo.callback(function.stop)
            function.start()
        for name, function in self._functions.items():
            if problem := function.wait_until_ready(_START_SECONDS):
                raise StartFailed(f"function {name} can not start: {problem}")
        groups = {function.log: function.definition.log_group for function in self._functions.values()}
        self._undo.callback(FunctionLogs(groups, logs_backends[ACCOUNT][REGION]).start().stop)

    def _definitions(self, assembly: Assembly) -> list[Definition]:
        """The functions as moto has resolved them, with the code and layers that the template names."""
        resources = assembly.template["Resources"]
        made = self.client("cloudformation").describe_stack_resources(StackName=self._name)["StackResources"]
        names = {resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "") for resource in made}
        fed = {mapping.function_arn for mapping in self._mappings()}
        definitions = []
        for logical_id, resource in resources.items():
            if resource["Type"] == "AWS::Lambda::Function":
                properties = resource["Properties"]
                function = lambda_backends[ACCOUNT][REGION].get_function(names[logical_id])
                layers = [resources[layer["Ref"]]["Properties"]["Content"] for layer in properties.get("Layers", [])]
                definition = Definition(
                    name=function.function_name,
                    arn=function.function_arn,
                    handler=str(function.handler),
                    timeout=float(function.timeout),
                    memory_mb=int(function.memory_size),
                    role=str(function.role),
                    environment=function.environment_vars,
                    log_group=_log_group(properties, names, function.function_name),
                    code=assembly.assets[properties["Code"]["S3Key"]],
                    layers=tuple(assembly.assets[layer["S3Key"]] for layer in layers),
                    most=_MOST_FED if function.function_arn in fed else _MOST_QUICK,
                    reserved=function.reserved_concurrency,
                )
                definitions.append(definition)
        return definitions

    def _mappings(self) -> list[EventSourceMapping]:
        return list(lambda_backends[ACCOUNT][REGION]._event_source_mappings.values())

    def _start_queues(self) -> None:
        for made in self._mappings():
            function = self._functions[_function_name(made.function_arn)]
            self._check_that_lambda_may_take(function.definition, made.event_source_arn)
            asked = (made.scaling_config or {}).get("MaximumConcurrency", _MOST_FED)
            mapping = queues.Mapping(
                queue_name=made.event_source_arn.rpartition(":")[2],
                queue_arn=made.event_source_arn,
                batch_size=made.batch_size,
                reports_failures="ReportBatchItemFailures" in (made.function_response_types or []),
                concurrency=min(int(asked), function.definition.most),
            )
            backend = sqs_backends[ACCOUNT][REGION]
            poller = queues.Poller(mapping, backend=backend, region=REGION, invoke=function.invoke)
            self._undo.callback(poller.stop)
            # A function that ends lets go of the messages that its poller waits for.
            self._undo.callback(function.stop)
            poller.start()

    def _check_that_lambda_may_take(self, definition: Definition, queue_arn: str) -> None:
        """Raises StartFailed where CreateEventSourceMapping would say that the function's role does not allow it."""
        for action in permissions.TAKES:
            if not permissions.may(definition.role, permissions.Call(action, queue_arn)):
                raise StartFailed(f"the role of {definition.name} does not allow {action} on {queue_arn}")

    def _add_routes(self) -> None:
        for api in apigatewayv2_backends[ACCOUNT][REGION].get_apis():
            for route in api.get_routes():
                integration = api.get_integration(str(route.target).removeprefix("integrations/"))
                self.api.add_route(route.route_key, _function_name(str(integration.integration_uri)))

    def _invoke_by_name(self, name: str, event: bytes) -> Answer | None:
        function = self._functions.get(name)
        return function.invoke(event) if function else None

    def _invoke_route(self, name: str, event: bytes) -> Answer:
        return self._functions[name].invoke(event)


def _log_group(properties: Mapping[str, Any], names: Mapping[str, str], function: str) -> str:
    """The log group that a function has been given, or else the one that Lambda makes for it."""
    named = properties.get("LoggingConfig", {}).get("LogGroup", {})
    return names[named["Ref"]] if named else f"/aws/lambda/{function}"


def _function_name(arn: str) -> str:
    """The name in a function's ARN, or in the address that API Gateway makes of it."""
    found = re.search(r":function:([^:/]+)", arn)
    if found is None:
        raise StartFailed(f"{arn} is no function")
    return found[1]
