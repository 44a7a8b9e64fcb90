"""How the command line ends: each error is one line that names the next step, with an exit status of its own."""

from __future__ import annotations

import io
import os
import string
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import boto3
import botocore.exceptions
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto import mock_aws
from rich.console import Console

from cli import app, laptop
from cli.exits import FAILED, FINE, INTERRUPTED, INVALID, MEANINGS, UNREACHABLE, Trouble, ask, explain
from cli.refusals import ALIASES, TROUBLES
from dropreel.errors import Mistake
from infra.environments import SettingError
from local.assembly import SynthesisFailed

PROJECT = Path(__file__).parents[3]
ABOUT = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]

Said = tuple[int, str, str]


@pytest.fixture
def dropreel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command line here; its exit status, stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["dropreel", *words])
        with pytest.raises(SystemExit) as ended:
            app.run()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def explained(capsys: pytest.CaptureFixture[str]) -> Callable[[Exception], tuple[int, str]]:
    """The exit status and the one line that an error leads to."""

    def run(error: Exception) -> tuple[int, str]:
        status = explain(error)
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("dropreel: ")
        assert len(err.splitlines()) == 1
        return status, err.strip()

    return run


def refusal(code: str, message: str = "AWS's own\nwords.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutObject")


def named(name: str) -> Exception:
    """The client's error of this name with all that its words need, or AWS's refusal with this code."""
    if name == "ResponseParserError":
        return ResponseParserError("Unable to parse response\nmismatched tag")
    kind = getattr(botocore.exceptions, name, None)
    if kind is None:
        return refusal(name)
    parts = [part for _, part, _, _ in string.Formatter().parse(kind.fmt) if part]
    error = kind(**dict.fromkeys(["error", *parts], "words\nof the client's"))
    assert isinstance(error, Exception)
    return error


# What AWS says


@pytest.mark.parametrize("name", [*TROUBLES, *ALIASES])
def test_every_error_of_awss_is_one_line_with_the_next_step(
    name: str, explained: Callable[[Exception], tuple[int, str]]
) -> None:
    meant = TROUBLES[ALIASES.get(name, name)]
    status, line = explained(named(name))
    assert status == meant.status
    assert line.endswith(f"; {meant.todo}")
    assert len(meant.todo) > 10
    assert "An error occurred" not in line
    assert not {"{", "}"} & set(line)


def test_an_error_that_nobody_foresaw_is_told_in_awss_words(explained: Callable[[Exception], tuple[int, str]]) -> None:
    told = explained(refusal("OutOfCheese", "There is\nno cheese."))
    assert told == (UNREACHABLE, "dropreel: AWS did not do it (OutOfCheese at PutObject): There is no cheese")
    told = explained(named("UnseekableStreamError"))
    assert told[1].startswith("dropreel: AWS did not do it (UnseekableStreamError): Need to rewind")


@mock_aws
def test_a_failed_upload_is_told_by_what_made_it_fail(
    tmp_path: Path, explained: Callable[[Exception], tuple[int, str]]
) -> None:
    (tmp_path / "cat.png").write_bytes(b"a cat")
    client = boto3.client("s3", "us-east-1", aws_access_key_id="any", aws_secret_access_key="any")
    with pytest.raises(S3UploadFailedError) as failed:
        client.upload_file(str(tmp_path / "cat.png"), "no-such-bucket", "cat.png")
    assert explained(failed.value) == (INVALID, "dropreel: there is no bucket no-such-bucket; `aws s3 ls` lists yours")


def test_a_refusal_names_the_page_that_says_what_a_verb_needs() -> None:
    todo = TROUBLES["AccessDenied"].todo
    assert '"Who may do what" in docs/guide.md' in todo
    assert "**Who may do what**" in (PROJECT / "docs" / "guide.md").read_text()


def test_a_refusal_says_what_was_refused(explained: Callable[[Exception], tuple[int, str]]) -> None:
    line = explained(refusal("AccessDenied", "not authorized to perform: kms:Decrypt"))[1]
    assert "PutObject" in line
    assert "kms:Decrypt" in line


# What else goes wrong


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Mistake("field", "is wrong", "right"), (INVALID, "dropreel: field: is wrong; allowed: right")),
        (Trouble("no\nstack", UNREACHABLE), (UNREACHABLE, "dropreel: no stack")),
        (Trouble("no", FAILED), (FAILED, "dropreel: no")),
        (FileNotFoundError(2, "No such file", "cat.png"), (INVALID, "dropreel: cat.png: No such file")),
        (OSError(12, "Cannot allocate memory"), (FAILED, "dropreel: Cannot allocate memory")),
    ],
)
def test_each_kind_of_error_has_its_exit_status(
    error: Exception, told: tuple[int, str], explained: Callable[[Exception], tuple[int, str]]
) -> None:
    assert explained(error) == told


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        explain(KeyError("ours"))


#: Python's own way with an output to a file: it is written when there is enough of it, at the end at the latest.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@pytest.mark.parametrize(
    "words", [["models"], ["models", "--json"], ["models", "veo-3-1", "--json"], ["--help"]], ids=" ".join
)
def test_an_output_that_takes_no_more_is_one_line(words: list[str]) -> None:
    command = [sys.executable, "-m", "cli", *words]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(command, cwd=PROJECT, env=BUFFERED, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ran.returncode, ran.stderr) == (FAILED, "dropreel: No space left on device\n")


@pytest.mark.parametrize("words", [["models", "--json"], ["models", "veo-3-1", "--json"]], ids=["much", "little"])
def test_a_reader_that_has_gone_is_told_nothing(words: list[str]) -> None:
    command = [sys.executable, "-m", "cli", *words]
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(command, cwd=PROJECT, env=BUFFERED, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (FAILED, b"")


#: Ctrl-C at the very moment at which the verbs are loaded.
INTERRUPTION = """
import signal, sys

# Whoever runs the tests in the background has Ctrl-C ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Interruption:
    def find_spec(self, name, path=None, target=None):
        if name == "cli.app":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interruption())
sys.argv[1:] = {words}
from cli.main import main
main()
"""


@pytest.mark.parametrize(("words", "status"), [(["jobs"], INTERRUPTED), (["up"], FINE), (["demo"], FINE)])
def test_ctrl_c_while_it_is_being_loaded_is_no_traceback(words: list[str], status: int) -> None:
    program = INTERRUPTION.format(words=words)
    ran = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (status, "")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Trouble("no film", 1), FAILED),
        (SettingError("port: no\nhost: no"), INVALID),
        (SynthesisFailed("no"), UNREACHABLE),
        (PermissionError(13, "denied", "laptops"), UNREACHABLE),
    ],
)
def test_a_laptop_stack_that_does_not_start_has_its_exit_status(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left: list[int] = []
    monkeypatch.setattr(laptop, "leave", left.append)
    monkeypatch.setattr(laptop, "ended_by_signals", nullcontext)

    def start() -> None:
        raise error

    with laptop._ending(Console(file=io.StringIO())):
        start()
    assert left == [status]
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("dropreel: ")


# Usage


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["drop"], "Missing option '--model' / '-m'. (`dropreel drop --help` says more)"),
        (["drop", "no-such.png", "-m", "veo-3-1"], "'FILE': file 'no-such.png' does not exist"),
        (["nonsense"], "No such command 'nonsense'"),
        (["jobs", "--limit", "0"], "--limit: '0' is not allowed; allowed: a whole number from 1 to 1000"),
        (["show"], "Missing argument 'JOB'"),
        (["show", ""], "'' names no job: say its id of 26 letters and digits"),
        (["watch", "nope"], "'nope' names no job"),
        (["jobs", "--endpoint-url", "http://localhost:abc"], "'http://localhost:abc' is no address; say the `AWS"),
        (["up", "--set", "=5"], "--set: =5: say NAME=VALUE"),
        (["models", "veo-3-2"], "'veo-3-2' is not a model (did you mean veo-3-1?)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_one_line(words: list[str], problem: str, dropreel: Callable[..., Said]) -> None:
    status, out, err = dropreel(*words)
    assert (status, out) == (INVALID, "")
    assert err.startswith("dropreel: ")
    assert problem in err
    assert len(err.splitlines()) == 1


def test_without_a_word_it_helps(dropreel: Callable[..., Said]) -> None:
    status, out, err = dropreel()
    assert (status, err) == (INVALID, "")
    assert "Usage: dropreel" in out


def test_it_says_its_version_and_what_it_is_for(dropreel: Callable[..., Said]) -> None:
    assert dropreel("--version") == (FINE, f"dropreel {ABOUT['version']}\n", "")
    helped = " ".join(dropreel("--help")[1].split())
    assert f"[OPTIONS] COMMAND [ARGS]... {ABOUT['description']}" in helped
    assert " ".join(MEANINGS.split()) in helped


@pytest.mark.parametrize(
    ("verb", "usage"),
    [("show", "JOB"), ("watch", "[JOB]..."), ("drop", "[FILE]..."), ("backfill", "s3://BUCKET/PREFIX")],
)
def test_usage_names_what_is_needed_as_people_write_it(verb: str, usage: str, dropreel: Callable[..., Said]) -> None:
    assert f"Usage: dropreel {verb} [OPTIONS] {usage}" in dropreel(verb, "--help")[1].splitlines()[1].rstrip()


def test_without_a_terminal_a_question_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/null").open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        with pytest.raises(Trouble) as refused:
            ask("This may cost 3 USD.", yes=False)
        ask("This may cost 3 USD.", yes=True)
    assert refused.value.status == INVALID
    assert "--yes" in str(refused.value)
