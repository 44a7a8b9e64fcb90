"""The example that publishes a message: what is wrong is said in one line."""

from __future__ import annotations

import runpy
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
def test_what_can_not_be_sent_is_said_in_a_line(
    words: list[str], status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in NOBODY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", [str(PUBLISH), "http://localhost:9/1/queue", "veo-3-1-fast", *words])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(PUBLISH), run_name="__main__")
    told = capsys.readouterr()
    # Of a program that leaves with words Python makes them its error, and 1 its status.
    code = left.value.code
    assert (1 if isinstance(code, str) else code, told.out) == (status, "")
    assert said in (code if isinstance(code, str) else told.err.splitlines()[-1])
