"""What may be set, and what is said of what may not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from infra.app import overrides_of
from infra.environments import (
    ACCOUNT_ENVIRONMENTS,
    FILES,
    HOST_ARCHITECTURE,
    HOST_RUNTIME,
    KINDS,
    SettingError,
    Settings,
    environment,
    written,
)


def test_defaults_are_those_of_the_contract() -> None:
    settings = environment("staging").settings
    assert settings.quiet_seconds == 5
    assert settings.webhooks is True
    assert settings.progress is False
    assert settings.first_poll_seconds == 180
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
        ("replaced_versions_days", "14", "15 to 36500"),
        ("senders", "arn:aws:sns:eu-west-1:123456789012:*", "without wildcards"),
        ("senders", "arn:aws:sqs:eu-west-1:123456789012:orders", "SNS topics and EventBridge rules"),
        ("senders", "orders", "ARNs"),
        ("callback_domain", "https://calls.example.com", "a host name"),
        ("callback_domain", "*.example.com", "a host name"),
        ("alarm_key", "alias/alarms", "the ARN of a KMS key"),
        ("permissions_boundary", "arn:aws:iam::123456789012:policy/developers", "the name of an IAM policy"),
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
        ("callback_domain", "Calls.example.com", "calls.example.com"),
        ("permissions_boundary", "none", None),
        ("alarm_key", "", None),
        ("tags", "team=films,cost=7=8", {"team": "films", "cost": "7=8"}),
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


@pytest.mark.parametrize(("tags", "told"), [("team", "''"), ("aws:team=films", "'aws:team'"), ("team=a#b", "'a#b'")])
def test_tag_that_cloudformation_does_not_take_is_named(tags: str, told: str) -> None:
    with pytest.raises(SettingError, match=f"^tags: {told} is not allowed; allowed: names "):
        environment("dev", {"tags": tags})


# What is written down


def _written(folder: Path, text: str) -> Path:
    (folder / "prod.toml").write_text(text)
    return folder


def test_what_is_written_down_is_set_at_every_deploy_and_the_command_line_wins(tmp_path: Path) -> None:
    folder = _written(tmp_path, "daily_budget_usd = 200\nquiet_seconds = 7\n")
    chosen = [environment("prod", overrides_of("prod", {"quiet_seconds": "9"}, folder)).settings for _ in range(2)]
    assert chosen[0] == chosen[1]
    assert (chosen[0].daily_budget_usd, chosen[0].quiet_seconds) == (Decimal(200), 9)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("quiet_seconds = 7", "7"),
        ("webhooks = false", "false"),
        ("daily_budget_usd = 12.50", "12.50"),
        ('daily_budget_usd = "none"', "none"),
        ('media_hosts = ["a.example", "b.example"]', "a.example,b.example"),
        ("media_hosts = []", ""),
    ],
)
def test_the_files_words_are_the_command_lines(tmp_path: Path, line: str, text: str) -> None:
    assert list(written("prod", _written(tmp_path, line)).values()) == [text]


def test_tags_are_a_table_of_the_file(tmp_path: Path) -> None:
    values = written("prod", _written(tmp_path, '[tags]\nteam = "films"\n'))
    assert environment("prod", values).settings.tags == {"team": "films"}


def test_what_is_allowed_nowhere_is_not_allowed_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^quiet_seconds: 'true' is not allowed; allowed: a whole number"):
        environment("prod", written("prod", _written(tmp_path, "quiet_seconds = true")))


@pytest.mark.parametrize("text", ["quiet_seconds = 7\nwebhooks: false\n", "quiet_seconds = 7\nwebhooks = no\n"])
def test_line_that_can_not_be_read_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingError, match=r"^prod\.toml, line 2: this can not be read; a setting is name = value"):
        written("prod", _written(tmp_path, text))


def test_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "prod.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match=r"^prod\.toml: this can not be read"):
        written("prod", tmp_path)


def test_no_file_is_no_mistake_and_a_laptop_has_none(tmp_path: Path) -> None:
    (tmp_path / "local.toml").write_text("quiet_seconds = 7")
    assert overrides_of("prod", {}, tmp_path) == overrides_of("local", {}, tmp_path) == {}


@pytest.mark.parametrize("name", ACCOUNT_ENVIRONMENTS)
def test_every_environment_of_the_account_has_a_file_that_can_be_used(name: str) -> None:
    assert (FILES / f"{name}.toml").exists()
    assert environment(name, written(name, FILES)).name == name
