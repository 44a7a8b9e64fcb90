"""`dropreel logs`: what the functions say, in the order of time, without secrets, each line once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.logs.models import logs_backends

from cli import logs, stack
from cli.exits import Trouble
from cli.stack import Stack
from dropreel.aws.items import to_item
from dropreel.errors import Mistake
from dropreel.jobs import Job, Status
from local.function_logs import FunctionLogs
from tests.unit.stacks import REGION, a_stack, job

#: As the stack lists them: the names in its template, and those in the account.
LISTED = {
    **{f"Any{name.capitalize()}Log{number}12345AB": f"group-of-{name}" for number, name in enumerate(logs.FUNCTIONS)},
    "CallbackAccessLog73EA08B9": "/aws/vendedlogs/any",
}
NOW = 1_780_000_000.0


@pytest.fixture(scope="module")
def account() -> Iterator[Stack]:
    with a_stack(created_at=NOW) as there:
        for group in LISTED.values():
            there.client("logs").create_log_group(logGroupName=group)
        yield there


@pytest.fixture
def there(account: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """One whose functions have said nothing."""
    monkeypatch.setattr(stack, "find", lambda *_: account)
    monkeypatch.setattr(Stack, "resources", lambda _, kind: iter(LISTED.items() if "Log" in kind else ()))
    for group in LISTED.values():
        account.client("logs").create_log_stream(logGroupName=group, logStreamName="s")
    yield account
    for group in LISTED.values():
        account.client("logs").delete_log_stream(logGroupName=group, logStreamName="s")


def say(there: Stack, function: str, message: Any, ago: float = 10, **more: Any) -> None:
    line = json.dumps({"level": "INFO", "message": message, "service": function, **more})
    there.client("logs").put_log_events(
        logGroupName=f"group-of-{function}",
        logStreamName="s",
        logEvents=[{"timestamp": int((time.time() - ago) * 1000), "message": line}],
    )


def made(there: Stack, ago: float) -> Job:
    one = job(Status.SUCCEEDED, created_at=round(time.time() - ago, 3))
    there.dynamodb.put_item(TableName="jobs", Item=to_item(one))
    return one


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]


def test_the_functions_own_logs_are_found_and_no_others(there: Stack) -> None:
    assert logs._groups(there, logs.FUNCTIONS) == {name: f"group-of-{name}" for name in logs.FUNCTIONS}


def test_all_functions_are_told_in_the_order_of_time(there: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    say(there, "deliver", "third", ago=1)
    say(there, "submit", "first", ago=9)
    say(there, "callback", "second", ago=5)
    say(there, "submit", "long ago", ago=3600)
    logs.logs(json_=True)
    assert told(capsys) == ["first", "second", "third"]
    logs.logs(newer="2h", json_=True)
    assert told(capsys)[0] == "long ago"


def test_of_one_job_its_whole_life_is_told_and_nothing_else(there: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    old = made(there, ago=86_400)
    say(there, "submit", "accepted", ago=86_000, job_id=old.job_id)
    say(there, "deliver", "SUCCEEDED", job_id=old.job_id)
    say(there, "deliver", "another", job_id="a" * 26)
    logs.logs(old.job_id[:8], json_=True)
    assert told(capsys) == ["accepted", "SUCCEEDED"]


def test_a_line_has_its_date_its_function_and_its_job(there: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    one = made(there, ago=60)
    say(there, "poll", "no status", level="WARNING", job_id=one.job_id)
    logs.logs()
    day = time.strftime("%Y-%m-%d", time.gmtime())
    line = capsys.readouterr().out
    assert line.startswith(day)
    assert f"  poll      WARNING no status  {one.job_id}" in line


def test_what_comes_is_told_once_also_where_it_comes_late(
    there: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = [("submit", "new", 0.0), ("poll", "late", logs.LATE / 2), ("submit", "newest", 0.0)]

    def sleep(_: float) -> None:
        if not later:
            raise KeyboardInterrupt
        say(there, *later.pop(0))

    monkeypatch.setattr(logs, "time", SimpleNamespace(time=time.time, sleep=sleep))
    say(there, "submit", "old", ago=5)
    with pytest.raises(KeyboardInterrupt):
        logs.logs(follow=True, json_=True)
    assert told(capsys) == ["old", "new", "late", "newest"]


def test_one_function_and_what_went_wrong_can_be_asked_for(there: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    say(there, "submit", "fine", ago=9)
    say(there, "submit", "odd", ago=8, level="WARNING")
    say(there, "deliver", "bad", ago=7, level="ERROR")
    logs.logs(errors=True, json_=True)
    assert told(capsys) == ["odd", "bad"]
    logs.logs(function="submit", json_=True)
    assert told(capsys) == ["fine", "odd"]
    with pytest.raises(Mistake, match="--function: 'submitt' is none; allowed: submit, callback"):
        logs.logs(function="submitt")


def test_silence_is_told(there: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    logs.logs()
    assert capsys.readouterr().err == "nothing was said in Dropreel-local; --newer 1d looks back further\n"


def test_a_stack_without_functions_is_told(there: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "resources", lambda *_: iter(()))
    with pytest.raises(Trouble, match="has no logs of functions"):
        logs.logs()


def line(message: object) -> logs.Line | None:
    text = message if isinstance(message, str) else json.dumps(message)
    return logs.read("submit", {"timestamp": NOW * 1000, "eventId": "1", "message": text})


@pytest.mark.parametrize(
    "message",
    [
        {"_aws": {"CloudWatchMetrics": []}, "Sent": [1.0]},
        {"time": "x", "type": "platform.start", "record": {"requestId": "r"}},
        {"time": "x", "type": "platform.report", "record": {"requestId": "r", "status": "success"}},
        " \n",
        {},
    ],
)
def test_measures_and_lambdas_own_words_of_a_good_run_are_passed_over(message: object) -> None:
    assert line(message) is None


def test_a_run_that_ended_badly_is_told() -> None:
    found = line({"type": "platform.report", "record": {"requestId": "r", "status": "timeout"}})
    assert found
    assert (found.level, found.message) == ("ERROR", "platform.report: timeout")


@pytest.mark.parametrize(
    "message",
    [
        {"level": "ERROR", "message": "it failed", "exception": "Traceback\nKeyError: 'x'"},
        {"level": "ERROR", "errorMessage": "it failed", "stackTrace": ["Traceback\n", "KeyError: 'x'"]},
    ],
)
def test_an_error_comes_with_where_it_came_from(message: object) -> None:
    found = line(message)
    assert found
    assert (found.message, found.trace) == ("it failed", "Traceback\nKeyError: 'x'")
    assert logs._text(found).plain.endswith("it failed\nTraceback\nKeyError: 'x'")


def test_plain_text_is_a_line_too() -> None:
    found = line("INIT_REPORT Init Duration: 1 ms\n")
    assert found
    assert found.message == "INIT_REPORT Init Duration: 1 ms"


def test_no_secret_is_told(there: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://bucket.s3.amazonaws.com/cat.png?X-Amz-Signature=secret"
    token = f"https://x/callbacks/{'a' * 26}/secret"
    say(there, "submit", f"asked {url} {token}", exception=f"Traceback\nError: {url}")
    say(there, "submit", {"url": url})
    logs.logs()
    logs.logs(json_=True)
    shown = capsys.readouterr().out
    assert shown.count("cat.png") == 6
    assert "secret" not in shown


def test_what_a_function_writes_on_a_laptop_comes_to_its_group_by_whole_lines(account: Stack, tmp_path: Path) -> None:
    file = tmp_path / "submit.log"
    file.write_text('{"message": "one"}\n\n{"mess')
    follower = FunctionLogs({file: "/aws/lambda/any"}, logs_backends["123456789012"][REGION])

    def written() -> list[str]:
        found = account.client("logs").filter_log_events(logGroupName="/aws/lambda/any")["events"]
        return [event["message"] for event in found]

    follower.look()
    assert written() == ['{"message": "one"}']
    with file.open("a") as more:
        more.write('age": "two"}\n')
    follower.start()
    deadline = time.monotonic() + 10
    while len(written()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    follower.stop()
    assert written() == ['{"message": "one"}', '{"message": "two"}']
