"""What an environment costs while nothing happens."""

from __future__ import annotations

import json

import pytest

from benchmarks.cost import idle
from dropreel.catalog import MODELS
from tests.infra.measuring import FUNCTIONS, ROOT, measured
from tests.infra.synthesized import Assembly, Json, readable


def test_readme_has_the_bill_of_the_template(prod: Assembly) -> None:
    assert idle.table(prod.template) in (ROOT / "README.md").read_text()


def test_an_idle_environment_costs_less_than_ten_dollars_a_month(each: Assembly) -> None:
    assert idle.usd(each.template) < 10 + sum(line.usd for line in idle.bill(each.template) if "snapshot" in line.what)


def test_snapshots_are_paid_for_even_when_nothing_starts(dev: Assembly, everything_set: Assembly) -> None:
    more = idle.usd(everything_set.template) - idle.usd(dev.template)
    memory = sum(one["MemorySize"] for one in everything_set.of_type("AWS::Lambda::Function").values()) / 1024
    assert more == pytest.approx(memory * 30 * 86_400 * 0.0000015046)


def test_nothing_is_there_that_is_paid_by_the_hour_and_not_in_the_bill(each: Assembly) -> None:
    # Of these kinds only those of the bill cost anything while they are idle; a new kind has to be looked up.
    free = {
        "ApiGatewayV2::Api", "ApiGatewayV2::Integration", "ApiGatewayV2::Route", "ApiGatewayV2::Stage",
        "DynamoDB::Table", "Events::EventBus", "IAM::Policy", "IAM::Role", "Lambda::Alias", "Lambda::Function",
        "Lambda::LayerVersion", "Lambda::Permission", "Lambda::Version", "Logs::LogGroup", "S3::Bucket",
        "S3::BucketPolicy", "SNS::Topic", "SNS::TopicPolicy", "SQS::Queue", "SQS::QueuePolicy",
        "StepFunctions::StateMachine",
    }  # fmt: skip
    paid = {"CloudWatch::Alarm", "CloudWatch::Dashboard", "Lambda::EventSourceMapping", "SecretsManager::Secret"}
    assert {one["Type"].removeprefix("AWS::") for one in each.resources.values()} <= free | paid
    assert all(table["BillingMode"] == "PAY_PER_REQUEST" for table in each.of_type("AWS::DynamoDB::Table").values())
    assert not any("ProvisionedPollerConfig" in one for one in each.of_type("AWS::Lambda::EventSourceMapping").values())


def test_the_template_makes_no_metric_of_its_own(each: Assembly) -> None:
    assert not each.of_type("AWS::Logs::MetricFilter")
    assert all(
        "DetailedMetricsEnabled" not in json.dumps(one) for one in each.of_type("AWS::ApiGatewayV2::Stage").values()
    )


#: Numbers that a function's code could tell and that it never does: what only callbacks, or only polls, or only those
#: who send bring about.
_NEVER = {
    "callback": {"EndByPoll"},
    "poll": {"EndByCallback", "GatewayBusy", "GatewayRefusal"},
    "probe": {"EndByCallback", "EndByPoll"},
    "submit": {"EndByCallback", "EndByPoll"},
    "deliver": {"GatewayBusy", "GatewayRefusal", "Rejected"},
}
#: A day's budget is told by whoever sends; one alarm listens to one of them.
_UNREAD = {"probe": {"BudgetUsed"}}


#: A search finds whoever tells of money.
_SENDERS = ("submit", "probe")


def _read(assembly: Assembly) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """Each of the environment's own metrics that an alarm or a widget reads: its name and dimensions."""
    (page,) = assembly.of_type("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(readable(page["DashboardBody"]))["widgets"]
    shown = [metric for widget in widgets for metric in widget["properties"]["metrics"] if "service" in metric]
    read = {(name, frozenset(zip(of[:-1:2], of[1::2], strict=True))) for _, name, *of in map(_plain, shown)}
    for alarm in assembly.of_type("AWS::CloudWatch::Alarm").values():
        for metric in [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [
            alarm
        ]:
            if not metric["Namespace"].startswith("AWS/"):
                read.add(
                    (metric["MetricName"], frozenset((each["Name"], each["Value"]) for each in metric["Dimensions"]))
                )
    # A search finds whatever models there are.
    return read | {
        ("MoneyUsd", frozenset({("service", sender), ("model", model)})) for model in MODELS for sender in _SENDERS
    }


def _plain(metric: list[Json]) -> list[str]:
    return [part for part in metric if isinstance(part, str)]


def test_every_number_that_a_function_tells_is_read(prod: Assembly) -> None:
    read = {(name, dict(of)["service"]) for name, of in _read(prod)}
    told = {(name, function) for function in FUNCTIONS for name in measured(function) - _NEVER[function]}
    assert told - read == {(name, function) for function, names in _UNREAD.items() for name in names}


def test_readme_says_how_many_metrics_work_may_bring(prod: Assembly) -> None:
    most = len(_read(prod)) + sum(map(len, _UNREAD.values()))
    assert f" {most} of them" in " ".join((ROOT / "README.md").read_text().split())
