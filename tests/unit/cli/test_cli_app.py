"""All verbs at a glance: what the help says of each, and what it need not load for that."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from cli.app import VERBS, command
from local.leash import PROJECT

LINES = {name: line for verbs in VERBS.values() for name, line in verbs.items()}
#: What takes long to load, of what verbs need.
SLOW = ("boto3", "botocore", "httpx", "pydantic", "moto", "av", "numpy", "aws_cdk", "rich.markdown")


def loaded(*words: str) -> set[str]:
    """Which of the slow packages a command line loads."""
    program = f"""
import sys
sys.argv = ["dropreel", *{words!r}]
from cli.main import main
try:
    main()
except SystemExit:
    pass
print([name for name in {SLOW} if name in sys.modules], file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    found: set[str] = set(eval(ran.stderr.splitlines()[-1]))  # noqa: S307 - our own line
    return found


@pytest.mark.parametrize("name", LINES)
def test_the_help_of_all_says_of_a_verb_what_its_own_help_says_first(name: str) -> None:
    module, first = LINES[name]
    verb = getattr(import_module(f"cli.{module}"), name.replace("-", "_"))
    assert (inspect.getdoc(verb) or "").split("\n\n")[0].replace("\n", " ") == first


def test_the_help_loads_no_more_than_it_shows() -> None:
    assert loaded("--help") <= {"rich.markdown"}
    assert loaded("-h") <= {"rich.markdown"}
    assert loaded("--version") == set()
    assert loaded("version") <= {"pydantic"}


def test_every_verb_takes_the_short_word_for_help() -> None:
    for name in LINES:
        assert command(name).context_settings == {"help_option_names": ["-h", "--help"]}


def test_a_verb_loads_what_it_uses() -> None:
    assert loaded("jobs", "--env", "nowhere") <= {"botocore", "pydantic"}
    assert not loaded("retry", "no-job-id") & {"httpx", "moto", "av", "numpy", "aws_cdk"}
