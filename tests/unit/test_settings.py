"""What the functions are told, read strictly."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

import pytest

from dropreel.settings import BadSetting, CallbackSettings, DeliverSettings, PollSettings, SubmitSettings, read

ENVIRONMENT = {
    "JOBS_TABLE": "jobs",
    "GATES_TABLE": "gates",
    "INBOX_BUCKET": "inbox",
    "OUTBOX_BUCKET": "outbox",
    "INTAKE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/intake",
    "DELIVER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/deliver",
    "WATCH_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:watch",
    "GATE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:gate",
    "EVENT_BUS": "bus",
    "CALLBACK_BASE_URL": "https://example.com",
    "PIXAZO_SECRET": "dropreel/dev/pixazo",
    "AIMLAPI_SECRET": "dropreel/dev/aimlapi",
    "PIXAZO_URL": "https://gateway.pixazo.ai",
    "AIMLAPI_URL": "https://api.aimlapi.com",
    "QUIET_SECONDS": "2.5",
    "WEBHOOKS": "true",
    "PROGRESS": "false",
    "FIRST_POLL_SECONDS": "180",
    "POLL_SECONDS": "10",
    "DEADLINE_SECONDS": "3600",
    "HELD_RETRY_SECONDS": "300",
    "DAILY_BUDGET_USD": "12.50",
    "DEFAULT_PRICE_USD": "1.00",
    "ALLOW_LOOPBACK": "false",
    "RESUBMIT_UNKNOWN": "true",
    "MAX_ERROR_RETRIES": "2",
    "MEDIA_HOSTS": "cdn.example.com, *.example.org ,",
}
SUBMIT = """JOBS_TABLE GATES_TABLE INBOX_BUCKET OUTBOX_BUCKET INTAKE_QUEUE_URL DELIVER_QUEUE_URL WATCH_ARN GATE_ARN
    EVENT_BUS CALLBACK_BASE_URL PIXAZO_SECRET AIMLAPI_SECRET PIXAZO_URL AIMLAPI_URL QUIET_SECONDS WEBHOOKS PROGRESS
    FIRST_POLL_SECONDS POLL_SECONDS DEADLINE_SECONDS HELD_RETRY_SECONDS DAILY_BUDGET_USD DEFAULT_PRICE_USD
    ALLOW_LOOPBACK"""
POLL = """JOBS_TABLE DELIVER_QUEUE_URL INTAKE_QUEUE_URL PIXAZO_SECRET AIMLAPI_SECRET PIXAZO_URL AIMLAPI_URL
    ALLOW_LOOPBACK POLL_SECONDS DEADLINE_SECONDS MAX_ERROR_RETRIES RESUBMIT_UNKNOWN"""
DELIVER = """JOBS_TABLE GATES_TABLE OUTBOX_BUCKET INTAKE_QUEUE_URL DELIVER_QUEUE_URL EVENT_BUS PIXAZO_SECRET
    AIMLAPI_SECRET PIXAZO_URL AIMLAPI_URL WATCH_ARN MAX_ERROR_RETRIES
    MEDIA_HOSTS ALLOW_LOOPBACK"""
TOLD: dict[type[Any], set[str]] = {
    SubmitSettings: set(SUBMIT.split()),
    CallbackSettings: {"JOBS_TABLE", "DELIVER_QUEUE_URL"},
    PollSettings: set(POLL.split()),
    DeliverSettings: set(DELIVER.split()),
}
EVERY = [(kind, name) for kind, names in TOLD.items() for name in sorted(names)]


@dataclass(frozen=True)
class Every:
    """A setting of each kind."""

    text: str
    flag: bool
    whole: int
    number: float
    money: Decimal
    budget: Decimal | None
    hosts: tuple[str, ...]


FULL = {"TEXT": "t", "FLAG": "true", "WHOLE": "7", "NUMBER": "2.5", "MONEY": "1.00", "BUDGET": "9", "HOSTS": "a"}


@pytest.mark.parametrize("kind", TOLD, ids=lambda kind: str(kind.__name__))
def test_a_function_is_told_exactly_its_own_variables(kind: type[Any]) -> None:
    told = {name: ENVIRONMENT[name] for name in TOLD[kind]}
    assert {item.name.upper() for item in fields(kind)} == set(told)
    assert isinstance(read(kind, told), kind)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_missing_variable_is_named(kind: type[Any], name: str) -> None:
    told = {other: value for other, value in ENVIRONMENT.items() if other != name}
    with pytest.raises(BadSetting, match=rf"\b{name} is missing"):
        read(kind, told)


def test_values_come_out_in_their_types() -> None:
    settings = read(SubmitSettings, ENVIRONMENT)
    assert (settings.quiet_seconds, settings.poll_seconds, settings.first_poll_seconds) == (2.5, 10, 180)
    assert (settings.webhooks, settings.progress, settings.allow_loopback) == (True, False, False)
    assert (settings.daily_budget_usd, settings.default_price_usd) == (Decimal("12.50"), Decimal("1.00"))
    assert settings.pixazo_url == "https://gateway.pixazo.ai"
    assert read(PollSettings, ENVIRONMENT).resubmit_unknown is True
    assert read(DeliverSettings, ENVIRONMENT).media_hosts == ("cdn.example.com", "*.example.org")


def test_an_empty_budget_is_none_and_empty_hosts_are_any() -> None:
    assert read(SubmitSettings, {**ENVIRONMENT, "DAILY_BUDGET_USD": ""}).daily_budget_usd is None
    assert read(DeliverSettings, {**ENVIRONMENT, "MEDIA_HOSTS": ""}).media_hosts == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("FLAG", "True"), ("FLAG", "1"), ("FLAG", ""), ("FLAG", "yes")),
        *(("WHOLE", ""), ("WHOLE", "2.5"), ("WHOLE", "ten")),
        *(("NUMBER", ""), ("NUMBER", "1,5")),
        *(("MONEY", ""), ("MONEY", "a dollar"), ("BUDGET", "none")),
    ],
)
def test_a_malformed_variable_is_named_with_its_type(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=rf"\b{name} is not a .*{text!r}"):
        read(Every, {**FULL, name: text})


@pytest.mark.parametrize(("name", "text"), [("NUMBER", "nan"), ("NUMBER", "inf"), ("MONEY", "NaN"), ("BUDGET", "sNaN")])
def test_what_is_no_number_is_no_setting(name: str, text: str) -> None:
    with pytest.raises(BadSetting):
        read(Every, {**FULL, name: text})


def test_the_process_environment_is_read_where_no_other_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBS_TABLE", "jobs-of-this-process")
    monkeypatch.setenv("DELIVER_QUEUE_URL", "https://example.com/deliver")
    assert read(CallbackSettings) == CallbackSettings(
        jobs_table="jobs-of-this-process", deliver_queue_url="https://example.com/deliver"
    )
