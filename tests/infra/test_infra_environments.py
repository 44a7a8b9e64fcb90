"""What may be set, and what is said of what may not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from infra.environments import HOST_ARCHITECTURE, HOST_RUNTIME, KINDS, SettingError, Settings, environment


def test_defaults_are_those_of_the_contract() -> None:
    settings = environment("staging").settings
    assert settings.quiet_seconds == 5
    assert settings.webhooks is True
    assert settings.progress is False
    assert settings.first_poll_seconds == 90
    assert settings.poll_seconds == 10
    assert settings.deadline_seconds == 3600
    assert settings.max_error_retries == 2
    assert settings.held_retry_seconds == 300
    assert settings.resubmit_unknown is False
    assert settings.daily_budget_usd is None
    assert settings.default_price_usd == Decimal("1.00")
    assert settings.media_hosts == ()


@pytest.mark.parametrize("name", KINDS)
def test_defaults_of_every_environment_are_allowed(name: str) -> None:
    assert environment(name).name == name


def test_a_laptop_runs_functions_on_itself() -> None:
    local = environment("local")
    assert (local.settings.runtime, local.settings.architecture) == (HOST_RUNTIME, HOST_ARCHITECTURE)
    assert local.laptop
    assert [name for name in KINDS if environment(name).laptop] == ["local"]


def test_data_is_kept_where_it_matters() -> None:
    assert [name for name in KINDS if environment(name).keeps_data] == ["staging", "prod"]


@pytest.mark.parametrize("name", ["", "qa", "Prod"])
def test_unknown_environment_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(SettingError, match=r"env=dev, -c env=staging or -c env=prod"):
        environment(name)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("quiet_seconds", "901", "0 to 900"),
        ("quiet_seconds", "-1", "0 to 900"),
        ("quiet_seconds", "soon", "0 to 900"),
        ("quiet_seconds", "1.5", "0 to 900"),
        ("webhooks", "maybe", "true or false"),
        ("first_poll_seconds", "0", "1 to 86400"),
        ("poll_seconds", "0", "1 to 3600"),
        ("deadline_seconds", "59", "from 60 (for env local: 1) to 86400"),
        ("deadline_seconds", "86401", "from 60 (for env local: 1) to 86400"),
        ("max_error_retries", "11", "0 to 10"),
        ("held_retry_seconds", "0", "1 to 86400"),
        ("daily_budget_usd", "-1", "US dollars"),
        ("daily_budget_usd", "NaN", "US dollars"),
        ("default_price_usd", "Infinity", "US dollars"),
        ("default_price_usd", "none", "US dollars"),
        ("media_hosts", "https://cdn.example.com", "host names"),
        ("media_hosts", "bad/host", "host names"),
        ("media_buckets", "Upper", "bucket names"),
        ("pixazo_url", "http://gateway.pixazo.ai", "https://"),
        ("pixazo_url", "http://127.0.0.1:8000", "https://"),
        ("aimlapi_url", "https://api.aimlapi.com/?key=1", "https://"),
        ("aimlapi_url", "https://me@api.aimlapi.com", "https://"),
        ("aimlapi_url", "https://[", "https://"),
        ("submit_concurrency", "1", "2 to 1000"),
        ("deliver_concurrency", "1001", "2 to 1000"),
        ("runtime", "python3.9", "python3.13"),
        ("architecture", "x86", "arm64, x86_64"),
        ("log_retention_days", "8", "7, 14"),
    ],
)
def test_what_is_not_allowed_is_named_with_what_is(name: str, value: str, allowed: str) -> None:
    with pytest.raises(SettingError) as caught:
        environment("prod", {name: value})
    said = str(caught.value)
    assert said.startswith(f"{name}: {value!r} is not allowed; allowed: ")
    assert allowed in said


def test_unknown_setting_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"there is no setting quite_seconds; there are: quiet_seconds, webhooks"):
        environment("dev", {"quite_seconds": "3"})


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        environment("dev", {"quiet_seconds": "901", "webhooks": "maybe"})
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("webhooks", "false", False),
        ("daily_budget_usd", "none", None),
        ("daily_budget_usd", "", None),
        ("daily_budget_usd", "0", Decimal(0)),
        ("media_hosts", "", ()),
        ("media_hosts", " a.example , B.example ", ("a.example", "b.example")),
        ("media_hosts", "*.r2.dev", ("*.r2.dev",)),
        ("pixazo_url", "https://pixazo.example/base/", "https://pixazo.example/base"),
    ],
)
def test_the_command_lines_text_is_understood(name: str, text: str, value: object) -> None:
    assert getattr(environment("dev", {name: text}).settings, name) == value


@pytest.mark.parametrize(
    "overrides",
    [{"deadline_seconds": "1"}, {"pixazo_url": "http://127.0.0.1:9"}, {"aimlapi_url": "http://localhost:9"}],
)
def test_laptop_may_be_quick_and_plain(overrides: dict[str, object]) -> None:
    assert environment("local", overrides)
    with pytest.raises(SettingError):
        environment("dev", overrides)


@pytest.mark.parametrize("overrides", [{"pixazo_url": "http://192.168.0.1"}, {"snap_start": "true"}])
def test_even_a_laptop_may_not(overrides: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        environment("local", overrides)


def test_every_setting_says_what_it_allows() -> None:
    assert not [name for name, setting in Settings.model_fields.items() if not setting.description]
