"""The functions as they would be uploaded: dropreel's from its own template, the others with all that pip brings."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.coldstart.start import Contender
from infra import bytecode
from infra.assets import CODE, LAYERS, PIP
from infra.environments import HOST_RUNTIME
from local.assembly import synthesize

BARE, USUAL = "boto3 DynamoDB client", "usual Powertools handler"
FUNCTIONS = ("callback", "poll", "submit", "probe", "deliver")
_HERE = Path(__file__).parent
_PLAIN = "{}, no byte code"


def contenders(scratch: Path) -> list[Contender]:
    """All that are compared, the one that the others are measured by first."""
    bare = _other("bare", BARE, scratch)
    usual = _other("usual", USUAL, scratch, TABLE="jobs", URL="http://127.0.0.1:1", POWERTOOLS_SERVICE_NAME="usual")
    ours = {contender.name: contender for contender in _functions()}
    uncompiled = [_without_byte_code(contender, scratch) for contender in (bare, usual, ours["callback"])]
    return [bare, usual, *(ours[name] for name in FUNCTIONS), *uncompiled]


def _other(folder: str, name: str, scratch: Path, **variables: str) -> Contender:
    """A function of the benchmark's own, whose layer gets byte code as dropreel's do."""
    code, layer = scratch / folder / "code", scratch / folder / "layer"
    code.mkdir(parents=True)
    shutil.copy(_HERE / folder / "handler.py", code)
    wanted = ["--target", str(layer / "python"), "--requirement", str(_HERE / folder / "requirements.txt")]
    subprocess.run([sys.executable, "-m", "pip", *PIP, *wanted], check=True, stderr=subprocess.DEVNULL)  # noqa: S603
    bytecode.compile_all(code, runtime=HOST_RUNTIME, there=CODE)
    bytecode.compile_all(layer, runtime=HOST_RUNTIME, there=LAYERS)
    return Contender(name, code, [layer], variables)


def _functions() -> Iterator[Contender]:
    """dropreel's functions, as the laptop stack would deploy them; what is told of other resources is made up."""
    assembly = synthesize({})
    resources: Mapping[str, Any] = assembly.template["Resources"]
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Function":
            function = resource["Properties"]
            told = function["Environment"]["Variables"]
            layers = [resources[layer["Ref"]]["Properties"]["Content"]["S3Key"] for layer in function["Layers"]]
            yield Contender(
                told["POWERTOOLS_SERVICE_NAME"],
                assembly.assets[function["Code"]["S3Key"]],
                [assembly.assets[key] for key in layers],
                {name: value if isinstance(value, str) else "made-up" for name, value in told.items()},
            )


def _without_byte_code(contender: Contender, scratch: Path) -> Contender:
    def copied(folder: Path, name: str) -> Path:
        ignore = shutil.ignore_patterns("__pycache__")
        return Path(shutil.copytree(folder, scratch / "plain" / contender.name / name, ignore=ignore))

    layers = [copied(layer, str(number)) for number, layer in enumerate(contender.layers)]
    return Contender(_PLAIN.format(contender.name), copied(contender.code, "code"), layers, contender.variables)
