"""Follows a page of the documents: a copy of the project, with every block written where the block itself says.

A python block is a file, and a diff block a change of one; their first line names it. Shell blocks run as they stand.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

PROJECT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """The page's blocks in these languages, in their order."""
    yield from (text for language, text in _BLOCK.findall(page.read_text()) if language in languages)


def copy(folder: Path) -> Path:
    """The project as a release would hold it, with this machine's environment and what it has built."""
    ignored = [line.strip("/") for line in (PROJECT / ".gitignore").read_text().split()]
    target = folder / "dropreel"
    shutil.copytree(
        PROJECT,
        target,
        ignore=lambda _, names: [name for name in names if name == ".git" or any(fnmatch(name, i) for i in ignored)],
    )
    (target / ".venv").symlink_to(sys.prefix)
    (PROJECT / ".build").mkdir(exist_ok=True)
    (target / ".build").symlink_to(PROJECT / ".build")
    return target


def follow(page: Path, project: Path) -> None:
    """Do with the copy what the page says."""
    for text in blocks(page, "python", "diff"):
        name, _, body = text.partition("\n")
        path = project / name.removeprefix("# ")
        if body.startswith(("+", "-", " ")):
            path.write_text(changed(path.read_text(), body))
        else:
            assert not path.exists(), f"{path.name} is there already"
            path.write_text(body)


def changed(text: str, diff: str) -> str:
    """The text with each part of the diff applied at the one place where it fits."""
    for part in re.split(r"^@@.*\n", diff, flags=re.MULTILINE):
        lines = [line or " " for line in part.splitlines()]
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        assert text.count(before) == 1, f"fits at {text.count(before)} places:\n{before}"
        text = text.replace(before, after)
    return text


def surroundings(project: Path, **more: str) -> Mapping[str, str]:
    """What makes Python read the copy instead of what is installed."""
    paths = os.pathsep.join([str(project), str(project / "layers" / "core" / "python")])
    return {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", **more}


def run(project: Path, script: str, *, cwd: Path | None = None, **more: str) -> str:
    """What a shell block says, on both channels; it must end well."""
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=cwd or project,
        env=surroundings(project, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout
