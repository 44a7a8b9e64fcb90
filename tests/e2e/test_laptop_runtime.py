"""Functions run as in Lambda: in processes of their own, that see their layers and nothing else."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.functions import Function
from local.process import Definition
from local.strict.functions import Throttled
from tests.e2e.harness import PROJECT
from tests.e2e.tiny import eventually

pytestmark = pytest.mark.thorough

Make = Callable[..., Function]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Function] = []

    def function(
        source: str,
        *,
        timeout: float = 5,
        layers: tuple[Path, ...] = (),
        reserved: int | None = None,
        **environment: str,
    ) -> Function:
        code = tmp_path / f"code{len(made)}"
        code.mkdir()
        (code / "handler.py").write_text(source)
        definition = Definition(
            name="tried",
            arn="arn:aws:lambda:us-east-1:123456789012:function:tried",
            handler="handler.handler",
            timeout=timeout,
            memory_mb=256,
            role="arn:aws:iam::123456789012:role/tried",
            environment=environment,
            log_group="/aws/lambda/tried",
            code=code,
            layers=layers,
            most=3,
            reserved=reserved,
        )
        endpoint, log = "http://localhost:1", tmp_path / "log"
        session = {"AccessKeyId": "ASIA", "SecretAccessKey": "secret", "SessionToken": "token"}
        more = {"endpoint_url": endpoint, "region": "us-east-1", "log": log, "home": tmp_path}
        made.append(Function(definition, session=session, **more))  # type: ignore[arg-type]
        return made[-1]

    yield function
    for each in made:
        each.stop()


def run(function: Function, event: dict[str, Any] | None = None) -> Any:
    answer = function.invoke(json.dumps(event or {}).encode())
    return json.loads(answer.payload) | ({"failed": answer.error} if answer.error else {})


def test_a_function_gets_its_event_and_context(make: Make) -> None:
    function = make(
        "def handler(event, context):\n"
        "    return {**event, 'left': context.get_remaining_time_in_millis(), 'memory': context.memory_limit_in_mb,\n"
        "            'arn': context.invoked_function_arn, 'id': context.aws_request_id}",
        timeout=7,
    )
    answer = run(function, {"given": "ü"})
    assert answer["given"] == "ü"
    assert 6000 < answer["left"] <= 7000
    assert (answer["memory"], answer["arn"]) == ("256", function.definition.arn)
    assert len(answer["id"]) == 36


def test_a_function_sees_lambdas_variables_and_its_own_but_not_the_starters(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    function = make("import os\ndef handler(event, context):\n    return dict(os.environ)", TABLE="jobs")
    seen = run(function)
    assert seen["TABLE"] == "jobs"
    assert seen["AWS_REGION"] == "us-east-1"
    assert seen["AWS_ENDPOINT_URL"] == "http://localhost:1"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "tried"
    assert seen["_X_AMZN_TRACE_ID"].endswith("Sampled=0;Lineage=tried:1")
    assert "AWS_PROFILE" not in seen


def test_a_dependency_that_no_layer_brings_is_missing(make: Make) -> None:
    function = make("import boto3\ndef handler(event, context):\n    return {}")
    function.start()
    assert "No module named 'boto3'" in (function.wait_until_ready(20) or "")
    answer = run(function)
    assert (answer["failed"], answer["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")


def test_a_later_layer_wins(make: Make, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name / "python").mkdir(parents=True)
        (tmp_path / name / "python" / "said.py").write_text(f"WORD = '{name}'")
    function = make(
        "import said\ndef handler(event, context):\n    return {'word': said.WORD}",
        layers=(tmp_path / "first", tmp_path / "second"),
    )
    assert run(function)["word"] == "second"


def test_an_exception_is_answered_as_lambda_does(make: Make) -> None:
    answer = run(make("def handler(event, context):\n    raise KeyError('nothing')"))
    assert answer["failed"] == "Unhandled"
    assert answer["errorType"] == "KeyError"
    assert answer["stackTrace"]


def test_a_function_that_takes_too_long_is_ended_and_the_next_event_runs(make: Make) -> None:
    source = (
        "import time\ndef handler(event, context):\n    time.sleep(event.get('sleep', 0))\n    return {'well': True}"
    )
    function = make(source, timeout=0.5)
    begin = time.monotonic()
    answer = run(function, {"sleep": 30})
    assert answer["errorMessage"].endswith("Task timed out after 0.50 seconds")
    assert time.monotonic() - begin < 5
    assert run(function) == {"well": True}


def test_a_process_that_dies_fails_its_event_only(make: Make) -> None:
    function = make("import os\ndef handler(event, context):\n    return os._exit(7) if event else {'well': True}")
    answer = run(function, {"die": True})
    assert answer["errorType"] == "Runtime.ExitError"
    assert "exit status 7" in answer["errorMessage"]
    assert run(function) == {"well": True}


def test_events_that_meet_a_busy_process_get_another_but_never_more_than_the_most(make: Make) -> None:
    source = "import os, time\ndef handler(event, context):\n    time.sleep(0.4)\n    return {'pid': os.getpid()}"
    function = make(source)
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(run(function)["pid"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 8
    assert 2 <= len(set(pids)) <= function.definition.most


def test_what_exceeds_the_reserved_concurrency_is_throttled(make: Make) -> None:
    function = make("import time\ndef handler(event, context):\n    time.sleep(1)\n    return {}", reserved=1)
    thread = threading.Thread(target=run, args=(function,))
    thread.start()
    assert eventually(lambda: function._under_way)
    with pytest.raises(Throttled, match="Rate Exceeded"):
        run(function)
    thread.join()
    assert run(function) == {}


def test_an_answer_over_six_megabytes_is_an_error(make: Make) -> None:
    answer = run(make("def handler(event, context):\n    return {'x': 'x' * (6 * 1024 * 1024 + 100)}"))
    assert (answer["failed"], answer["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")


def test_stopping_ends_the_processes_and_what_they_do(make: Make) -> None:
    source = "import os, time\ndef handler(event, context):\n    open(event['pid'], 'w').write(str(os.getpid()))\n"
    function = make(source + "    time.sleep(60)", timeout=60)
    noted = function.log.with_name("pid")
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(run(function, {"pid": str(noted)})))
    thread.start()
    pid = int(eventually(lambda: noted.read_text() if noted.exists() else ""))
    function.stop()
    thread.join(5)
    assert answers[0]["failed"] == "Unhandled"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_dies_with_its_starter_even_when_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "sleeper.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)")
    starter = (
        "import os, sys, time\nfrom pathlib import Path\nfrom local import leash\n"
        f"leash.start('sleeper', environment={{**os.environ, 'PYTHONPATH': {str(tmp_path)!r}}})\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", starter], cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    assert eventually(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    """Whether it runs: a process that nobody has waited for yet is dead all the same."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
