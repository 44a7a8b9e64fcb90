"""How the outcome of a job comes to be known."""

from __future__ import annotations

import json

import pytest

from dropreel.submit.holding import BATCH
from dropreel.submit.probe import MOST_ROUNDS
from infra.environments import Settings
from infra.machine import PAUSE_SECONDS
from tests.infra.synthesized import Assembly, Json, readable

MACHINES = pytest.mark.parametrize(("name", "task", "noun"), [("Watch", "Poll", "poll"), ("Gate", "Probe", "probe")])


def _machine(assembly: Assembly, name: str) -> Json:
    machine = assembly.of_type("AWS::StepFunctions::StateMachine")[f"{name}Machine"]
    return json.loads(readable(machine["DefinitionString"]))


@MACHINES
def test_a_machine_waits_asks_and_ends_when_its_function_says_so(
    each: Assembly, name: str, task: str, noun: str
) -> None:
    machine = _machine(each, name)
    states = machine["States"]
    assert machine["StartAt"] == "Wait"
    assert states["Wait"] == {"Type": "Wait", "SecondsPath": "$.wait", "Next": task}
    assert states[task]["Resource"].startswith(f"{name}{noun.capitalize()}Function")
    asked = states[states[task]["Next"]]
    assert asked["Choices"][0] == {"Variable": "$.done", "BooleanEquals": True, "Next": "Done"}
    assert asked["Default"] == "Wait"
    assert states["Done"] == {"Type": "Succeed"}


def test_an_answered_probe_is_followed_by_the_release_batch_by_batch(each: Assembly) -> None:
    states = _machine(each, "Gate")["States"]
    assert states["Answered?"]["Choices"][1] == {"Variable": "$.open", "BooleanEquals": True, "Next": "Release"}
    assert states["Release"]["Resource"] == states["Probe"]["Resource"]
    assert states["Release"]["Next"] == "Released?"
    assert states["Released?"] == {
        "Type": "Choice",
        "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "Done"}],
        "Default": "Release",
    }


@pytest.mark.parametrize(("name", "task"), [("Watch", "Poll"), ("Gate", "Probe"), ("Gate", "Release")])
def test_a_function_gets_the_whole_state_and_its_failure_never_ends_the_execution(
    dev: Assembly, name: str, task: str
) -> None:
    states = _machine(dev, name)["States"]
    state = states[task]
    assert not {"Parameters", "InputPath", "ResultSelector", "ResultPath", "OutputPath"} & set(state)
    (retry,) = state["Retry"]
    assert retry["ErrorEquals"] == ["States.ALL"]
    assert retry["BackoffRate"] > 1
    # Without a path for the error the state stays what it was, and no error's text gets into it.
    (caught,) = state["Catch"]
    pause = caught.pop("Next")
    assert caught == {"ErrorEquals": ["States.ALL"], "ResultPath": None}
    assert states[pause] == {"Type": "Wait", "Seconds": states[pause]["Seconds"], "Next": task}
    assert states[pause]["Seconds"] >= 60


def test_watch_ends_long_after_the_deadline_but_it_ends(each: Assembly) -> None:
    deadline = int(each.function("poll")["Environment"]["Variables"]["DEADLINE_SECONDS"])
    queues = each.of_type("AWS::SQS::Queue")
    (kept,) = {queue["MessageRetentionPeriod"] for name, queue in queues.items() if name.endswith("DeadLetters")}
    assert _machine(each, "Watch")["TimeoutSeconds"] == 2 * deadline + kept


def test_history_has_room_for_a_poll_that_fails_all_the_while(each: Assembly) -> None:
    watch = _machine(each, "Watch")
    # A state is entered and left, a try of a task is scheduled, started and ended.
    tries = 1 + sum(retry["MaxAttempts"] for retry in watch["States"]["Poll"]["Retry"])
    rounds = watch["TimeoutSeconds"] / watch["States"]["Pause"]["Seconds"]
    assert 1 + rounds * (2 + (2 + 3 * tries)) + 3 < 25_000  # of Step Functions, which ends what has more


def test_history_has_room_for_the_probes_of_one_execution(each: Assembly) -> None:
    probes = MOST_ROUNDS * ((2 + 3 + 2) + 2 + 2)
    releases = (25_000 - probes) / (2 + 3 + 2)
    assert releases * BATCH > 100_000, "so many held jobs are let go by one execution"


def test_an_execution_of_a_gate_hands_over_within_the_year_that_it_may_last() -> None:
    (longest,) = (each.le for each in Settings.model_fields["held_retry_seconds"].metadata if hasattr(each, "le"))
    assert MOST_ROUNDS * (longest + PAUSE_SECONDS) < 365 * 86_400  # "maximum execution time: 1 year"


@MACHINES
def test_a_function_is_given_longer_than_it_can_take(each: Assembly, name: str, task: str, noun: str) -> None:
    assert _machine(each, name)["States"][task]["TimeoutSeconds"] > each.function(noun)["Timeout"]


def test_machines_are_standard_and_traced_and_log_no_data(each: Assembly) -> None:
    machines = each.of_type("AWS::StepFunctions::StateMachine").values()
    assert len(machines) == 2
    for machine in machines:
        assert machine["StateMachineType"] == "STANDARD"
        assert machine["TracingConfiguration"] == {"Enabled": True}
        assert "LoggingConfiguration" not in machine


def test_machines_are_named_so_that_their_functions_can_know_them(dev: Assembly) -> None:
    for name in ("Watch", "Gate"):
        machine = dev.of_type("AWS::StepFunctions::StateMachine")[f"{name}Machine"]
        told = dev.function("probe")["Environment"]["Variables"][f"{name.upper()}_ARN"]
        assert readable(told).endswith(f":stateMachine:{machine['StateMachineName']}")


def test_the_api_has_one_route_and_only_that_may_invoke_callback(each: Assembly) -> None:
    (route,) = each.of_type("AWS::ApiGatewayV2::Route").values()
    (integration,) = each.of_type("AWS::ApiGatewayV2::Integration").values()
    (permission,) = each.of_type("AWS::Lambda::Permission").values()
    assert route["RouteKey"] == "POST /callbacks/{job_id}/{token}"
    assert readable(integration["IntegrationUri"]).startswith("CallbackFunction")
    assert integration["PayloadFormatVersion"] == "2.0"
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert readable(permission["SourceArn"]).endswith(":CallbackApi/*/*/callbacks/{job_id}/{token}")


def test_strangers_are_throttled(each: Assembly) -> None:
    (stage,) = each.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["StageName"] == "$default"
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 200, "ThrottlingRateLimit": 100}


def test_access_logs_hold_no_token(each: Assembly) -> None:
    (stage,) = each.of_type("AWS::ApiGatewayV2::Stage").values()
    assert set(json.loads(stage["AccessLogSettings"]["Format"]).values()) == {
        "$context.routeKey",
        "$context.status",
        "$context.requestTime",
        "$context.identity.sourceIp",
        "$context.requestId",
    }
    destination = readable(stage["AccessLogSettings"]["DestinationArn"])
    assert destination.endswith(":log-group:CallbackAccessLog")


def test_the_access_log_has_a_name_for_which_aws_needs_no_more_room_in_its_policy(each: Assembly) -> None:
    logs = each.of_type("AWS::Logs::LogGroup")
    named = {name: readable(log["LogGroupName"]) for name, log in logs.items() if "LogGroupName" in log}
    # Unique to this very stack: what a deleted one left behind stands in nobody's way.
    (stack,) = {function["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] for function in _all(each)}
    assert named == {"CallbackAccessLog": f"/aws/vendedlogs/{stack}-AWS::StackId[2]"}


def _all(assembly: Assembly) -> list[Json]:
    return list(assembly.of_type("AWS::Lambda::Function").values())


def test_gateways_call_the_domain_that_was_named(dev: Assembly, everything_set: Assembly) -> None:
    told = {
        name: readable(stack.function("submit")["Environment"]["Variables"]["CALLBACK_BASE_URL"])
        for name, stack in {"dev": dev, "everything set": everything_set}.items()
    }
    assert told == {"dev": "CallbackApi.ApiEndpoint", "everything set": "https://calls.example.com"}


def test_step_functions_may_use_the_roles_for_this_account_only(each: Assembly) -> None:
    roles = each.of_type("AWS::IAM::Role").values()
    trusts = [statement for role in roles for statement in role["AssumeRolePolicyDocument"]["Statement"]]
    states = [trust for trust in trusts if trust["Principal"] == {"Service": "states.amazonaws.com"}]
    assert len(states) == len(each.of_type("AWS::StepFunctions::StateMachine"))
    condition = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert [trust["Condition"] for trust in states] == [condition] * len(states)
