"""What deploys to an account, before those who know CloudFormation's schemas and the States Language by heart."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.app import overrides_of, synth
from infra.environments import ACCOUNT_ENVIRONMENTS
from local.moto_server import ACCOUNT, REGION
from tests.infra.synthesized import STACKS, Assembly
from tests.judges.processes import BIN

pytestmark = pytest.mark.judge

ASL_VALIDATOR = "asl-validator@4.0.0"
#: A function waits for its role's policy too, as the CDK has it; that it names the role besides says nothing new.
#: And an account in an ARN is another's, by a setting.
NEEDLESS = {"W3005", "W9013"}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Those of all environments that are in an account, with their files' settings."""
    folder = tmp_path_factory.mktemp("stacks")
    return [synth(env=env, overrides=overrides_of(env, {}), outdir=folder) for env in ACCOUNT_ENVIRONMENTS]


@pytest.fixture(scope="module")
def all_templates(templates: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Those, and all that the tests of infra read: the laptop's, and one with everything set, among them."""
    others = (
        synth(env=env, overrides=overrides, outdir=tmp_path_factory.mktemp("stack"))
        for env, overrides in STACKS.values()
    )
    return [*templates, *others]


@pytest.fixture
def spoilt(templates: list[Path], tmp_path: Path) -> Path:
    """A template whose tables are paid for in a way that there is not."""
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(
        templates[0].read_text().replace('"BillingMode": "PAY_PER_REQUEST"', '"BillingMode": "PER_REQUEST"')
    )
    return spoilt


def findings(*templates: Path) -> list[dict[str, str]]:
    command = [str(BIN / "python"), "-P", str(Path(__file__).with_name("validate.py")), *map(str, templates)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def test_cloudformation_validate_finds_no_fault(all_templates: list[Path]) -> None:
    assert len(all_templates) == 3 + len(STACKS)
    assert [each for each in findings(*all_templates) if each["rule"] not in NEEDLESS] == []


def test_cloudformation_validate_would_find_one(spoilt: Path) -> None:
    assert "PER_REQUEST" in json.dumps(findings(spoilt))


def test_cfn_lint_finds_no_fault(all_templates: list[Path]) -> None:
    linted = cfn_lint(*all_templates)
    assert (linted.stdout + linted.stderr, linted.returncode) == ("", 0)


def test_cfn_lint_would_find_one(spoilt: Path) -> None:
    assert "PER_REQUEST" in cfn_lint(spoilt).stdout


def cfn_lint(*templates: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / "cfn-lint", *templates], capture_output=True, text=True, check=False)


def asl_validator(*definitions: Path) -> subprocess.CompletedProcess[str]:
    """Run the validator from npm by the Node that came from PyPI."""
    node = Path(os.environ["JSII_NODE"])
    npx = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    command = [node, npx, "--yes", ASL_VALIDATOR, *(word for each in definitions for word in ("--json-path", each))]
    surroundings = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)


def definitions(templates: list[Path], folder: Path) -> list[Path]:
    """The state machines of all stacks, each in a file, with ARNs for what only an account can fill in."""
    written = []
    for template in templates:
        for name, machine in Assembly(template).of_type("AWS::StepFunctions::StateMachine").items():
            written.append(folder / f"{template.name}-{name}.json")
            written[-1].write_text(filled(machine["DefinitionString"]))
    return written


def filled(value: Any) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [glue, parts]}:
            return str(glue).join(filled(part) for part in parts)
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        case {"Ref": "AWS::Partition"}:
            return "aws"
    raise AssertionError(f"not what a definition can hold: {value}")


def test_asl_validator_finds_no_fault(templates: list[Path], tmp_path: Path) -> None:
    machines = definitions(templates, tmp_path)
    assert len(machines) == 2 * len(templates)
    done = asl_validator(*machines)
    assert done.returncode == 0, done.stdout + done.stderr


def test_asl_validator_would_find_one(templates: list[Path], tmp_path: Path) -> None:
    spoilt = definitions(templates, tmp_path)[0]
    spoilt.write_text(spoilt.read_text().replace('"StartAt": "Wait"', '"StartAt": "Nowhere"'))
    done = asl_validator(spoilt)
    assert done.returncode, done.stdout
    assert "Nowhere" in done.stdout + done.stderr
