"""The stacks that the tests read, all synthesized in one app, once for all workers."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock

from tests.infra.synthesized import STACKS, Assembly


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the app's assembly."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with FileLock(shared / "synth.lock"):
        if not (shared / "stacks").exists():
            _synthesize(shared / "unfinished")
            (shared / "unfinished").rename(shared / "stacks")
    return shared / "stacks"


def _synthesize(folder: Path) -> None:
    """Write every stack, what differs from dev in one thing beside them, and what the checks find in all of it."""
    # The one worker that comes here starts the CDK's Node.
    from aws_cdk import App, Stack, Validations
    from aws_cdk import aws_sqs as sqs
    from cdk_nag import AwsSolutionsChecks, ServerlessChecks
    from constructs import Construct

    from infra.app import build, flags

    # The judges check every template in this way, and it takes more than all the rest.
    app = App(outdir=str(folder), context=flags(), builtin_cloud_formation_validation=False)
    for env, overrides in STACKS.values():
        build(app, env=env, overrides=overrides)
    build(Construct(app, "Slow"), env="dev", overrides={"held_retry_seconds": "86399"})
    bounded = Construct(app, "Bounded")
    bounded.node.set_context("@aws-cdk/core:permissionsBoundary", {"name": "developers"})
    build(bounded, env="dev")
    sqs.Queue(Stack(app, "Wrong"), "Lonely")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    with suppress(RuntimeError):  # that there are findings; the report has them
        app.synth()


@pytest.fixture(scope="session")
def assemblies(synthesized: Path) -> dict[str, Assembly]:
    return {name: Assembly(synthesized / f"Dropreel-{env}.template.json") for name, (env, _) in STACKS.items()}


@pytest.fixture
def slow(synthesized: Path) -> Assembly:
    """A dev whose gates are probed once a day."""
    return _beside(synthesized, "Slow")


@pytest.fixture
def bounded(synthesized: Path) -> Assembly:
    """A dev of which the CDK's own context says what bounds its roles."""
    return _beside(synthesized, "Bounded")


def _beside(synthesized: Path, name: str) -> Assembly:
    (path,) = synthesized.glob(f"{name}Dropreel*.template.json")
    return Assembly(path)


@pytest.fixture
def findings(synthesized: Path) -> list[tuple[str, str]]:
    """What the checks found: the stack, and the rule."""
    report = json.loads((synthesized / "validation-report.json").read_text())
    violations = [violation for plugin in report["pluginReports"] for violation in plugin["violations"]]
    return [
        (where["constructPath"].partition("/")[0], violation["ruleName"])
        for violation in violations
        for where in violation["violatingConstructs"]
    ]


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


@pytest.fixture(params=STACKS)
def each(request: pytest.FixtureRequest, assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies[request.param]
