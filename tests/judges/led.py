"""Runs a command that ends with whoever started it, as everything on local.leash does."""

from __future__ import annotations

import os
import subprocess
import sys

if __name__ == "__main__":
    # Ours was only the way to this module.
    del os.environ["PYTHONPATH"]
    sys.exit(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode)
