"""Byte code for what is uploaded. A function may not write beside its code, so whatever comes without is compiled anew
at every cold start."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from infra.environments import HOST_RUNTIME

#: Never checked against the source: an upload has other times than the files had here, and nobody changes it there.
_COMPILE = ("-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
_PROBE = "import sys; print(sys.implementation.cache_tag, sys.version_info.releaselevel)"


def compile_all(folder: Path, *, runtime: str, there: str) -> None:
    """Put byte code beside all sources of a folder that will lie at `there`, if this machine has the interpreter.

    Another version's would be of no use. Without any, the functions do the same, later.
    """
    if program := interpreter(runtime):
        # Some packages carry sources of other versions' grammar, which nobody imports: no reason to fail.
        subprocess.run([program, *_COMPILE, "-s", folder, "-p", there, folder], capture_output=True, check=False)  # noqa: S603


@cache
def interpreter(runtime: str) -> str | None:
    """Return this machine's interpreter of a runtime's version, or None."""
    program = sys.executable if runtime == HOST_RUNTIME else shutil.which(runtime)
    if program is None:
        return None
    # A name on the path may be a version manager's, for a version that is not chosen.
    said = subprocess.run([program, "-I", "-c", _PROBE], capture_output=True, text=True, check=False)  # noqa: S603
    expected = f"cpython-{runtime.removeprefix('python').replace('.', '')} final"
    return program if said.stdout.strip() == expected else None
