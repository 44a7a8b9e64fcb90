"""What a handler says of an environment variable that is missing."""

from __future__ import annotations

import pytest

from dropreel.settings import BadSetting
from tests.integration.functions import (
    FIRST_EVENT,
    VARIABLES,
    Functions,
    logs,
)
from tests.integration.samples import sample


@pytest.mark.parametrize("name", ["submit", "deliver"])
def test_missing_variable_of_a_queue_function_is_named_in_the_log(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    event = sample(FIRST_EVENT[name])
    for variable in VARIABLES[name]:
        functions.environment(name)
        monkeypatch.delenv(variable)
        assert len(functions.run_as_it_is(name, event)["batchItemFailures"]) == 1
        (line,) = logs(functions.lines())
        assert f"the environment variable {variable} is missing" in line["exception"]


@pytest.mark.filterwarnings("ignore:No application metrics")
@pytest.mark.parametrize("name", ["callback", "poll"])
def test_missing_variable_of_a_called_function_is_named_by_its_error(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in VARIABLES[name]:
        functions.environment(name)
        monkeypatch.delenv(variable)
        with pytest.raises(BadSetting, match=f"the environment variable {variable} is missing"):
            functions.run_as_it_is(name, sample(FIRST_EVENT[name]))
