"""The workflow that deploys: what it calls exists, and each of its jobs may take the one role that is meant for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types

from infra.environments import KINDS, Settings

PROJECT = Path(__file__).parents[3]
WORKFLOW = yaml.load((PROJECT / "examples" / "deploy.yml").read_text(), yaml.BaseLoader)  # noqa: S506 - texts only
JOBS: Mapping[str, Any] = WORKFLOW["jobs"]


#: CloudFormation's short words are left out: what they stand before is enough here.
ROLES = yaml.safe_load(re.sub(r"!\w+ ", "", (PROJECT / "examples" / "deploy-roles.yaml").read_text()))
README = (PROJECT / "README.md").read_text()


def commands(job: Mapping[str, Any]) -> Iterator[str]:
    for step in job["steps"]:
        yield from str(step.get("run", "")).splitlines()


def role_of(job: Mapping[str, Any]) -> str:
    """The name of the role that a job takes; "" for one that takes none."""
    taken = [
        re.sub(r"\W|vars", "", step["with"]["role-to-assume"]) for step in job["steps"] if "credentials@" in uses(step)
    ]
    return "".join(taken)


def uses(step: Mapping[str, Any]) -> str:
    return str(step.get("uses", ""))


def test_it_calls_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([\w.-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    called = {found for job in JOBS.values() for line in commands(job) for found in re.findall(r"^make (\S+)", line)}
    assert called == {"test", ".venv"}
    assert called <= targets


def test_it_deploys_an_environment_that_exists_with_settings_that_exist() -> None:
    flags = [flag for job in JOBS.values() for line in commands(job) for flag in re.findall(r"-c (\w+)=(\S+)", line)]
    assert {value for name, value in flags if name == "env"} == {"prod"} <= set(KINDS)
    assert {name for name, _ in flags} - {"env"} <= set(Settings.model_fields)


def test_it_deploys_with_the_version_that_is_tested() -> None:
    (tested,) = re.findall(r'^CDK = "(\S+)"', (PROJECT / "tests/e2e/cdk_cli.py").read_text(), re.MULTILINE)
    assert WORKFLOW["env"]["CDK"] == tested


def test_what_others_wrote_is_pinned_to_a_commit_and_says_which_version_that_is() -> None:
    for line in (PROJECT / "examples" / "deploy.yml").read_text().splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize(
    ("job", "role", "subject"), [("diff", "Diff", "pull_request"), ("deploy", "Deploy", "environment:prod")]
)
def test_a_job_takes_the_role_that_trusts_it_and_nobody_else(job: str, role: str, subject: str) -> None:
    assert role_of(JOBS[job]) == f"{role.upper()}_ROLE"
    assert JOBS[job]["permissions"]["id-token"] == "write"
    (statement,) = ROLES["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    issuer = "token.actions.githubusercontent.com"
    exactly = {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": f"repo:${{Repository}}:{subject}"}
    assert statement["Condition"] == {"StringEquals": exactly}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"


def test_github_names_the_jobs_as_the_roles_know_them() -> None:
    """The subject of a job in an environment is that environment, of another job of a pull request just that."""
    assert JOBS["deploy"]["environment"] == "prod"
    assert "environment" not in JOBS["diff"]
    assert "github.event_name == 'pull_request'" in JOBS["diff"]["if"]
    assert JOBS["deploy"]["if"] == "github.event_name == 'push'"
    assert WORKFLOW["on"]["push"] == {"branches": ["main"]}


def test_whoever_only_looks_may_take_no_role_that_changes_anything() -> None:
    (policy,) = ROLES["Resources"]["Diff"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    assert ":role/cdk-${Qualifier}-lookup-role-" in statement["Resource"]
    assert any("diff" in line and "--method template" in line for line in commands(JOBS["diff"]))


def test_jobs_without_a_role_get_no_token() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for job in JOBS.values():
        assert ("id-token" in job.get("permissions", {})) == bool(role_of(job))


def test_nothing_is_deployed_that_failed_its_tests() -> None:
    assert JOBS["deploy"]["needs"] == "test"
    assert "make test" in commands(JOBS["test"])


def test_the_variables_that_it_wants_are_told() -> None:
    wanted = set(re.findall(r"vars\.(\w+)", (PROJECT / "examples" / "deploy.yml").read_text()))
    assert wanted == {"AWS_REGION", "DIFF_ROLE", "DEPLOY_ROLE"}
    assert all(f"`{name}`" in README for name in wanted)
