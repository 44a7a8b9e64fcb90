"""The example that publishes a message: what is wrong is said in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PUBLISH = Path(__file__).parents[3] / "examples" / "publish.py"
#: What it needs to sign with; the endpoint is one where nobody is, and asking it once is enough.
NOBODY = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://localhost:9",
    "AWS_MAX_ATTEMPTS": "1",
}


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["{"], 2, "argument input: invalid json_object value: '{'"),
        (['["a list"]'], 2, "argument input: invalid json_object value: '[\"a list\"]'"),
        (['{"prompt": "a cat"}'], 1, 'not sent: Could not connect to the endpoint URL: "http://localhost:9/"'),
    ],
    ids=["no JSON", "no object", "nobody there"],
)
def test_what_can_not_be_sent_is_said_in_a_line(words: list[str], status: int, said: str) -> None:
    ran = subprocess.run(
        [sys.executable, PUBLISH, "http://localhost:9/1/queue", "veo-3-1-fast", *words],
        env={**os.environ, **NOBODY},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (status, "")
    assert said in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr
