"""An environment is a name, a few facts, and settings that a person may change, all checked before use."""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

#: Where people write down the settings of an environment: one file for each, named after it.
FILES = Path(__file__).parents[1] / "environments"
#: This machine's interpreter and processor, in Lambda's words.
HOST_RUNTIME = f"python3.{sys.version_info.minor}"
HOST_ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), "x86_64")
#: The runtimes whose wheels may be as new as manylinux_2_28, which is to say those on Amazon Linux 2023.
RUNTIMES = ("python3.12", "python3.13", "python3.14")
ARCHITECTURES = ("arm64", "x86_64")
#: The days for which CloudWatch Logs can keep a log.
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


class SettingError(ValueError):
    """An environment or a setting is unknown or not allowed; the message names it and says what is allowed."""


def _whole(default: int, least: int, most: int) -> Any:
    return Field(default, ge=least, le=most, description=f"a whole number from {least} to {most}")


def _listed(value: object) -> object:
    """The command line has no lists: it says one,two."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _named(value: object) -> object:
    """The command line has no tables: it says one=1,two=2."""
    return dict(part.partition("=")[::2] for part in value.split(",") if part) if isinstance(value, str) else value


def _not_awss_own(name: str) -> str:
    if name.lower().startswith("aws:"):
        raise ValueError("reserved")
    return name


def _unless_none(value: object) -> object:
    return None if value in ("", "none") else value


def _on_laptop(info: ValidationInfo) -> bool:
    return bool(info.context and info.context["laptop"])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _base_url(value: str, info: ValidationInfo) -> str:
    url = urlsplit(value)
    host = url.hostname or ""
    trusted = url.scheme == "https" or (url.scheme == "http" and _on_laptop(info) and _is_loopback(host))
    if not trusted or not host or url.query or url.fragment or url.username is not None:
        raise ValueError("not a base URL")
    return value.rstrip("/")


#: http:// is allowed on a laptop's own loopback address, and nowhere else.
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Host = Annotated[str, StringConstraints(to_lower=True, pattern=r"^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
OwnHost = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
#: A topic, or a rule of any bus, down to its very name: with a wildcard it would be anybody's.
Sender = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:(sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+|events:[a-z0-9-]+:[0-9]{12}:rule/[A-Za-z0-9_./-]+)$"
    ),
]
KeyArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9_-]+$")]
PolicyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@-]{1,128}$")]
#: What CloudFormation takes as a tag; names that begin with aws: are its own.
TagName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ .:/=+@-]{1,128}$"), AfterValidator(_not_awss_own)]
TagValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ .:/=+@-]{1,256}$")]
AN_ADDRESS = "an https:// address (for env local also http:// on a loopback one)"
DOLLARS = "an amount of US dollars, such as 2.50"


class Settings(BaseModel):
    """What may be set of an environment; each field's description is what an error names as allowed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Seconds to wait after the last part of a drop; a delay of the queue, which can be 900 at most.
    quiet_seconds: int = _whole(5, 0, 900)
    #: False: poll only, for a network that callbacks can't reach.
    webhooks: bool = Field(True, description="true or false")
    #: Ask the gateway for a callback at each step, not just at the end.
    progress: bool = Field(False, description="true or false")
    #: Seconds until the first look at a job whose callback is expected.
    first_poll_seconds: int = _whole(180, 1, 86400)
    #: Seconds until the second look (the first, where no callback is expected); then up by half, to 300 (60).
    poll_seconds: int = _whole(10, 1, 3600)
    #: Seconds after which a job without an outcome is EXPIRED.
    deadline_seconds: int = Field(
        3600, ge=1, le=86400, description="a whole number from 60 (for env local: 1) to 86400"
    )
    #: Resubmits after the gateway's own ERROR, which is not charged.
    max_error_retries: int = _whole(2, 0, 10)
    #: Seconds between two probes of a gateway that refuses us.
    held_retry_seconds: int = _whole(300, 1, 86400)
    #: Whether a job whose answer was lost may be sent, and perhaps paid, a second time.
    resubmit_unknown: bool = Field(False, description="true or false")
    #: Nothing more is sent on a day (UTC) on which this much is reserved or spent; None: no budget.
    daily_budget_usd: Annotated[Decimal | None, BeforeValidator(_unless_none)] = Field(
        None, ge=0, description=f"{DOLLARS}, or none"
    )
    #: What a model without a known price counts against the budget.
    default_price_usd: Decimal = Field(Decimal("1.00"), ge=0, description=DOLLARS)
    #: Hosts that outputs may be fetched from; none named: any public host.
    media_hosts: Annotated[tuple[Host, ...], BeforeValidator(_listed)] = Field(
        (), description="host names with a comma between (*.example.com: all below it), or nothing for any public host"
    )
    #: Buckets besides the inbox that a message's s3:// inputs may name.
    media_buckets: Annotated[tuple[BucketName, ...], BeforeValidator(_listed)] = Field(
        (), description="bucket names with a comma between"
    )
    #: What else may put paid work on the intake queue: topics and rules, by their ARNs.
    senders: Annotated[tuple[Sender, ...], BeforeValidator(_listed)] = Field(
        (), description="ARNs of SNS topics and EventBridge rules with a comma between, without wildcards"
    )
    #: Where the gateways call, if not at the API's own address: a domain that leads there.
    callback_domain: Annotated[OwnHost | None, BeforeValidator(_unless_none)] = Field(
        None, description="a host name of yours that leads to the API, or none"
    )
    #: A gateway is known by its address here: a setting NAME_url brings its secret, variables, alarm and metrics along.
    pixazo_url: BaseUrl = Field("https://gateway.pixazo.ai", description=AN_ADDRESS)
    aimlapi_url: BaseUrl = Field("https://api.aimlapi.com", description=AN_ADDRESS)
    #: Drops that are submitted at the same time; an event source mapping's MaximumConcurrency, 2 at least.
    submit_concurrency: int = _whole(20, 2, 1000)
    #: Outputs that are copied at the same time.
    deliver_concurrency: int = _whole(10, 2, 1000)
    #: Start functions from a snapshot of a published version.
    snap_start: bool = Field(False, description="true or false (for env local: false)")
    runtime: str = Field("python3.13", description=f"{', '.join(RUNTIMES)} (for env local: {HOST_RUNTIME})")
    architecture: str = Field("arm64", description=f"{', '.join(ARCHITECTURES)} (for env local: {HOST_ARCHITECTURE})")
    log_retention_days: int = Field(30, description=f"one of {', '.join(map(str, RETENTIONS))}")
    #: Days for which the buckets keep what was replaced; longer than a message can wait, which is 14 days.
    replaced_versions_days: int = _whole(90, 15, 36500)
    #: The key that the topic of the alarms is encrypted with; its policy must let CloudWatch use it.
    alarm_key: Annotated[KeyArn | None, BeforeValidator(_unless_none)] = Field(
        None, description="the ARN of a KMS key, or none"
    )
    #: What no role of the stack may do more than; the name of a policy in the account.
    permissions_boundary: Annotated[PolicyName | None, BeforeValidator(_unless_none)] = Field(
        None, description="the name of an IAM policy in the account, or none"
    )
    #: For bills and inventories: CloudFormation puts them on everything that takes tags.
    tags: Annotated[dict[TagName, TagValue], BeforeValidator(_named)] = Field(
        {}, description="names (not aws:…) and values: in a file a table [tags], on the command line team=films,cost=7"
    )

    @field_validator("deadline_seconds")
    @classmethod
    def _leaves_time(cls, value: int, info: ValidationInfo) -> int:
        if value < 60 and not _on_laptop(info):
            raise ValueError("too short")
        return value

    @field_validator("runtime", "architecture", "snap_start")
    @classmethod
    def _can_run(cls, value: object, info: ValidationInfo) -> object:
        """On a laptop, functions run under this interpreter on this processor, whatever Lambda has."""
        lambdas = {"runtime": RUNTIMES, "architecture": ARCHITECTURES, "snap_start": (True, False)}
        host = {"runtime": HOST_RUNTIME, "architecture": HOST_ARCHITECTURE, "snap_start": False}
        name = str(info.field_name)
        if value not in ([host[name]] if _on_laptop(info) else lambdas[name]):
            raise ValueError("can not run")
        return value

    @field_validator("log_retention_days")
    @classmethod
    def _can_be_kept(cls, value: int) -> int:
        if value not in RETENTIONS:
            raise ValueError("not a retention")
        return value

    def variables(self, *names: str) -> dict[str, str]:
        """Return some settings as a function's environment has them: NAME and text."""
        return {name.upper(): _text(getattr(self, name)) for name in names}


#: Every gateway's name, in the order of their addresses.
GATEWAYS = tuple(name.removesuffix("_url") for name in Settings.model_fields if name.endswith("_url"))


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple() | list():
            return ",".join(map(_text, value))
        case _:
            return str(value)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One copy of dropreel, and what may differ between copies."""

    name: str
    settings: Settings
    #: What people own (files, jobs, keys) outlives the stack, and the stack is guarded against deletion.
    keeps_data: bool
    #: Functions run on this machine: its own wheels, and http:// on loopback addresses.
    laptop: bool


@dataclass(frozen=True, kw_only=True)
class _Kind:
    keeps_data: bool = False
    laptop: bool = False
    #: Settings whose default differs here from that of Settings.
    defaults: Mapping[str, object] = field(default_factory=dict)


KINDS: Mapping[str, _Kind] = {
    "dev": _Kind(defaults={"log_retention_days": 7}),
    "staging": _Kind(keeps_data=True),
    "prod": _Kind(keeps_data=True, defaults={"log_retention_days": 365}),
    "local": _Kind(laptop=True, defaults={"runtime": HOST_RUNTIME, "architecture": HOST_ARCHITECTURE}),
}

#: Those that belong in an account.
ACCOUNT_ENVIRONMENTS = tuple(name for name, kind in KINDS.items() if not kind.laptop)


def written(name: str, folder: Path) -> dict[str, object]:
    """Return the settings that an environment's file holds, in the command line's words; without a file, none.

    Raises SettingError.
    """
    file = folder / f"{name}.toml"
    try:
        values = tomllib.loads(file.read_text(), parse_float=str) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = re.search(r"line (\d+)", str(error))
        where = f", line {line[1]}" if line else ""
        raise SettingError(
            f'{file.name}{where}: this can not be read; a setting is name = value, text in "quotes"'
        ) from None
    # As text, so that a value is allowed in both places or in neither.
    return {key: value if isinstance(value, dict) else _text(value) for key, value in values.items()}


def environment(name: str, overrides: Mapping[str, object] | None = None) -> Environment:
    """Return the named environment with some of its settings changed.

    Raises SettingError.
    """
    if name not in KINDS:
        raise SettingError(f"there is no environment {name}; say -c env=dev, -c env=staging or -c env=prod")
    kind = KINDS[name]
    values = {**kind.defaults, **(overrides or {})}
    try:
        settings = Settings.model_validate(values, context={"laptop": kind.laptop})
    except ValidationError as error:
        raise SettingError("\n".join(_explain(dict(each)) for each in error.errors())) from None
    return Environment(name=name, settings=settings, keeps_data=kind.keeps_data, laptop=kind.laptop)


def _explain(error: Mapping[str, Any]) -> str:
    name = str(error["loc"][0])
    setting = Settings.model_fields.get(name)
    if setting is None:
        return f"there is no setting {name}; there are: {', '.join(Settings.model_fields)}"
    return f"{name}: {error['input']!r} is not allowed; allowed: {setting.description}"
