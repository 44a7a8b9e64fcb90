"""The app as the CDK's command line runs it, and what it builds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.assets import PROJECT
from infra.environments import HOST_RUNTIME
from tests.infra.synthesized import Assembly

_VENDOR = ("aws_lambda_powertools", "botocore.session")


def _run(
    context: dict[str, object], outdir: Path, variables: dict[str, str] | None = None, project: Path = PROJECT
) -> tuple[int, str]:
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(context),
        **(variables or {}),
    }
    command = [sys.executable, "-m", "infra.app"]
    ran = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


@pytest.mark.cdk_cli
def test_app_runs_without_a_node_of_the_machines_own_and_without_an_index_once_built(
    dev: Assembly, tmp_path: Path
) -> None:
    nothing = {"PATH": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    status, said = _run({"env": "dev", "aws:cdk:disable-asset-staging": True}, tmp_path / "out", nothing)
    assert (status, said) == (0, "")
    assert Assembly(tmp_path / "out" / "Dropreel-dev.template.json").template == dev.template
    assert "missing" not in json.loads((tmp_path / "out" / "manifest.json").read_text())  # nothing to look up


def test_mistake_is_told_in_a_line_without_a_traceback(tmp_path: Path) -> None:
    status, said = _run({"env": "prod", "quiet_seconds": "901"}, tmp_path)
    assert status == 1
    assert said == "quiet_seconds: '901' is not allowed; allowed: a whole number from 0 to 900\n"


@pytest.mark.cdk_cli
def test_where_no_environment_is_named_all_of_the_account_are_there(tmp_path: Path) -> None:
    assert _run({}, tmp_path) == (0, "")
    assert sorted(path.name for path in tmp_path.glob("*.template.json")) == [
        "Dropreel-dev.template.json",
        "Dropreel-prod.template.json",
        "Dropreel-staging.template.json",
    ]


@pytest.mark.cdk_cli
def test_environment_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    status, said = _run({"env": "qa"}, tmp_path)
    assert status == 1
    assert said == "there is no environment qa; say -c env=dev, -c env=staging or -c env=prod\n"


@pytest.mark.cdk_cli
def test_layer_that_can_not_be_built_is_told_with_pips_own_words(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for part in ("infra", "layers", "functions"):
        shutil.copytree(PROJECT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "cdk.json", project)
    nothing = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    status, said = _run({"env": "dev"}, tmp_path / "out", nothing, project)
    assert status == 1
    assert said.startswith("pip could not install layers/vendor/requirements.txt:\n")
    assert "Traceback" not in said
    assert list((project / ".build" / "layers").rglob("*.dist-info")) == []
    assert list((project / ".build" / "layers").glob("unfinished-*")) == []


def test_changed_pins_are_built_anew_and_the_same_ones_are_not(dev: Assembly, prod: Assembly, local: Assembly) -> None:
    keys = [{layer["Content"]["S3Key"] for layer in _layers(each).values()} for each in (dev, prod, local)]
    assert keys[0] == keys[1]
    # The domain has its own byte code for each interpreter, and is the same on every machine.
    assert len(keys[0] & keys[2]) == (_runtime(dev) == HOST_RUNTIME)


def _runtime(assembly: Assembly) -> str:
    return str(assembly.function("poll")["Runtime"])


def _layers(assembly: Assembly) -> dict[str, dict[str, dict[str, str]]]:
    return assembly.of_type("AWS::Lambda::LayerVersion")


def _layer(assembly: Assembly, name: str) -> Path:
    return assembly.asset(_layers(assembly)[name]["Content"]) / "python"


@pytest.mark.parametrize(
    ("layers", "modules"),
    [
        (["RuntimeVendor"], _VENDOR),
        (["RuntimeVendor", "RuntimeHttp"], ("httpx",)),
        (["RuntimeVendor", "RuntimeCatalog"], ("pydantic.main", "pydantic.json_schema")),
        (["RuntimeCore", "RuntimeVendor", "RuntimeCatalog"], ("dropreel.catalog.schemas",)),
        (["RuntimeCore", "RuntimeVendor"], ("dropreel.settings",)),
    ],
)
def test_layers_hold_all_that_their_modules_import(
    local: Assembly, layers: list[str], modules: tuple[str, ...]
) -> None:
    paths = [str(_layer(local, name)) for name in layers]
    program = f"import sys; sys.path += {paths!r}; import {', '.join(modules)}"
    ran = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("stack", "machine"), [("dev", "cpython-313-aarch64"), ("everything set", "cpython-312-x86_64")]
)
def test_what_is_compiled_is_of_lambdas_interpreter_and_processor(
    assemblies: dict[str, Assembly], stack: str, machine: str
) -> None:
    layers = ("RuntimeVendor", "RuntimeHttp", "RuntimeCatalog")
    found = [path for name in layers for path in _layer(assemblies[stack], name).rglob("*")]
    assert len(found) > 100
    assert not [path.name for path in found if path.suffix == ".so" and machine not in path.name]


def test_uploads_hold_no_scripts_stubs_or_tests(each: Assembly) -> None:
    codes = [layer["Content"] for layer in _layers(each).values()]
    codes += [function["Code"] for function in each.of_type("AWS::Lambda::Function").values()]
    for code in codes:
        names = {path.name for path in each.asset(code).rglob("*")}
        assert not names & {"bin", "tests", "boto3-stubs", "mypy_boto3_s3", "conftest.py"}
        assert not [name for name in names if name.endswith(".egg-info")]


def test_functions_are_their_handlers_and_nothing_else(each: Assembly) -> None:
    for function in each.of_type("AWS::Lambda::Function").values():
        assert [path.name for path in each.asset(function["Code"]).rglob("*.py")] == ["handler.py"]
        assert {path.name for path in each.asset(function["Code"]).iterdir()} <= {"handler.py", "__pycache__"}
