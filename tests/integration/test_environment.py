"""What a handler says of an environment variable that is missing."""

from __future__ import annotations

import pytest

from dropreel.settings import BadSetting
from tests.integration.functions import FIRST_EVENT, VARIABLES, Functions
from tests.integration.samples import sample


@pytest.mark.parametrize("name", VARIABLES)
def test_missing_variable_is_named_by_the_functions_error(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in VARIABLES[name]:
        functions.environment(name)
        monkeypatch.delenv(variable)
        with pytest.raises(BadSetting, match=f"the environment variable {variable} is missing"):
            functions.run_as_it_is(name, sample(FIRST_EVENT[name]))
