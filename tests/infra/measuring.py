"""The numbers that each function may tell, read from its own code and from all that it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from dropreel.jobs import ENDED
from dropreel.submit.admission import UNTOLD, Outcome

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "layers/core/python"
FUNCTIONS = tuple(sorted(handler.parent.name for handler in ROOT.glob("functions/*/handler.py")))
#: Names that are made up while the code runs, by how it does that; another way needs a line here.
MADE_UP = {
    "name": set[str](),  # what hands on the domain's own numbers has none to add
    "outcome": {outcome.value for outcome in Outcome if outcome not in UNTOLD},
    "ended.status.capitalize()": {status.capitalize() for status in ENDED},
}


def who_measures(name: str) -> set[str]:
    """The functions that may tell a number."""
    return {function for function in FUNCTIONS if name in measured(function)}


@cache
def measured(function: str) -> frozenset[str]:
    """The names of the numbers that a function may tell."""
    seen: set[Path] = set()
    return frozenset(_told(ast.parse((ROOT / f"functions/{function}/handler.py").read_text()), seen))


def _told(code: ast.AST, seen: set[Path]) -> Iterator[str]:
    for node in _at_run_time(code):
        if isinstance(node, ast.Call):
            yield from _names(node)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "dropreel":
            for name in node.names:
                yield from _imported(str(node.module), name.name, seen)


def _imported(module: str, name: str, seen: set[Path]) -> Iterator[str]:
    whole = _file(f"{module}.{name}") or _file(module)
    assert whole, module
    code = ast.parse(whole.read_text())
    if module == "dropreel.wiring":  # of it a function runs only what it asks for by name, and what that calls
        parts = {getattr(node, "name", ""): node for node in code.body}
        for part in [name, *_called(parts, name)]:
            yield from _told(parts[part], seen)
    elif whole not in seen:
        seen.add(whole)
        yield from _told(code, seen)


def _called(parts: Mapping[str, ast.stmt], name: str) -> set[str]:
    """The parts of a module that one of them calls, and those that these call."""
    calls = {ast.unparse(node.func) for node in ast.walk(parts[name]) if isinstance(node, ast.Call)}
    direct = {part for part in parts if part and part in calls}
    return direct.union(*(_called(parts, part) for part in direct))


def _file(module: str) -> Path | None:
    path = DOMAIN / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes, but for what only a type checker reads."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _at_run_time(child)


def _names(call: ast.Call) -> Iterator[str]:
    told = ast.unparse(call.func)
    if told == "metrics.add_metric":
        (name,) = (word.value for word in call.keywords if word.arg == "name")
    elif told == "measure":
        name = call.args[0]
    else:
        return
    for each in (name.body, name.orelse) if isinstance(name, ast.IfExp) else (name,):
        yield from {str(each.value)} if isinstance(each, ast.Constant) else MADE_UP[ast.unparse(each)]
