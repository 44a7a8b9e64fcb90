"""How the outcome of a job comes to be known."""

from __future__ import annotations

import json

from dropreel.watching import LONGEST_ROUND, ROUND, next_round
from tests.infra.synthesized import Assembly, Json, readable


def _watch(assembly: Assembly) -> Json:
    (machine,) = assembly.of_type("AWS::StepFunctions::StateMachine").values()
    return json.loads(readable(machine["DefinitionString"]))


def test_watch_waits_asks_and_ends_when_poll_says_so(each: Assembly) -> None:
    watch = _watch(each)
    states = watch["States"]
    assert watch["StartAt"] == "Wait"
    assert states["Wait"] == {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Poll"}
    assert states["Poll"]["Resource"].startswith("WatchPollFunction")
    assert states["Poll"]["Next"] == "Done?"
    (done,) = states["Done?"]["Choices"]
    assert done == {"Variable": "$.done", "BooleanEquals": True, "Next": "Done"}
    assert states["Done?"]["Default"] == "Wait"
    assert states["Done"] == {"Type": "Succeed"}


def test_poll_gets_the_whole_state_and_returns_the_next(dev: Assembly) -> None:
    poll = _watch(dev)["States"]["Poll"]
    assert not {"Parameters", "InputPath", "ResultSelector", "ResultPath", "OutputPath"} & set(poll)


def test_broken_poll_is_tried_again_and_never_ends_the_watch(dev: Assembly) -> None:
    poll = _watch(dev)["States"]["Poll"]
    (retry,) = poll["Retry"]
    assert retry["ErrorEquals"] == ["States.ALL"]
    assert retry["BackoffRate"] > 1
    # Without a path for the error the state stays what it was, and no error's text gets into it.
    assert poll["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Pause"}]
    assert _watch(dev)["States"]["Pause"] == {"Type": "Wait", "Seconds": 900, "Next": "Poll"}


def test_watch_ends_long_after_the_deadline_but_it_ends(dev: Assembly, everything_set: Assembly) -> None:
    two_weeks = 14 * 86_400
    assert _watch(dev)["TimeoutSeconds"] == 3600 + two_weeks
    assert _watch(everything_set)["TimeoutSeconds"] == 60 + two_weeks


def test_watch_lasts_as_long_as_dead_letters_are_kept(each: Assembly) -> None:
    queues = each.of_type("AWS::SQS::Queue")
    kept = {queue["MessageRetentionPeriod"] for name, queue in queues.items() if name.endswith("DeadLetters")}
    assert {
        _watch(each)["TimeoutSeconds"] - int(each.function("submit")["Environment"]["Variables"]["DEADLINE_SECONDS"])
    } == kept


def test_history_has_room_for_all_rounds_whether_poll_works_or_fails(each: Assembly) -> None:
    watch = _watch(each)
    # A state is entered and left, a try of a task is scheduled, started and ended; the choice is for one that works.
    tries = 1 + sum(retry["MaxAttempts"] for retry in watch["States"]["Poll"]["Retry"])
    works, fails = 2 + (2 + 3) + 2, 2 + (2 + 3 * tries)
    assert watch["States"]["Pause"]["Seconds"] >= LONGEST_ROUND, "so that no round of either kind follows sooner"
    overdue, rounds = float(ROUND), 0
    while overdue < watch["TimeoutSeconds"]:
        rounds += 1
        overdue += next_round(overdue)
    assert 1 + rounds * max(works, fails) + 3 < 25_000  # of Step Functions, which ends what has more


def test_poll_is_given_longer_than_it_can_take(each: Assembly) -> None:
    assert _watch(each)["States"]["Poll"]["TimeoutSeconds"] > each.function("poll")["Timeout"]


def test_watch_is_standard_and_traced_and_logs_no_data(each: Assembly) -> None:
    (machine,) = each.of_type("AWS::StepFunctions::StateMachine").values()
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert "LoggingConfiguration" not in machine


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
