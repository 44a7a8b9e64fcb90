"""The packages of the domain have one direction: a drop goes down the floors, and nothing goes up again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

DOMAIN = Path(__file__).parents[2] / "layers/core/python/dropreel"
#: From the top: what puts all together, the journey, the ground.
FLOORS = [
    {"wiring", "operating", "telemetry"},
    {"intake"},
    {"submit"},
    {"outcome"},
    {"delivery"},
    {"gateways", "transfer", "catalog", "aws", "settings"},
    {"jobs"},
    {"errors", "measures", "redaction"},
]
#: Who may use whom beside it: a gateway is asked for a model of the catalog, at an address that settings name.
BESIDE = {("gateways", "catalog"), ("gateways", "settings")}
FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}
MODULES = sorted(DOMAIN.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(DOMAIN).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The rooms that a module's imports name, wherever in it they stand."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "dropreel":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("dropreel."):
            yield str(node.module).split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(DOMAIN)))
def test_a_module_imports_its_own_package_and_those_below(path: Path) -> None:
    here = room(path)
    if here == "__init__":
        assert not list(imported(path))
        return
    up = {
        there
        for there in imported(path)
        if there != here and FLOOR_OF[there] <= FLOOR_OF[here] and (here, there) not in BESIDE
    }
    assert not up, f"{here} reaches up to {up}"


@pytest.mark.parametrize("package", ["intake", "submit", "outcome", "delivery", "transfer", "gateways", "aws"])
def test_a_package_says_what_comes_in_what_goes_out_and_what_to_read_first(package: str) -> None:
    said = ast.get_docstring(ast.parse((DOMAIN / package / "__init__.py").read_text())) or ""
    assert "first" in said
    named = {word.strip("`.,:;") for word in said.split() if word.strip("`.,:;").endswith(".py")}
    assert named <= {path.name for path in (DOMAIN / package).glob("*.py")}


def test_the_tests_stand_in_folders_of_the_packages_names() -> None:
    domain = {path.name for path in DOMAIN.iterdir() if (path / "__init__.py").exists()}
    others = {path.parent.name for path in DOMAIN.parents[3].glob("*/__init__.py")} | {"docs"}
    folders = {path.parent.name for path in Path(__file__).parent.glob("*/test_*.py")}
    assert folders <= domain | others
    assert folders >= {
        "intake",
        "submit",
        "delivery",
        "transfer",
        "gateways",
        "catalog",
        "aws",
        "cli",
        "console",
        "local",
    }
