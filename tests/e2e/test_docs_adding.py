"""Following docs/adding-a-model.md and docs/adding-a-gateway.md to the film at their end."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.gateways.samples import sample_picture
from tests import walkthrough
from tests.e2e.harness import QUICK, Stack, running_stack
from tests.e2e.tiny import eventually
from tests.walkthrough import PROJECT

pytestmark = pytest.mark.long

A_MODEL, A_GATEWAY = (PROJECT / "docs" / f"adding-a-{noun}.md" for noun in ("model", "gateway"))


def followed(page: Path, folder: Path) -> Path:
    project = walkthrough.copy(folder)
    walkthrough.follow(page, project)
    (project / "cat.png").write_bytes(sample_picture())
    return project


def command(page: Path, words: str) -> str:
    """The page's one shell block that holds these words."""
    (found,) = (block for block in walkthrough.blocks(page, "sh") if words in block)
    return found


def tried(project: Path, stack: Stack, script: str) -> str:
    return walkthrough.run(project, script, DROPREEL_ENDPOINT_URL=stack.addresses["aws_endpoint_url"])


def answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def brook(project: Path) -> Iterator[str]:
    """The page's stand-in, as the page starts it, but on a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "local.gateways.brook", str(port)]
    with subprocess.Popen(
        words, cwd=project, env=walkthrough.surroundings(project), stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert eventually(lambda: answers(port), 30)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_the_pages_model_makes_a_film(tmp_path: Path) -> None:
    project = followed(A_MODEL, tmp_path)
    with running_stack(QUICK, project=project, surroundings=walkthrough.surroundings(project)) as stack:
        said = tried(project, stack, command(A_MODEL, "--watch"))
        manifest = stack.manifest("lantern-1-image-to-video/")
    assert "5, 10 seconds" in said
    assert (manifest["status"], manifest["price_usd"]) == ("SUCCEEDED", 0.25)


def test_the_projects_own_tests_know_the_pages_model(tmp_path: Path) -> None:
    project = followed(A_MODEL, tmp_path)
    for words in ("--schema", "pytest"):
        walkthrough.run(project, command(A_MODEL, words))


def test_the_pages_gateway_makes_a_film(tmp_path: Path) -> None:
    project = followed(A_GATEWAY, tmp_path)
    with (
        brook(project) as url,
        running_stack(
            {**QUICK, "brook_url": url}, project=project, surroundings=walkthrough.surroundings(project)
        ) as stack,
    ):
        said = tried(project, stack, command(A_GATEWAY, "--model brook"))
        manifest = stack.manifest("brook-film-2/")
        resources = stack.client("cloudformation").describe_stack_resources(StackName="Dropreel-local")
    assert "brook gateway" in said
    assert (manifest["status"], manifest["outputs"][0]["content_type"]) == ("SUCCEEDED", "video/mp4")
    assert any("BrookRefuses" in each["LogicalResourceId"] for each in resources["StackResources"])


def test_the_pages_own_tests_pass(tmp_path: Path) -> None:
    project = followed(A_GATEWAY, tmp_path)
    for words in ("test_gateways.py", "test_brook.py"):
        walkthrough.run(project, command(A_GATEWAY, f"--quiet tests/unit/gateways/{words}"))
