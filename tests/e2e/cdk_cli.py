"""The CDK's own command line, and accounts of moto's that it deploys into."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from moto.core.base_backend import BackendDict

import infra  # noqa: F401  # puts the Node that came from PyPI in place
from local import cloudformation  # noqa: F401  # the resource types that moto lacks
from local.moto_server import REGION, MotoServer
from tests.e2e.harness import PROJECT

#: The newest of the major version whose cloud assemblies this library writes.
CDK = "aws-cdk@2.1148.1"


@contextmanager
def accounts() -> Iterator[str]:
    """Where AWS answers, for accounts with nothing in them and no function that runs."""
    BackendDict.reset()  # what another test has deployed is in another account
    server = MotoServer(port=0, invoke=lambda _name, _event: None)
    server.start()
    yield server.url
    server.stop()


def cdk(account: str, *arguments: str, **keys: str) -> str:
    """Run the command line against this account; it must succeed."""
    node = Path(os.environ["JSII_NODE"])
    surroundings: Mapping[str, str] = {
        **os.environ,
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": account,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": REGION,
        "CI": "true",
        **keys,
    }
    npx = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    command = [str(node), str(npx), "--yes", CDK, *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
