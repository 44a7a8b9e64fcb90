"""The integration tests with their DynamoDB in MiniStack: `python -m tests.judges [what pytest takes]`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.judges.ministack import ministack


def main() -> int:
    """Starts MiniStack, runs the tests, and ends as they do."""
    with tempfile.TemporaryDirectory() as folder, ministack(Path(folder)) as account:
        there = f"--dynamodb-url={account.addresses['aws_endpoint_url']}"
        return subprocess.run([sys.executable, "-m", "pytest", "tests/integration", there, *sys.argv[1:]]).returncode


if __name__ == "__main__":
    sys.exit(main())
