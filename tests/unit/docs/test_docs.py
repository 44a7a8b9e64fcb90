"""What the documents say is so: models, prices, statuses, settings, examples, names and links."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from cli import catalog
from cli.app import VERBS
from dropreel.catalog import MODELS, Model, find, schemas
from dropreel.catalog.fields import KIND_OF
from dropreel.catalog.requests import Said, read
from dropreel.delivery.ending import manifest
from dropreel.intake import drops, envelopes
from dropreel.intake.envelopes import Request
from dropreel.jobs import ENDED, Job, Status
from infra.environments import KINDS, Settings

PROJECT = Path(__file__).parents[3]
README = (PROJECT / "README.md").read_text()
MODELS_PAGE = (PROJECT / "docs" / "models.md").read_text()


def files() -> Iterator[Path]:
    """Everything that is not ignored, so what a release would hold."""
    patterns = [line.strip("/") for line in (PROJECT / ".gitignore").read_text().split()]
    pending = [PROJECT]
    while pending:
        for path in sorted(pending.pop().iterdir()):
            if path.name == ".git" or any(fnmatch(path.name, pattern) for pattern in patterns):
                continue
            if path.is_dir():
                pending.append(path)
            else:
                yield path


PAGES = sorted(path for path in files() if path.suffix == ".md")


def named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def table(text: str, first: str) -> dict[str, list[str]]:
    """The rows of the table whose first heading is this, by their first cell."""
    rows: dict[str, list[str]] = {}
    for line in text.partition(f"\n| {first} |")[2].splitlines()[2:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[0] not in rows, f"{cells[0]} is there twice"
        rows[cells[0]] = cells[1:]
    assert rows, f"there is no table that begins with {first}"
    return rows


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


CATALOG = {tuple(quoted(name)): cells for name, cells in table(README, "folder: id, or alias").items()}


def row_of(model: type[Model]) -> list[str]:
    return CATALOG[drops.roots(model)]


# The catalog


def test_readme_lists_every_model_once_by_id_and_alias() -> None:
    assert sorted(CATALOG) == sorted(drops.roots(model) for model in MODELS.values())


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_readme_names_the_required_fields(model: type[Model]) -> None:
    assert tuple(quoted(row_of(model)[1])) == model.required()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_readme_names_the_kinds_of_file_that_a_model_takes(model: type[Model]) -> None:
    words = re.findall(r"[a-z0-9]+", row_of(model)[0])
    kinds = {KIND_OF.get(word, word.removesuffix("s")) for word in words} & {"image", "audio", "video"}
    assert kinds == {field.kind for field in model.media()}
    assert ("prompt" in words) == ("prompt" in model.model_fields)
    extensions = [word for word in words if word in KIND_OF]
    for field in model.media():
        listed = {word for word in extensions if KIND_OF[word] == field.kind}
        assert not listed or listed == set(field.formats) - {"jpeg"}, "a list of extensions is a whole one"


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_readme_says_how_many_pictures_make_a_list(model: type[Model]) -> None:
    said = [int(number) for number in re.findall(r"\b1 to (\d+)", row_of(model)[0])]
    assert said == [field.most for field in model.media() if field.many]


#: What a price can depend on.
PRICED = frozenset({"resolution", "duration", "generate_audio", "generate_audio_switch"})


def requests(model: type[Model]) -> Iterator[Model]:
    """Every combination of what a price can depend on, less those that a rule forbids."""
    telling = {name: values_of(found) for name, found in model.described()["properties"].items() if name in PRICED}
    for combination in itertools.product(*telling.values()):
        request = model.model_construct(**dict(zip(telling, combination, strict=True)))
        if not any(request.rules()):
            yield request


def values_of(described: Mapping[str, Any]) -> list[object]:
    match described:
        case {"enum": values}:
            return list(values)
        case {"minimum": least, "maximum": most}:
            return list(range(least, most + 1))
        case {"type": "boolean"}:
            return [True, False]
    raise AssertionError(f"{described} is nothing that a price depends on")


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_readme_names_every_price_and_no_other(model: type[Model]) -> None:
    said = row_of(model)[2]
    prices = [(getattr(request, "duration", 1), request.price_usd()) for request in requests(model)]
    if said == "unknown":
        assert {price for _, price in prices} == {None}
        return
    by_second = said.startswith("a second")
    assert by_second or said.startswith("a film")
    real = {price / seconds if by_second and price else price for seconds, price in prices}
    assert {Decimal(number) for number in re.findall(r"\d+\.\d+", said)} == real


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_models_page_lists_every_parameter(model: type[Model]) -> None:
    section = MODELS_PAGE.partition(f"\n## {model.id}\n")[2].partition("\n## ")[0]
    assert model.title in section
    assert f"gateway {model.gateway}" in section
    shown = {field["name"]: field for field in catalog.parameters_of(model)}
    expected = {
        f"`{name}`": ["required" if field["required"] else catalog.default_words(field["default"]), field["allowed"]]
        for name, field in shown.items()
    }
    assert table(section, "parameter") == expected


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_schemas_for_editors_are_current(model: type[Model]) -> None:
    written = (PROJECT / "docs" / "schemas" / f"{model.id}.json").read_text()
    assert json.loads(written) == schemas.settings(model), "`make schemas` writes them"


def test_there_is_a_schema_for_each_model_and_no_other() -> None:
    assert {path.stem for path in (PROJECT / "docs" / "schemas").iterdir()} == set(MODELS)


# The examples


def dropped(script: str) -> Iterator[tuple[str, str, str]]:
    """Each drop of a shell script: its key, what is echoed into it, and its metadata."""
    for line in script.replace("|\n", "|").splitlines():
        words = shlex.split(line, comments=True)
        for key in (word.removeprefix("s3://$INBOX/") for word in words if word.startswith("s3://$INBOX/")):
            echoed = words[1] if words[0] == "echo" else ""
            metadata = words[words.index("--metadata") + 1] if "--metadata" in words else "{}"
            yield key, echoed, metadata


def said(name: drops.Name, key: str, echoed: str, metadata: str) -> Mapping[str, Any]:
    """The parameters that one drop gives, the weakest word first."""
    if name.kind == "prompt":
        return {"prompt": echoed}
    if name.kind == "settings":
        return {field: value for field, value in json.loads(echoed).items() if field != "take"}
    media = drops.taken_by(key, name)
    return {**json.loads(metadata), media.name: [f"s3://inbox/{key}"] if media.many else f"s3://inbox/{key}"}


def test_readmes_line_for_each_model_makes_a_complete_job() -> None:
    (script,) = (block for block in blocks(README, "sh") if "# veed-fabric: the picture speaks" in block)
    places: dict[drops.Place, dict[str, Any]] = {}
    for key, echoed, metadata in dropped(script):
        name = drops.parse(key)
        values = places.setdefault(name.place, {})
        for field, value in said(name, key, echoed, metadata).items():
            values[field] = values[field] + value if isinstance(value, list) and field in values else value
    for place, values in places.items():
        reading = read(place.model, [Said(values)])
        assert (reading.mistakes, reading.missing, reading.broken()) == ((), (), [])
    assert {place.model.id for place in places} == set(MODELS)


def test_readmes_message_is_one() -> None:
    (body,) = re.findall(r"--message-body '(.*?\})'\n", README, re.DOTALL)
    (message,) = envelopes.read(body.replace("'$INBOX'", "inbox"), "an-id")
    assert isinstance(message, Request)
    reading = read(find(message.model), [Said(message.input)])
    assert (reading.mistakes, reading.missing) == ((), ())
    assert (message.id, message.output) == ("order-17", "campaign/7")


def test_readmes_manifest_has_the_fields_of_a_real_one() -> None:
    (example,) = (json.loads(block) for block in blocks(README, "json"))
    real = manifest(Job("a" * 26, "veo-3-1", "pixazo", Status.SUCCEEDED, "veo-3-1/cat"))
    assert list(example) == list(real)
    assert example["outputs"][0]["key"] == f"{example['model']}/campaign/7/order-17-{example['job_id']}.mp4"


# Statuses, settings, the stack


def test_readme_lists_the_statuses_and_which_of_them_end() -> None:
    rows = table(README, "status")
    assert list(rows) == list(Status)
    assert {status for status, (_, ends) in rows.items() if ends == "yes"} == ENDED


def test_the_architecture_explains_every_status() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text()
    assert {status for names in table(text, "state") for status in names.split(", ")} == set(Status)


def shown(value: object) -> str:
    """A default as people read it."""
    return str(value).lower() if isinstance(value, bool) else "none" if value in (None, (), {}) else str(value)


def test_readme_lists_every_setting_with_its_default() -> None:
    rows = {quoted(name)[0]: cells[0] for name, cells in table(README, "setting").items()}
    real = {name: shown(field.get_default()) for name, field in Settings.model_fields.items()}
    assert rows == real | {"media_hosts": "any public host"}


def test_readme_says_where_an_environment_differs() -> None:
    meaning = table(README, "setting")["`log_retention_days`"][1]
    differing = {name: kind.defaults["log_retention_days"] for name, kind in KINDS.items() if name in ("dev", "prod")}
    assert meaning == ", ".join(f"{name} {days}" for name, days in differing.items())
    assert all(set(kind.defaults) <= {"log_retention_days"} for name, kind in KINDS.items() if name != "local")


def test_readme_names_the_stacks_outputs() -> None:
    outputs = re.findall(r'CfnOutput\(self, "(\w+)"', (PROJECT / "infra" / "stack.py").read_text())
    said = README.partition("Its outputs are")[2].partition(".\n")[0]
    assert sorted(quoted(said)) == sorted(outputs)


# Names and links


def tree() -> Iterator[str]:
    """The paths of the tree in the README."""
    (text,) = re.findall(r"^## Where things live\n\n```\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    above: list[str] = []
    for line in text.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth:] = [line.split()[0]]
        yield "".join(above)


def test_everything_in_readmes_tree_exists() -> None:
    paths = list(tree())
    assert len(paths) > 10
    assert [path for path in paths if not (PROJECT / path).exists()] == []


def test_readmes_tree_has_every_folder_of_the_top_level() -> None:
    top = {path.relative_to(PROJECT).parts[0] for path in files() if path.parent != PROJECT}
    assert {f"{name}/" for name in top if not name.startswith(".")} <= set(tree())


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_relative_links_resolve(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not re.match(r"[a-z]+:", link):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), f"{link} leads nowhere"
            assert not anchor or anchor in anchors(target.read_text()), f"{link} names no heading"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    code = "\n".join([*quoted(page.read_text()), *blocks(page.read_text(), "[a-z]*")])
    targets = set(re.findall(r"^([\w.-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([\w.-]+)", code, re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_dropreel_command_that_is_named_exists(page: Path) -> None:
    code = "\n".join([*quoted(page.read_text()), *blocks(page.read_text(), "[a-z]*")])
    verbs = {name for verbs in VERBS.values() for name in verbs}
    assert set(re.findall(r"^(?:\.venv/bin/)?dropreel ([a-z-]+)", code, re.MULTILINE)) <= verbs


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_lines_of_prose_are_wrapped(page: Path) -> None:
    text = re.sub(r"^```.*?^```|^<!-- \w+: measured -->.*?^<!--", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    long = [line for line in text.splitlines() if len(line) > 120 and not line.lstrip().startswith(("|", "<img"))]
    assert long == []


def test_readme_shows_the_two_commands() -> None:
    assert {"make demo", "make test"} <= {quoted(command)[0] for command in table(README, "command")}


#: Where people keep their work on a machine.
OF_A_MACHINE = re.compile(r"(?<![\w.}$*/-])/(?:(?:home|Users)/[\w.-]+/|(?:work|root)/\w)")
#: A requirement is a name, a version and a hash; where it is fetched from is up to whoever installs it.
REGISTRY = re.compile(r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com|anaconda\.org)\b")


@pytest.mark.parametrize("pattern", [OF_A_MACHINE, REGISTRY], ids=["path of a machine", "package registry"])
def test_no_file_names_one(pattern: re.Pattern[str]) -> None:
    found = [
        f"{named(path)}:{number}: {line.strip()[:100]}"
        for path in files()
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []
