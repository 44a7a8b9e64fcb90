"""What is uploaded: a function's handler, the domain, and the third parties that pip brings; all without Docker."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType

from aws_cdk import AssetHashType
from aws_cdk.aws_lambda import Code

from infra import bytecode, models
from infra.environments import Environment

PROJECT = Path(__file__).parents[1]
BUILT = PROJECT / ".build" / "layers"
#: Where Lambda puts what a layer holds, and a function's code.
LAYERS, CODE = "/opt", "/var/task"
#: Amazon Linux 2023 has glibc 2.34; pip does not infer older tags from newer ones.
MANYLINUX = ("manylinux2014", "manylinux_2_17", "manylinux_2_28")
#: Byte code of whichever interpreter ran last, and what tools leave beside the sources.
LEFTOVERS = ("__pycache__", "*.pyc", "*.egg-info", ".*")
#: Scripts, which name the interpreter of the machine that built them; the third parties' tests; a web framework; the
#: pydantic of old.
NEEDLESS = ("bin", "*/tests", "aws_lambda_powertools/event_handler", "pydantic/v1")
#: Only wheels, so that nothing is compiled here for there; only what is pinned, byte for byte.
PIP = (
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-compile",
    "--no-deps",
    "--only-binary=:all:",
    "--require-hashes",
)


class BuildError(RuntimeError):
    """pip could not bring what a layer needs; the message is pip's own."""


def sources(*path: str, environment: Environment, there: str) -> Code:
    """Return a folder of the project, less what tools left there, with byte code for where it will lie."""
    folder, runtime = PROJECT.joinpath(*path), environment.settings.runtime
    key = hashlib.sha256(f"{runtime}\n{_text(bytecode)}".encode())
    for file in _sources(folder):
        key.update(f"\0{file.relative_to(folder)}\0".encode() + file.read_bytes())

    def build(built: Path) -> None:
        shutil.copytree(folder, built, ignore=shutil.ignore_patterns(*LEFTOVERS))
        bytecode.compile_all(built, runtime=runtime, there=there)

    return _kept(key.hexdigest()[:32], build)


def _sources(folder: Path) -> Iterator[Path]:
    leftovers = shutil.ignore_patterns(*LEFTOVERS)
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not leftovers("", list(file.relative_to(folder).parts)):
            yield file


def packages(layer: str, *, environment: Environment) -> Code:
    """Return the third parties that a layer's requirements.txt pins, less what no function needs, with byte code.

    Raises BuildError.
    """
    requirements = PROJECT / "layers" / layer / "requirements.txt"
    runtime, machine = environment.settings.runtime, _machine(environment)
    ours = _text(bytecode), _text(models)
    key = hashlib.sha256("\n".join([requirements.read_text(), *PIP, *NEEDLESS, *machine, *ours]).encode())

    def build(built: Path) -> None:
        python = built / "python"
        if not (environment.laptop and _copy(requirements, python)):
            _install(requirements, [] if environment.laptop else machine, python)
        for path in (path for pattern in NEEDLESS for path in python.glob(pattern)):
            shutil.rmtree(path)
        models.trim(python)
        bytecode.compile_all(built, runtime=runtime, there=LAYERS)

    return _kept(key.hexdigest()[:32], build)


def _text(module: ModuleType) -> str:
    return Path(module.__file__ or "").read_text()


def _kept(key: str, build: Callable[[Path], None]) -> Code:
    """Return what was built under this key, once for all.

    The key says all that there is to say of the content, so the CDK need not read it all to hash it. It is of what goes
    in and not of what comes out: whether byte code could be made here makes no other upload.
    """
    built = BUILT / key
    if not built.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILT, prefix="unfinished-") as unfinished:
            made = Path(unfinished, "made")
            build(made)
            with suppress(OSError):  # somebody else was quicker, and what they built is the same
                made.rename(built)
    return Code.from_asset(str(built), asset_hash=key, asset_hash_type=AssetHashType.CUSTOM)


def _machine(environment: Environment) -> list[str]:
    """Say what the wheels are to run on: for Lambda in pip's own options."""
    if environment.laptop:
        return [str(sys.implementation.cache_tag), sysconfig.get_platform()]
    settings = environment.settings
    processor = {"arm64": "aarch64"}.get(settings.architecture, settings.architecture)
    platforms = [f"--platform={manylinux}_{processor}" for manylinux in MANYLINUX]
    return ["--implementation=cp", f"--python-version={settings.runtime.removeprefix('python')}", *platforms]


def _copy(requirements: Path, python: Path) -> bool:
    """Copy what is pinned from this environment, to which `make` brought it by the same hashes; whether it has it all.

    A laptop's functions run on the machine itself, so pip would bring the same files once more.
    """
    pinned = re.findall(r"^([\w.-]+)==(\S+)", requirements.read_text(), re.MULTILINE)
    try:
        found = [(distribution(name), version) for name, version in pinned]
    except PackageNotFoundError:
        return False
    if any(each.version != version or not each.files for each, version in found):
        return False
    for each, _ in found:
        for file in each.files or ():
            if not {"..", "__pycache__"} & set(file.parts):
                (python / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), python / file)
    return True


def _install(requirements: Path, options: list[str], python: Path) -> None:
    pip = [sys.executable, "-m", "pip", *PIP, *options, "--target", str(python), "--requirement", str(requirements)]
    ran = subprocess.run(pip, capture_output=True, text=True, check=False)  # noqa: S603 (our own words)
    if ran.returncode:
        raise BuildError(f"pip could not install {requirements.relative_to(PROJECT)}:\n{ran.stderr.strip()}")
