"""What each function is told, may do, and runs on."""

from __future__ import annotations

import pytest

from dropreel import settings
from dropreel.delivery.delivery import LONGEST_COPY
from dropreel.gateways import wire
from dropreel.transfer.addresses import CONNECT, TIMEOUT
from dropreel.transfer.fetching import BEGIN
from tests.infra.synthesized import Assembly, Json, listed, readable, service

_GATEWAYS = {
    "PIXAZO_URL": "https://gateway.pixazo.ai",
    "PIXAZO_SECRET": "GatewaysPixazo",
    "AIMLAPI_URL": "https://api.aimlapi.com",
    "AIMLAPI_SECRET": "GatewaysAimlapi",
    "ALLOW_LOOPBACK": "false",
}
_QUEUES = {"INTAKE_QUEUE_URL": "QueuesIntakeQueue", "DELIVER_QUEUE_URL": "QueuesDeliverQueue"}
_STATES = "arn:AWS::Partition:states:AWS::Region:AWS::AccountId"
_WATCH_ARN = f"{_STATES}:stateMachine:Dropreel-dev-Watch"
_SENDING = {
    **_GATEWAYS,
    **_QUEUES,
    "JOBS_TABLE": "Jobs",
    "GATES_TABLE": "Gates",
    "INBOX_BUCKET": "Inbox",
    "OUTBOX_BUCKET": "Outbox",
    "WATCH_ARN": _WATCH_ARN,
    "GATE_ARN": f"{_STATES}:stateMachine:Dropreel-dev-Gate",
    "EVENT_BUS": "dropreel-dev",
    "CALLBACK_BASE_URL": "CallbackApi.ApiEndpoint",
    "QUIET_SECONDS": "5",
    "WEBHOOKS": "true",
    "PROGRESS": "false",
    "FIRST_POLL_SECONDS": "180",
    "POLL_SECONDS": "10",
    "DEADLINE_SECONDS": "3600",
    "HELD_RETRY_SECONDS": "300",
    "DAILY_BUDGET_USD": "",
    "DEFAULT_PRICE_USD": "1.00",
}
_VARIABLES = {
    "submit": _SENDING,
    "probe": _SENDING,
    "callback": {"JOBS_TABLE": "Jobs", "DELIVER_QUEUE_URL": "QueuesDeliverQueue"},
    "poll": {
        **_GATEWAYS,
        **_QUEUES,
        "JOBS_TABLE": "Jobs",
        "POLL_SECONDS": "10",
        "DEADLINE_SECONDS": "3600",
        "MAX_ERROR_RETRIES": "2",
        "RESUBMIT_UNKNOWN": "false",
    },
    "deliver": {
        **_GATEWAYS,
        **_QUEUES,
        "JOBS_TABLE": "Jobs",
        "GATES_TABLE": "Gates",
        "OUTBOX_BUCKET": "Outbox",
        "WATCH_ARN": _WATCH_ARN,
        "EVENT_BUS": "dropreel-dev",
        "MAX_ERROR_RETRIES": "2",
        "MEDIA_HOSTS": "",
    },
}
_ALL = sorted(_VARIABLES)


@pytest.mark.parametrize("noun", _ALL)
def test_a_function_is_told_what_it_needs_and_nothing_else(dev: Assembly, noun: str) -> None:
    powertools = {
        "POWERTOOLS_SERVICE_NAME": noun,
        "POWERTOOLS_METRICS_NAMESPACE": "Dropreel-dev",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    assert _variables(dev, noun) == {**_VARIABLES[noun], **powertools}


def _variables(assembly: Assembly, noun: str) -> dict[str, str]:
    return {name: readable(text) for name, text in assembly.function(noun)["Environment"]["Variables"].items()}


@pytest.mark.parametrize(
    ("noun", "kind"),
    [
        ("submit", settings.SubmitSettings),
        ("probe", settings.SubmitSettings),
        ("callback", settings.CallbackSettings),
        ("poll", settings.PollSettings),
        ("deliver", settings.DeliverSettings),
    ],
)
def test_functions_can_read_what_they_are_told(each: Assembly, noun: str, kind: type) -> None:
    assert settings.read(kind, _variables(each, noun))


def test_functions_are_told_what_was_set(everything_set: Assembly) -> None:
    told = _variables(everything_set, "submit")
    told |= _variables(everything_set, "poll") | _variables(everything_set, "deliver")
    assert {
        "QUIET_SECONDS": "0",
        "WEBHOOKS": "false",
        "PROGRESS": "true",
        "FIRST_POLL_SECONDS": "30",
        "POLL_SECONDS": "20",
        "DEADLINE_SECONDS": "60",
        "MAX_ERROR_RETRIES": "0",
        "HELD_RETRY_SECONDS": "60",
        "RESUBMIT_UNKNOWN": "true",
        "DAILY_BUDGET_USD": "12.50",
        "DEFAULT_PRICE_USD": "0.75",
        "MEDIA_HOSTS": "cdn.example.com,media.example.com",
        "PIXAZO_URL": "https://pixazo.example.com",
        "AIMLAPI_URL": "https://aimlapi.example.com",
    }.items() <= told.items()


def test_plain_http_is_allowed_on_a_laptop_only(each: Assembly, local: Assembly) -> None:
    expected = "true" if each == local else "false"
    assert {_variables(each, noun)["ALLOW_LOOPBACK"] for noun in ("submit", "poll", "probe", "deliver")} == {expected}


_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
_TAKE = {f"sqs:{verb}" for verb in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")}
_WRITE = {f"dynamodb:{verb}Item" for verb in ("Get", "Put", "Update", "Delete")}
_SEND_BOTH = {"QueuesIntakeQueue.Arn": {"sqs:SendMessage"}, "QueuesDeliverQueue.Arn": {"sqs:SendMessage"}}
_KEYS = {key: {"secretsmanager:GetSecretValue"} for key in ("GatewaysPixazo", "GatewaysAimlapi")}
_STOP = {f"{_STATES}:execution:Dropreel-{{env}}-Watch:*": {"states:StopExecution"}}
_START = {
    f"{_STATES}:{kind}:Dropreel-{{env}}-{name}{end}": {f"states:{verb}Execution"}
    for name in ("Watch", "Gate")
    for kind, end, verb in (("stateMachine", "", "Start"), ("execution", ":*", "Stop"))
}
_TRACE = {"*": {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}}
_MACHINE = {"*": _TRACE["*"] | {"xray:GetSamplingRules", "xray:GetSamplingTargets"}}
_SENDS = {
    "Inbox.Arn": {"s3:ListBucket"},
    "Inbox.Arn/*": {"s3:GetObject", "s3:GetObjectVersion"},
    "Outbox.Arn/*": {"s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"},
    "Jobs.Arn": _WRITE - {"dynamodb:DeleteItem"},
    "Gates.Arn": _WRITE,
    "QueuesDeliverQueue.Arn": {"sqs:SendMessage"},
    "Bus.Arn": {"events:PutEvents"},
    **_START,
    **_KEYS,
    **_TRACE,
}
_GRANTS = {
    "CallbackRole": {
        "CallbackLog.Arn": _LOG,
        "Jobs.Arn": {"dynamodb:UpdateItem"},
        "QueuesDeliverQueue.Arn": {"sqs:SendMessage"},
        **_TRACE,
    },
    "WatchPollRole": {
        "WatchPollLog.Arn": _LOG,
        "Jobs.Arn": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        **_SEND_BOTH,
        **_KEYS,
        **_TRACE,
    },
    "DeliveryDeliverRole": {
        "DeliveryDeliverLog.Arn": _LOG,
        "Jobs.Arn": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        "Gates.Arn": {"dynamodb:UpdateItem"},
        "Outbox.Arn/*": {"s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObject"},
        **_STOP,
        "Bus.Arn": {"events:PutEvents"},
        "QueuesIntakeQueue.Arn": {"sqs:SendMessage"},
        "QueuesDeliverQueue.Arn": _TAKE,
        **_KEYS,
        **_TRACE,
    },
    "IntakeSubmitRole": {
        "IntakeSubmitLog.Arn": _LOG,
        "Jobs.Arn/index/attention": {"dynamodb:Query"},
        **_SENDS,
        "Jobs.Arn": _WRITE,
        "QueuesIntakeQueue.Arn": _TAKE,
    },
    "GateProbeRole": {
        "GateProbeLog.Arn": _LOG,
        **_SENDS,
        "Gates.Arn": _WRITE | {"dynamodb:Query"},
        "QueuesIntakeQueue.Arn": {"sqs:SendMessage"},
    },
    "GateRole": {"GateProbeFunction.Arn": {"lambda:InvokeFunction"}, **_MACHINE},
    "WatchRole": {
        "WatchPollFunction.Arn": {"lambda:InvokeFunction"},
        **_MACHINE,
    },
}


def test_roles_may_do_exactly_what_their_owners_do(dev: Assembly, prod: Assembly) -> None:
    for env, assembly in (("dev", dev), ("prod", prod)):
        expected = {role: {on.format(env=env): may for on, may in grants.items()} for role, grants in _GRANTS.items()}
        assert _grants(assembly) == expected


def _grants(assembly: Assembly) -> dict[str, dict[str, set[str]]]:
    grants: dict[str, dict[str, set[str]]] = {}
    for role, statement in assembly.statements():
        assert statement["Effect"] == "Allow"
        for resource in listed(statement["Resource"]):
            grants.setdefault(role, {}).setdefault(readable(resource), set()).update(listed(statement["Action"]))
    return grants


def test_no_statement_allows_any_action_or_any_resource_but_to_trace(each: Assembly) -> None:
    for _, statement in each.statements():
        actions = listed(statement["Action"])
        assert not [action for action in actions if "*" in action]
        assert "*" not in listed(statement["Resource"]) or all(action.startswith("xray:") for action in actions)


def test_no_role_has_a_policy_that_somebody_else_wrote(each: Assembly) -> None:
    roles = each.of_type("AWS::IAM::Role")
    assert len(roles) == 7
    assert not [name for name, role in roles.items() if "ManagedPolicyArns" in role]


def test_messages_may_name_files_in_the_media_buckets(everything_set: Assembly) -> None:
    submit = _grants(everything_set)["IntakeSubmitRole"]
    for bucket in ("first-bucket", "second-bucket"):
        assert submit[f"arn:AWS::Partition:s3:::{bucket}"] == {"s3:ListBucket"}
        assert submit[f"arn:AWS::Partition:s3:::{bucket}/*"] == {"s3:GetObject", "s3:GetObjectVersion"}


@pytest.mark.parametrize(
    ("noun", "timeout", "memory", "layers"),
    [
        ("submit", 300, 512, {"RuntimeCore", "RuntimeVendor", "RuntimeHttp", "RuntimeCatalog"}),
        ("callback", 10, 256, {"RuntimeCore", "RuntimeVendor"}),
        ("poll", 60, 256, {"RuntimeCore", "RuntimeVendor", "RuntimeHttp"}),
        ("probe", 300, 512, {"RuntimeCore", "RuntimeVendor", "RuntimeHttp", "RuntimeCatalog"}),
        ("deliver", 900, 512, {"RuntimeCore", "RuntimeVendor", "RuntimeHttp"}),
    ],
)
def test_functions_have_time_room_and_their_layers(
    each: Assembly, noun: str, timeout: int, memory: int, layers: set[str]
) -> None:
    function = each.function(noun)
    assert (function["Timeout"], function["MemorySize"]) == (timeout, memory)
    assert {readable(layer) for layer in function["Layers"]} == layers
    assert function["Handler"] == "handler.handler"


def test_functions_are_traced_and_their_logs_forget(dev: Assembly, everything_set: Assembly) -> None:
    for assembly, days in ((dev, 7), (everything_set, 90)):
        logs = assembly.of_type("AWS::Logs::LogGroup")
        assert {log["RetentionInDays"] for log in logs.values()} == {days}
        for function in _functions(assembly):
            assert function["TracingConfig"] == {"Mode": "Active"}
            assert readable(function["LoggingConfig"]["LogGroup"]) in logs


def _functions(assembly: Assembly) -> list[Json]:
    functions = list(assembly.of_type("AWS::Lambda::Function").values())
    assert sorted(service(function) for function in functions) == _ALL
    return functions


def test_functions_run_where_they_were_asked_to(dev: Assembly, everything_set: Assembly) -> None:
    for assembly, runtime, architecture in (
        (dev, "python3.13", "arm64"),
        (everything_set, "python3.12", "x86_64"),
    ):
        for function in _functions(assembly):
            assert (function["Runtime"], function["Architectures"]) == (runtime, [architecture])


def test_snapshots_are_of_published_versions_and_are_what_is_invoked(dev: Assembly, everything_set: Assembly) -> None:
    assert not dev.of_type("AWS::Lambda::Alias")
    assert all("SnapStart" not in function for function in _functions(dev))
    aliases = everything_set.of_type("AWS::Lambda::Alias")
    assert len(aliases) == 5
    assert all(each["SnapStart"] == {"ApplyOn": "PublishedVersions"} for each in _functions(everything_set))
    mappings = everything_set.of_type("AWS::Lambda::EventSourceMapping").values()
    (integration,) = everything_set.of_type("AWS::ApiGatewayV2::Integration").values()
    machines = everything_set.of_type("AWS::StepFunctions::StateMachine").values()
    # A mapping takes the function's name, which is part of the alias's ARN, and the alias's name.
    invoked = [readable(each["FunctionName"]).removesuffix("[6]:live") for each in mappings]
    assert {*invoked, readable(integration["IntegrationUri"])} <= set(aliases)
    definitions = " ".join(readable(machine["DefinitionString"]) for machine in machines)
    used = {name for name in aliases if name in definitions}
    assert used == {"WatchPollFunctionAliaslive", "GateProbeFunctionAliaslive"}


def test_a_copy_that_takes_too_long_is_over_before_its_function_is(each: Assembly) -> None:
    asks = sum(wire.TIMEOUT.as_dict()[step] or 0 for step in ("connect", "write", "read"))
    # Whether it has taken too long is asked all the while, but for an answer's beginning and a read.
    unheard = BEGIN + CONNECT + TIMEOUT
    assert asks + LONGEST_COPY + unheard < each.function("deliver")["Timeout"]
