"""What each function is told by its environment, checked once, at first use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, TypeVar

T = TypeVar("T")


class BadSetting(ValueError):
    """An environment variable is missing or malformed; the message names it."""


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text]


def _amount(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite():
        raise ValueError
    return amount


def _parse(kind: str, text: str) -> Any:
    match kind:
        case "bool":
            return _flag(text)
        case "int":
            return int(text)
        case "float":
            return float(_amount(text))
        case "Decimal":
            return _amount(text)
        case "Decimal | None":
            return _amount(text) if text else None
        case "tuple[str, ...]":
            return tuple(part.strip() for part in text.split(",") if part.strip())
        case _:
            return text


def read(cls: type[T], env: Mapping[str, str] | None = None) -> T:
    """Read a settings class from the environment variables of its fields' names in upper case.

    Raises BadSetting.
    """
    env = os.environ if env is None else env
    values: dict[str, Any] = {}
    for item in fields(cls):  # type: ignore[arg-type]
        name = item.name.upper()
        if name not in env:
            raise BadSetting(f"the environment variable {name} is missing")
        try:
            values[item.name] = _parse(str(item.type), env[name])
        except (KeyError, ValueError, ArithmeticError):
            raise BadSetting(f"the environment variable {name} is not a {item.type}: {env[name]!r}") from None
    return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """How to reach the gateways."""

    pixazo_url: str
    pixazo_secret: str
    aimlapi_url: str
    aimlapi_secret: str
    #: Only on a laptop: plain http on a loopback address is allowed for gateways, callbacks and media.
    allow_loopback: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitSettings(GatewaySettings):
    """What the functions that send jobs are told: submit, and probe."""

    jobs_table: str
    gates_table: str
    inbox_bucket: str
    outbox_bucket: str
    intake_queue_url: str
    deliver_queue_url: str
    watch_arn: str
    gate_arn: str
    event_bus: str
    callback_base_url: str
    quiet_seconds: float
    webhooks: bool
    progress: bool
    first_poll_seconds: int
    poll_seconds: int
    deadline_seconds: int
    held_retry_seconds: int
    daily_budget_usd: Decimal | None
    default_price_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSettings:
    """What the callback function is told."""

    jobs_table: str
    deliver_queue_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings(GatewaySettings):
    """What the poll function is told."""

    jobs_table: str
    intake_queue_url: str
    deliver_queue_url: str
    poll_seconds: int
    deadline_seconds: int
    max_error_retries: int
    resubmit_unknown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverSettings(GatewaySettings):
    """What the deliver function is told."""

    jobs_table: str
    gates_table: str
    outbox_bucket: str
    intake_queue_url: str
    deliver_queue_url: str
    watch_arn: str
    event_bus: str
    max_error_retries: int
    #: Hosts that outputs may come from; empty: any public host.
    media_hosts: tuple[str, ...]
