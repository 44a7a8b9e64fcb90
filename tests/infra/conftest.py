"""The stacks that the tests read, each synthesized once for all workers."""

from __future__ import annotations

import os

import pytest
from filelock import FileLock

from infra.app import synth
from tests.infra.synthesized import Assembly

_STACKS: dict[str, tuple[str, dict[str, object]]] = {
    "dev": ("dev", {}),
    "prod": ("prod", {}),
    "local": ("local", {}),
    "everything set": (
        "staging",
        {
            "quiet_seconds": "0",
            "webhooks": "false",
            "progress": "true",
            "first_poll_seconds": "30",
            "poll_seconds": "20",
            "deadline_seconds": "60",
            "max_error_retries": "0",
            "held_retry_seconds": "60",
            "resubmit_unknown": "true",
            "daily_budget_usd": "12.50",
            "default_price_usd": "0.75",
            "media_hosts": "cdn.example.com,Media.example.com",
            "media_buckets": "first-bucket,second-bucket",
            "pixazo_url": "https://pixazo.example.com/",
            "aimlapi_url": "https://aimlapi.example.com",
            "submit_concurrency": "2",
            "deliver_concurrency": "3",
            "snap_start": "true",
            "runtime": "python3.12",
            "architecture": "x86_64",
            "log_retention_days": "90",
            "replaced_versions_days": "15",
            "senders": (
                "arn:aws:sns:eu-west-1:123456789012:orders,"
                "arn:aws:events:eu-west-1:123456789012:rule/shop/orders,arn:aws:sns:us-east-1:210987654321:theirs"
            ),
            "callback_domain": "Calls.example.com",
            "alarm_key": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "permissions_boundary": "developers",
            "tags": "team=films,cost=7",
        },
    ),
}


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Assembly]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    # One folder for all, so that what stacks have in common is copied there once.
    made = {name: shared / "stacks" / f"Dropreel-{env}.template.json" for name, (env, _) in _STACKS.items()}
    with FileLock(shared / "synth.lock"):
        for name, (env, overrides) in _STACKS.items():
            if not made[name].exists():
                synth(env=env, overrides=overrides, outdir=shared / "stacks")
    return {name: Assembly(path) for name, path in made.items()}


@pytest.fixture
def dev(assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies["dev"]


@pytest.fixture
def prod(assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies["prod"]


@pytest.fixture
def local(assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies["local"]


@pytest.fixture
def everything_set(assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies["everything set"]


@pytest.fixture(params=_STACKS)
def each(request: pytest.FixtureRequest, assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies[request.param]
