"""What tells a person that something needs one: each alarm with what to do, and a dashboard that shows it all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from dropreel.aws.batch import LONGEST_PAUSE
from tests.infra.measuring import ROOT, who_measures
from tests.infra.synthesized import Assembly, Json, readable

ALARMS = {
    "IntakeDeadLetters": "dropreel redrive",
    "DeliverDeadLetters": "start-message-move-task",
    "IntakeWaits": "submit_concurrency",
    "DeliverWaits": "deliver_concurrency",
    "PixazoRefuses": "dropreel/dev/pixazo",
    "AimlapiRefuses": "dropreel/dev/aimlapi",
    "PixazoBusy": "submit_concurrency",
    "AimlapiBusy": "submit_concurrency",
    "Unknown": "dropreel adopt",
    "Budget": "daily_budget_usd",
    "Failing": "--status FAILED",
    "Failures": "log",
    "Crashes": "log",
    "Throttled": "quota",
    "Loop": "dropreel redrive --env dev",
    "Executions": "dropreel jobs --env dev",
    "Strangers": "callback_domain",
}


def _alarm(assembly: Assembly, name: str) -> Json:
    return assembly.of_type("AWS::CloudWatch::Alarm")[f"Monitoring{name}"]


def _watched(alarm: Json) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of all metrics that an alarm looks at."""
    metrics = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [alarm]
    for metric in metrics:
        dimensions = {each["Name"]: readable(each["Value"]) for each in metric["Dimensions"]}
        yield metric["Namespace"], metric["MetricName"], dimensions


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_to_do_and_reaches_the_topic(dev: Assembly, name: str) -> None:
    alarm = _alarm(dev, name)
    assert ALARMS[name] in alarm["AlarmDescription"]
    assert "{" not in alarm["AlarmDescription"]
    assert len(alarm["AlarmDescription"]) <= 1024  # CloudWatch's limit
    assert [readable(action) for action in alarm["AlarmActions"]] == ["MonitoringAlarms"]
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_there_is_no_other_alarm(each: Assembly) -> None:
    assert set(each.of_type("AWS::CloudWatch::Alarm")) == {f"Monitoring{name}" for name in ALARMS}


def test_the_page_about_operations_has_a_row_for_every_alarm() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    rows = re.findall(r"^\|([^|]+)\|", page.partition("\n## Alarms\n")[2].partition("\n## ")[0], re.MULTILINE)
    assert {name.strip() for row in rows[2:] for name in row.split(",")} == set(ALARMS)


def test_a_single_dead_letter_rings(each: Assembly) -> None:
    for name in ("IntakeDeadLetters", "DeliverDeadLetters"):
        alarm = _alarm(each, name)
        ((_, metric, dimensions),) = _watched(alarm)
        assert (metric, dimensions) == ("ApproximateNumberOfMessagesVisible", {"QueueName": f"Queues{name}.QueueName"})
        assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)


def test_a_message_may_be_put_off_and_survive_a_crash_before_its_age_rings(each: Assembly) -> None:
    queues = each.of_type("AWS::SQS::Queue")
    for name in ("Intake", "Deliver"):
        alarm = _alarm(each, f"{name}Waits")
        ((_, metric, dimensions),) = _watched(alarm)
        assert (metric, dimensions["QueueName"]) == (
            "ApproximateAgeOfOldestMessage",
            f"Queues{name}Queue.QueueName",
        )
        assert alarm["Threshold"] > LONGEST_PAUSE + queues[f"Queues{name}Queue"]["VisibilityTimeout"]


def _period(alarm: Json) -> int:
    """Seconds of each of the periods that an alarm adds up."""
    (period,) = {each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each}
    return int(period)


def test_a_refusal_rings_when_the_next_probe_is_refused_too(dev: Assembly, everything_set: Assembly) -> None:
    alarm = _alarm(dev, "PixazoRefuses")
    assert list(_watched(alarm)) == [
        ("Dropreel-dev", "GatewayRefusal", {"service": function, "gateway": "pixazo"})
        for function in ("submit", "probe")
    ]
    assert (alarm["Threshold"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 2, 3)
    assert _period(alarm) == 300  # held_retry_seconds
    assert _period(_alarm(everything_set, "AimlapiRefuses")) == 300  # not less than it, though probed each minute


def test_a_lost_answer_rings_wherever_it_is_noticed(dev: Assembly) -> None:
    watched = list(_watched(_alarm(dev, "Unknown")))
    assert {name for _, name, _ in watched} == {"Unknown"}
    assert {dimensions["service"] for _, _, dimensions in watched} == who_measures("Unknown") != set()


def test_messages_that_fail_ring_wherever_they_do(dev: Assembly) -> None:
    alarm = _alarm(dev, "Failures")
    watched = list(_watched(alarm))
    assert {name for _, name, _ in watched} == {"Failure"}
    assert {dimensions["service"] for _, _, dimensions in watched} == who_measures("Failure") != set()
    assert {each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each} == {15 * 60}
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (5, 1)


def test_a_gateway_that_is_busy_for_a_moment_rings_nobody(dev: Assembly, everything_set: Assembly) -> None:
    alarm = _alarm(dev, "AimlapiBusy")
    assert list(_watched(alarm)) == [
        ("Dropreel-dev", "GatewayBusy", {"service": function, "gateway": "aimlapi"}) for function in ("submit", "probe")
    ]
    assert (alarm["Threshold"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 3, 4)
    assert _period(alarm) == 1800
    assert _period(_alarm(everything_set, "PixazoBusy")) == 1800  # at least one probe of a held gateway in each


def test_a_gateway_that_is_probed_once_a_day_is_probed_in_every_period_of_its_alarms(slow: Assembly) -> None:
    for name in ("PixazoRefuses", "PixazoBusy"):
        alarm = _alarm(slow, name)
        assert _period(alarm) == 86_400
        assert alarm["EvaluationPeriods"] <= 7  # CloudWatch looks back no further than a week


def test_nobody_listens_to_a_function_that_says_no_such_thing(each: Assembly) -> None:
    alarms = each.of_type("AWS::CloudWatch::Alarm").values()
    heard = {(name, about["service"]) for alarm in alarms for _, name, about in _watched(alarm) if "service" in about}
    _, body = _dashboard(each)
    shown = [metric for widget in body["widgets"] for metric in widget["properties"]["metrics"] if "service" in metric]
    heard |= {(metric[1], metric[metric.index("service") + 1]) for metric in shown}
    assert len(heard) > 15
    assert {(name, service) for name, service in heard if service not in who_measures(name)} == set()


def test_the_budget_rings_at_80_per_cent(each: Assembly) -> None:
    alarm = _alarm(each, "Budget")
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == ("BudgetUsed", "Maximum", 80)


def test_a_rate_of_failures_takes_more_than_a_job_or_two(dev: Assembly) -> None:
    alarm = _alarm(dev, "Failing")
    (expression,) = (metric["Expression"] for metric in alarm["Metrics"] if "Expression" in metric)
    names = {name for _, name, _ in _watched(alarm)}
    assert names == {"Failed", "Expired", "Succeeded"}
    # The expression in Python's words: 4 of 4 is no rate yet, 1 of 5 is the threshold.
    found = re.fullmatch(r"IF\((.*) >= (\d+), (.*), 0\)", expression)
    assert found
    both, least, share = (re.sub(r"FILL\((\w+), 0\)", r"\1", text) for text in found.groups())

    def rate(failed: int, succeeded: int) -> float:
        values = {"part0": failed, "part1": 0, "rest0": succeeded}
        ended, of = (eval(text, {}, values) for text in (both, share))  # noqa: S307
        return float(of) if ended >= int(least) else 0.0

    assert [rate(1, 4), rate(5, 5)] == [20, 50]
    assert rate(4, 0) == 0
    assert alarm["Threshold"] == 20


def test_environments_do_not_hear_each_other(each: Assembly) -> None:
    own = {function["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] for function in _functions(each)}
    alarms = each.of_type("AWS::CloudWatch::Alarm").values()
    heard = {namespace for alarm in alarms for namespace, _, _ in _watched(alarm)} - {
        "AWS/SQS",
        "AWS/Lambda",
        "AWS/States",
    }
    assert own == heard
    assert len(own) == 1


def _functions(assembly: Assembly) -> list[Json]:
    return [
        function
        for function in assembly.of_type("AWS::Lambda::Function").values()
        if "POWERTOOLS_METRICS_NAMESPACE" in function.get("Environment", {}).get("Variables", {})
    ]


def test_alarms_may_publish_to_their_topic(each: Assembly) -> None:
    (policy,) = each.of_type("AWS::SNS::TopicPolicy").values()
    (allowed,) = (statement for statement in policy["PolicyDocument"]["Statement"] if statement["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"


def _dashboard(assembly: Assembly) -> tuple[str, Json]:
    """The dashboard's name and body, with references written as names."""
    (found,) = assembly.of_type("AWS::CloudWatch::Dashboard").values()
    body: Json = json.loads(readable(found["DashboardBody"]))
    return found["DashboardName"], body


def test_the_dashboard_shows_everything_that_an_alarm_watches(each: Assembly) -> None:
    _, body = _dashboard(each)
    shown = json.dumps(body)
    for alarm in each.of_type("AWS::CloudWatch::Alarm").values():
        for _, name, dimensions in _watched(alarm):
            assert f'"{name}"' in shown, name
            assert all(value in shown for value in dimensions.values())


def test_the_dashboard_shows_jobs_gateways_money_news_and_queues(dev: Assembly) -> None:
    name, body = _dashboard(dev)
    assert name == "Dropreel-dev"
    assert [widget["properties"]["title"] for widget in body["widgets"]] == [
        "What came in",
        "How jobs ended",
        "Oldest message",
        "Dead letters",
        "Gateways' latency",
        "Gateways' refusals",
        "Money sent a day, by model (an estimate)",
        "Budget of the day",
        "Ends that a callback brought before a poll did",
        "Functions",
        "Strangers at the callback's door",
        "State machines",
    ]


def test_a_search_quotes_what_is_not_just_letters_and_digits(each: Assembly) -> None:
    name, body = _dashboard(each)
    metrics = [metric for widget in body["widgets"] for metric in widget["properties"]["metrics"]]
    (search,) = (metric[0]["expression"] for metric in metrics if "SEARCH" in str(metric[0]))
    assert search == f"SEARCH('{{\"{name}\",service,model}} MetricName=\"MoneyUsd\"', 'Sum', 86400)"
    assert "-" in name


def test_no_metric_is_of_a_single_job(each: Assembly) -> None:
    # Each combination of dimensions is a metric that costs money, for as long as it is kept.
    _, body = _dashboard(each)
    metrics = [metric for widget in body["widgets"] for metric in widget["properties"]["metrics"]]
    names = {part for metric in metrics for part in metric[2::2] if isinstance(part, str)}
    assert names == {"service", "gateway", "QueueName", "FunctionName", "StateMachineArn"}


def test_a_function_that_is_turned_away_or_taken_for_a_loop_rings(each: Assembly) -> None:
    functions = {readable({"Ref": name}) for name in each.template["Resources"] if name in _of_type(each, "Function")}
    for name, metric, times in (("Throttled", "Throttles", 2), ("Loop", "RecursiveInvocationsDropped", None)):
        alarm = _alarm(each, name)
        watched = list(_watched(alarm))
        assert {(namespace, of) for namespace, of, _ in watched} == {("AWS/Lambda", metric)}
        assert {dimensions["FunctionName"] for _, _, dimensions in watched} == functions
        assert (alarm["Threshold"], alarm.get("DatapointsToAlarm")) == (1, times)


def test_an_execution_that_fails_or_runs_out_of_time_rings_whichever_machine_it_is_of(each: Assembly) -> None:
    alarm = _alarm(each, "Executions")
    machines = [one["StateMachineName"] for one in each.of_type("AWS::StepFunctions::StateMachine").values()]
    assert sorted((of, dimensions["StateMachineArn"].rpartition(":")[2]) for _, of, dimensions in _watched(alarm)) == (
        sorted((metric, name) for name in machines for metric in ("ExecutionsFailed", "ExecutionsTimedOut"))
    )
    assert {namespace for namespace, _, _ in _watched(alarm)} == {"AWS/States"}
    assert alarm["Threshold"] == 1


def _of_type(assembly: Assembly, kind: str) -> set[str]:
    return {name for name, each in assembly.template["Resources"].items() if each["Type"].endswith(f"::{kind}")}


def test_a_few_strangers_ring_nobody_and_many_do(dev: Assembly) -> None:
    alarm = _alarm(dev, "Strangers")
    assert list(_watched(alarm)) == [("Dropreel-dev", "Callback403", {"service": "callback"})]
    assert (alarm["Statistic"], alarm["Period"], alarm["Threshold"]) == ("Sum", 300, 100)


def test_the_alarms_topic_has_a_key_of_its_own_where_one_was_named(dev: Assembly, everything_set: Assembly) -> None:
    (plain,) = dev.of_type("AWS::SNS::Topic").values()
    assert "KmsMasterKeyId" not in plain
    (kept,) = everything_set.of_type("AWS::SNS::Topic").values()
    assert kept["KmsMasterKeyId"].startswith("arn:aws:kms:")
