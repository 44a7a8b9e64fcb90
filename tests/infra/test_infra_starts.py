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
_ALL = "aws aws.clients aws.items aws.jobs_table aws.queues jobs measures settings telemetry wiring"
#: Every gateway and every model is loaded where one is: whoever adds one need not say so here.
_GATEWAYS, _CATALOG = (
    " ".join([package, *(f"{package}.{path.stem}" for path in (DOMAIN / package).glob("[!_]*.py"))])
    for package in ("gateways", "catalog")
)
_SPEAKING = f"{_ALL} {_GATEWAYS} aws.executions errors redaction"
_SENDING = (
    "aws.budget aws.contents aws.gates aws.objects aws.s3_errors delivery delivery.ending intake "
    "intake.drops intake.inbox outcome outcome.settle outcome.watch submit submit.admission submit.holding "
    "submit.lending submit.sending transfer transfer.file_types"
)
_DELIVER = (
    "aws.batch aws.budget aws.gates delivery delivery.delivery delivery.ending transfer transfer.addresses "
    "transfer.buffers transfer.connection transfer.copying transfer.decoding transfer.downloading transfer.fetching "
    "transfer.file_types transfer.multipart transfer.streamed"
)
#: Of each function the packages of third parties and the modules of `dropreel`.
_LOADED = {
    "callback": (_AWS, f"{_ALL} gateways gateways.words outcome outcome.callback outcome.settle"),
    "poll": (f"{_AWS} {_HTTP}", f"{_SPEAKING} outcome outcome.settle outcome.watch"),
    "submit": (
        f"{_AWS} {_HTTP}",
        (
            f"{_SPEAKING} {_CATALOG} {_SENDING} aws.batch intake.assembly intake.envelopes intake.gathering "
            "intake.intake intake.texts"
        ),
    ),
    "probe": (f"{_AWS} {_HTTP}", f"{_SPEAKING} {_CATALOG} {_SENDING} submit.probe"),
    "deliver": (f"{_AWS} {_HTTP}", f"{_SPEAKING} {_DELIVER}"),
}
#: Starts a function as Lambda does, and says what that brought.
_START = """
import json, sys
import handler
(made,) = (each for each in vars(handler).values() if hasattr(each, "cache_info"))
ours = [name.removeprefix("dropreel.") for name in sys.modules if name.startswith("dropreel.")]
others = {name.partition(".")[0] for name in sys.modules}
others -= {*sys.stdlib_module_names, "__main__", "handler", "dropreel"}
print(json.dumps({"others": sorted(others), "ours": sorted(ours), "made": bool(made.cache_info().currsize)}))
"""


@dataclass(frozen=True)
class _Started:
    """What a start has loaded, and whether its services are there."""

    others: list[str]
    ours: list[str]
    made: bool


def _start(assembly: Assembly, noun: str, *, lacking: str = "") -> _Started:
    function, resources = assembly.function(noun), assembly.template["Resources"]
    contents = [resources[layer["Ref"]]["Properties"]["Content"] for layer in reversed(function["Layers"])]
    code = assembly.asset(function["Code"])
    path = [code, *(assembly.asset(content) / "python" for content in contents)]
    told = {n: v if isinstance(v, str) else "made-up" for n, v in function["Environment"]["Variables"].items()}
    lambdas = {"LAMBDA_TASK_ROOT": str(code), "AWS_DEFAULT_REGION": "eu-central-1", "PYTHONDONTWRITEBYTECODE": "1"}
    env = {**told, **lambdas, "PYTHONPATH": os.pathsep.join(map(str, path))}
    env.pop(lacking, None)
    command = [sys.executable, "-S", "-s", "-P", "-c", _START]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.returncode) == ("", 0)
    return _Started(**json.loads(ran.stdout))


@pytest.mark.parametrize("noun", _LOADED)
def test_start_loads_what_the_function_uses_and_nothing_else(local: Assembly, noun: str) -> None:
    started = _start(local, noun)
    others, ours = _LOADED[noun]
    assert started.others == sorted(others.split())
    assert started.ours == sorted(ours.split())


@pytest.mark.parametrize("noun", _LOADED)
def test_services_wait_for_no_event(local: Assembly, noun: str) -> None:
    assert _start(local, noun).made


@pytest.mark.parametrize("noun", _LOADED)
@pytest.mark.parametrize("lacking", ["JOBS_TABLE", "AWS_DEFAULT_REGION"])
def test_start_that_lacks_a_variable_leaves_the_complaint_to_the_first_event(
    local: Assembly, noun: str, lacking: str
) -> None:
    assert not _start(local, noun, lacking=lacking).made


@pytest.mark.parametrize("noun", _LOADED)
def test_start_outside_lambda_is_one_too(local: Assembly, noun: str) -> None:
    assert _start(local, noun, lacking="LAMBDA_TASK_ROOT").made
