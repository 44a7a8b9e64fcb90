"""Following docs/adding-a-model.md, as far as it takes no stack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import walkthrough
from tests.walkthrough import PROJECT

A_MODEL, A_GATEWAY = (PROJECT / "docs" / f"adding-a-{noun}.md" for noun in ("model", "gateway"))
#: What tests run of the pages, here and in tests/e2e.
RUN = ("dropreel models lantern", "--model lantern", "pytest", "--model brook")
#: What they start in their own way, or what needs an account.
ELSEWHERE = (".venv/bin/dropreel up", ".venv/bin/python -m local.gateways.brook", "aws secretsmanager put-secret-value")

_TRIED = """
import json
from dropreel.catalog import find
from dropreel.catalog.requests import Said, read

def asked(**values):
    return read(find("lantern"), [Said({"prompt": "A cat", "image-url": "https://example.com/cat.png", **values})])

said = {"sent": asked(duration="10s").values}
said["usd"] = [
    str(asked(**values).request.price_usd()) for values in ({}, {"duration": 10}, {"resolution": "1080p"})
]
for name, values in {"value": {"duration": 7}, "rule": {"resolution": "1080p", "duration": 10}}.items():
    found = asked(**values)
    said[name] = [[mistake.field, mistake.allowed] for mistake in [*found.mistakes, *found.broken()]]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copied = walkthrough.copy(tmp_path_factory.mktemp("adding"))
    walkthrough.follow(A_MODEL, copied)
    return copied


def test_the_pages_model_reads_prices_and_refuses_as_the_page_says(project: Path) -> None:
    said = json.loads(walkthrough.run(project, f".venv/bin/python -c '{_TRIED}'"))
    assert said == {
        "sent": {"prompt": "A cat", "image_url": "https://example.com/cat.png", "duration": 10},
        "usd": ["0.25", "0.50", "0.60"],
        "value": [["duration", "5, 10 seconds"]],
        "rule": [["duration", "5 seconds, or resolution 720p"]],
    }


def test_the_pages_model_is_shown_by_the_command(project: Path) -> None:
    (shown,) = (block for block in walkthrough.blocks(A_MODEL, "sh") if "dropreel models lantern" in block)
    said = walkthrough.run(project, shown)
    assert "Lantern 1 Image to Video, gateway pixazo" in said
    assert "0.25 to 0.60 USD a film" in said


def test_a_declaration_is_at_most_25_lines_long() -> None:
    (declared,) = walkthrough.blocks(A_MODEL, "python")
    declaration = declared.partition("class Image(")[2].splitlines()
    assert 10 < len(declaration) <= 25


@pytest.mark.parametrize("page", [A_MODEL, A_GATEWAY], ids=lambda page: str(page.stem))
def test_a_command_that_no_test_runs_has_a_reason(page: Path) -> None:
    rest = [block for block in walkthrough.blocks(page, "sh") if not any(words in block for words in RUN)]
    assert [block for block in rest if not block.startswith(ELSEWHERE)] == []


def test_a_change_must_fit_at_one_place() -> None:
    assert walkthrough.changed("a\nb\nc\n", " a\n-b\n+x\n@@\n c\n+d\n") == "a\nx\nc\nd\n"
    for text in ("a\na\n", "b\n"):
        with pytest.raises(AssertionError):
            walkthrough.changed(text, " a\n+b\n")
