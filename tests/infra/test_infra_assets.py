"""What the uploads hold: byte code that the functions' interpreter takes, and what their clients need of botocore."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

from dropreel import settings, wiring
from infra import assets, bytecode, models
from infra.assets import LAYERS, PROJECT
from infra.environments import HOST_RUNTIME
from tests.infra.synthesized import Assembly


def uploads(assembly: Assembly) -> Iterator[Path]:
    """The folders of all layers and functions."""
    for layer in assembly.of_type("AWS::Lambda::LayerVersion").values():
        yield assembly.asset(layer["Content"])
    for function in assembly.of_type("AWS::Lambda::Function").values():
        yield assembly.asset(function["Code"])


# Byte code


def test_uploads_are_compiled_for_their_interpreter_and_no_other(each: Assembly) -> None:
    (runtime,) = {function["Runtime"] for function in each.of_type("AWS::Lambda::Function").values()}
    tag = f".cpython-{runtime.removeprefix('python').replace('.', '')}.pyc"
    for folder in uploads(each):
        compiled = sorted(path.name for path in folder.rglob("*.pyc"))
        sources = sorted(path.stem + tag for path in folder.rglob("*.py"))
        assert compiled == (sources if bytecode.interpreter(runtime) else [])


def test_byte_code_is_never_checked_against_its_source(local: Assembly) -> None:
    for folder in uploads(local):
        # PEP 552: after the magic number, 1 says "by a hash" and, without a 2, "unchecked".
        assert {path.read_bytes()[4:8] for path in folder.rglob("*.pyc")} == {b"\1\0\0\0"}


def test_byte_code_speaks_of_lambdas_folders_and_not_of_this_machines(local: Assembly) -> None:
    for folder in uploads(local):
        for path in folder.rglob("*.pyc"):
            content = path.read_bytes()
            assert str(PROJECT).encode() not in content
            assert b"/opt/python/" in content or b"/var/task/handler.py" in content


def test_byte_code_of_the_same_sources_is_the_same(tmp_path: Path) -> None:
    made: list[bytes] = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "module.py").write_text("NAMES = {'b', 'a'}\ndef said(): return NAMES & {'x', 'y', 'z'}\n")
        os.utime(folder / "module.py", (len(made), len(made)))
        bytecode.compile_all(folder, runtime=HOST_RUNTIME, there=LAYERS)
        made += [path.read_bytes() for path in folder.rglob("*.pyc")]
    assert len(made) == 2
    assert made[0] == made[1]


@pytest.mark.parametrize("said", ["cpython-311 final", "cpython-399 alpha", "no such version is chosen"])
def test_interpreter_that_is_not_the_runtimes_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    pretender = tmp_path / "python3.99"
    pretender.write_text(f"#!/bin/sh\necho {said}\n")
    pretender.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    bytecode.interpreter.cache_clear()
    assert bytecode.interpreter("python3.99") is None
    pretender.write_text("#!/bin/sh\necho cpython-399 final\n")
    bytecode.interpreter.cache_clear()
    assert bytecode.interpreter("python3.99") == str(pretender)
    bytecode.interpreter.cache_clear()


# botocore's models

_SETTINGS = {
    wiring.submit_of: settings.SubmitSettings,
    wiring.probe_of: settings.SubmitSettings,
    wiring.poll_of: settings.PollSettings,
    wiring.deliver_of: settings.DeliverSettings,
}


class _Client:
    """As much of a client as is looked at before it is used."""

    meta = SimpleNamespace(region_name="eu-central-1")


def _vendor(assembly: Assembly) -> Path:
    layers = assembly.of_type("AWS::Lambda::LayerVersion")
    return assembly.asset(layers["RuntimeVendor"]["Content"]) / "python"


def _loaders(assembly: Assembly) -> tuple[Loader, Loader]:
    """All models, and those of the layer."""
    data = _vendor(assembly) / "botocore" / "data"
    return Loader(), Loader(extra_search_paths=[str(data)], include_default_search_paths=False)


def test_the_layer_has_the_version_that_its_models_are_compared_with(local: Assembly) -> None:
    import botocore

    assert (_vendor(local) / f"botocore-{botocore.__version__}.dist-info").exists()


def test_the_layer_has_models_of_what_the_functions_have_clients_of_and_no_others(each: Assembly) -> None:
    _, ours = _loaders(each)
    assert ours.list_available_services("service-2") == sorted(models.SERVICES)


def test_functions_have_clients_of_these_services(each: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set()
    for make, kind in _SETTINGS.items():
        noun = kind.__name__.removesuffix("Settings").lower()
        told = each.function(noun)["Environment"]["Variables"]
        env = {name: value if isinstance(value, str) else "made-up" for name, value in told.items()}
        outside = wiring.Outside(aws=lambda service: asked.add(service) or _Client())  # type: ignore[func-returns-value]
        make(settings.read(kind, env), outside)  # type: ignore[operator]
    assert asked == set(models.SERVICES)


@pytest.mark.parametrize("service", models.SERVICES)
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"])
def test_models_of_the_layer_are_botocores_own_but_for_their_prose(local: Assembly, service: str, kind: str) -> None:
    everything, ours = _loaders(local)
    if kind not in ("service-2", "endpoint-rule-set-1") and not _has(everything, service, kind):
        assert not _has(ours, service, kind)
        return
    whole = everything.load_service_model(service, kind)
    assert ours.load_service_model(service, kind) == models.without_prose(whole)


def _has(loader: Loader, service: str, kind: str) -> bool:
    return service in loader.list_available_services(kind)


def test_prose_goes_and_a_member_of_that_name_stays() -> None:
    member = {"members": {"documentation": {"shape": "Text", "documentation": "What it is about."}}}
    assert models.without_prose(member) == {"members": {"documentation": {"shape": "Text", "documentation": ""}}}


@pytest.mark.parametrize("service", ["dynamodb", "events", "s3", "secretsmanager", "sqs", "states"])
def test_endpoints_of_all_regions_are_botocores_own(local: Assembly, service: str) -> None:
    everything, ours = (
        EndpointResolver(loader.load_data("endpoints"), uses_builtin_data=True) for loader in _loaders(local)
    )
    for partition in everything.get_available_partitions():
        regions = everything.get_available_endpoints(service, partition, allow_non_regional=True)
        assert ours.get_available_endpoints(service, partition, allow_non_regional=True) == regions
        for region in [*regions, "xx-new-1"]:
            assert ours.construct_endpoint(service, region) == everything.construct_endpoint(service, region)


@pytest.mark.parametrize("name", ["_retry", "partitions", "sdk-default-configuration"])
def test_what_all_services_share_is_there_whole(local: Assembly, name: str) -> None:
    everything, ours = _loaders(local)
    assert ours.load_data(name) == everything.load_data(name)


# Where packages come from


@pytest.mark.parametrize("layer", ["vendor", "http", "catalog"])
@pytest.mark.cdk_cli
def test_a_laptops_layer_holds_what_pip_would_bring(tmp_path: Path, layer: str) -> None:
    requirements = PROJECT / "layers" / layer / "requirements.txt"
    assets._install(requirements, [], tmp_path / "pip")
    assert assets._copy(requirements, tmp_path / "copied")
    brought, copied = (_contents(tmp_path / name) for name in ("pip", "copied"))
    assert brought.keys() == copied.keys()
    assert [name for name, content in brought.items() if copied[name] != content] == []


@pytest.mark.parametrize("pin", ["pydantic==0.0.1", "no-such-package==1.0"])
def test_what_is_not_here_in_the_pinned_version_is_left_to_pip(tmp_path: Path, pin: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"{pin} \\\n    --hash=sha256:0\n")
    assert not assets._copy(tmp_path / "requirements.txt", tmp_path / "copied")
    assert not (tmp_path / "copied").exists()


def _contents(folder: Path) -> dict[str, bytes]:
    """The files by name, but for commands and for what each installation writes of itself."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent.suffix != ".dist-info")
    return {name: path.read_bytes() for path in files if not (name := str(path.relative_to(folder))).startswith("bin/")}
