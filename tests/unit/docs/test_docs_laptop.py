"""docs/laptop.md names tests that exist, and every rule of the laptop has a row or a reason."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs" / "laptop.md").read_text()
ENFORCED, _, OPEN = PAGE.partition("## Not enforced")
ROWS = [line.strip("|").split("|") for line in ENFORCED.splitlines() if re.match(r"\| [a-z0-9]", line)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip()[:50])
def test_a_rule_names_its_source_and_a_test_that_exists(row: list[str]) -> None:
    _, source, tests = (cell.strip() for cell in row)
    if source == "source":
        return
    assert ":" in source
    for name in tests.split(", "):
        assert list(PROJECT.glob(f"tests/**/{name}")), name


def test_every_file_of_rules_is_applied() -> None:
    applied = (PROJECT / "local" / "strict" / "__init__.py").read_text()
    rules = [path.stem for path in (PROJECT / "local" / "strict").glob("*.py") if "def apply()" in path.read_text()]
    assert {name for name in rules if name != "__init__"} == set(
        re.findall(r"\w+", applied.partition("for rule in (")[2].partition(")")[0])
    )
