"""What the page tells of each model."""

from __future__ import annotations

from typing import Any

import pytest

from console.models import described


@pytest.mark.parametrize("model", described(), ids=lambda model: str(model["id"]))
def test_each_model_says_in_one_line_what_it_is_for(model: dict[str, Any]) -> None:
    assert model["purpose"].endswith(".")
    assert len(model["purpose"]) <= 80
    assert "\n" not in model["purpose"]


@pytest.mark.parametrize("model", described(), ids=lambda model: str(model["id"]))
def test_no_parameter_is_shown_by_its_bare_name(model: dict[str, Any]) -> None:
    titles = [control["title"] for control in model["settings"]]
    assert [title for title in titles if "_" in title or title[0].islower()] == []
    assert len(set(titles)) == len(titles)


def test_prices_are_from_the_least_to_the_most() -> None:
    prices = {model["id"]: model["prices_usd"] for model in described()}
    assert prices["veo-3-1-fast"] == [0.4, 1.2]
    assert prices["veed-fabric-1-0-api-130"] == []
