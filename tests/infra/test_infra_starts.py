"""A function's start: what it loads beyond the standard library, and what it has made before its first event.

Every import costs at each cold start. Whoever adds one that is needed adds it here; any other has crept in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from infra.assets import PROJECT
from tests.infra.synthesized import Assembly

DOMAIN = PROJECT / "layers" / "core" / "python" / "dropreel"

_AWS = "aws_lambda_powertools botocore dateutil jmespath six typing_extensions urllib3"
_HTTP = "anyio certifi h11 httpcore httpx idna"
_PYDANTIC = "annotated_types pydantic pydantic_core typing_inspection"
_ALL = "aws aws.clients aws.items aws.jobs_table aws.queues jobs measures settings telemetry wiring"
#: Every gateway and every model is loaded where one is: whoever adds one need not say so here.
_GATEWAYS, _CATALOG = (
    " ".join([package, *(f"{package}.{path.stem}" for path in (DOMAIN / package).glob("[!_]*.py"))])
    for package in ("gateways", "catalog")
)
_CATALOG = _CATALOG.replace(" catalog.schemas", "")  # what is allowed is told when something is not
_SPEAKING = f"{_ALL} {_GATEWAYS} aws.executions errors redaction"
_SENDING = (
    "aws.budget aws.contents aws.gates aws.objects aws.s3_errors delivery delivery.ending intake "
    "intake.drops intake.inbox outcome outcome.settle outcome.watch submit submit.admission submit.holding "
    "submit.lending submit.sending transfer transfer.file_types"
)
_TAKING = "aws.batch intake.assembly intake.envelopes intake.gathering intake.intake intake.steps intake.texts"
_DELIVER = (
    "aws.batch aws.budget aws.gates delivery delivery.delivery delivery.ending transfer transfer.addresses "
    "transfer.buffers transfer.connection transfer.copying transfer.decoding transfer.downloading transfer.fetching "
    "transfer.file_types transfer.uploading"
)
#: Of each function the packages of third parties and the modules of `dropreel`.
_LOADED = {
    "callback": (_AWS, f"{_ALL} gateways gateways.words outcome outcome.callback outcome.settle"),
    "poll": (f"{_AWS} {_HTTP}", f"{_SPEAKING} outcome outcome.settle outcome.watch"),
    "submit": (
        f"{_AWS} {_HTTP} {_PYDANTIC}",
        f"{_SPEAKING} {_CATALOG} {_SENDING} {_TAKING}",
    ),
    "probe": (f"{_AWS} {_HTTP} {_PYDANTIC}", f"{_SPEAKING} {_CATALOG} {_SENDING} submit.probe"),
    "deliver": (f"{_AWS} {_HTTP}", f"{_SPEAKING} {_DELIVER}"),
}
#: Starts a function as Lambda does and says what that brought; then, in copies of the process, which have the third
#: parties already, it starts the domain anew without one variable each.
_START = """
import json, os, sys
import handler

def made():
    (services,) = (each for each in vars(sys.modules["handler"]).values() if hasattr(each, "cache_info"))
    return bool(services.cache_info().currsize)

ours = [name for name in sys.modules if name.startswith("dropreel.")]
others = {name.partition(".")[0] for name in sys.modules}
others -= {*sys.stdlib_module_names, "__main__", "handler", "dropreel"}
others = {name for name in others if not name.startswith("_sysconfigdata")}  # a build's own, of zoneinfo
ours_named = sorted(name.removeprefix("dropreel.") for name in ours)
found = {"others": sorted(others), "ours": ours_named, "made": made(), "made_lacking": {}}
for lacking in sys.argv[1:]:
    reading, writing = os.pipe()
    if os.fork() == 0:
        del os.environ[lacking]
        for name in [*ours, "dropreel", "handler"]:
            del sys.modules[name]
        import handler
        os.write(writing, bytes([made()]))
        os._exit(0)
    found["made_lacking"][lacking] = bool(os.read(reading, 1)[0])
print(json.dumps(found))
"""
#: What a process may lack; it is outside Lambda where it lacks the last.
_VARIABLES = ("JOBS_TABLE", "AWS_DEFAULT_REGION", "LAMBDA_TASK_ROOT")


@dataclass(frozen=True)
class _Started:
    """What a start has loaded, and whether its services are there; and whether they are where a variable is lacking."""

    others: list[str]
    ours: list[str]
    made: bool
    made_lacking: dict[str, bool]


@pytest.fixture(scope="module")
def started(request: pytest.FixtureRequest, assemblies: dict[str, Assembly]) -> _Started:
    """A start of the function that the test is about."""
    assembly, noun = assemblies["local"], request.param
    function, resources = assembly.function(noun), assembly.template["Resources"]
    contents = [resources[layer["Ref"]]["Properties"]["Content"] for layer in reversed(function["Layers"])]
    code = assembly.asset(function["Code"])
    path = [code, *(assembly.asset(content) / "python" for content in contents)]
    told = {n: v if isinstance(v, str) else "made-up" for n, v in function["Environment"]["Variables"].items()}
    lambdas = {"LAMBDA_TASK_ROOT": str(code), "AWS_DEFAULT_REGION": "eu-central-1", "PYTHONDONTWRITEBYTECODE": "1"}
    env = {**told, **lambdas, "PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, "-S", "-s", "-P", "-c", _START, *_VARIABLES]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.returncode) == ("", 0)
    return _Started(**json.loads(ran.stdout))


each_function = pytest.mark.parametrize("started", _LOADED, indirect=True)


@each_function
def test_start_loads_what_the_function_uses_and_nothing_else(started: _Started, request: pytest.FixtureRequest) -> None:
    others, ours = _LOADED[request.node.callspec.params["started"]]
    assert started.others == sorted(others.split())
    assert started.ours == sorted(ours.split())


@each_function
def test_services_wait_for_no_event(started: _Started) -> None:
    assert started.made


@each_function
@pytest.mark.parametrize("lacking", ["JOBS_TABLE", "AWS_DEFAULT_REGION"])
def test_start_that_lacks_a_variable_leaves_the_complaint_to_the_first_event(started: _Started, lacking: str) -> None:
    assert not started.made_lacking[lacking]


@each_function
def test_start_outside_lambda_is_one_too(started: _Started) -> None:
    assert started.made_lacking["LAMBDA_TASK_ROOT"]
