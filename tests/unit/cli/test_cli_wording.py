"""The command line's words: they fit, they cover every case, and they say what is so."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from cli import catalog, laptop, listing, redrive, summary, table, timeline, wording
from cli.advice import advise
from cli.app import VERBS, run
from cli.draft import parameters
from cli.exits import FAILED, INVALID, UNREACHABLE, Trouble
from cli.following import Follower
from cli.stack import Stack
from dropreel.aws.gates import Gate
from dropreel.aws.queues import resume
from dropreel.catalog import MODELS, Model
from dropreel.catalog.requests import Said, read
from dropreel.errors import Mistake
from dropreel.intake import drops, envelopes
from dropreel.intake.assembly import media_parts
from dropreel.intake.inbox import Part
from dropreel.jobs import ATTENTION, Job, Status

PROJECT = Path(__file__).parents[3]
NOW = 1_780_000_000.0


def a_job(status: Status = Status.SUCCEEDED, code: str = "", reason: str = "", **changes: object) -> Job:
    job = Job("kbxh3ivhqeiwvevlpds74uko2c", "veo-3-1-fast", "pixazo", status, "veo-3-1-fast/campaign/7/sea")
    error = {"code": code, "message": "what the gateway said"} if code else None
    return replace(job, created_at=NOW - 90, error=error, reason=reason, **changes)  # type: ignore[arg-type]


def codes() -> set[str]:
    """Every error code that the domain can write."""
    sources = "\n".join(path.read_text() for path in (PROJECT / "layers/core/python/dropreel").rglob("*.py"))
    found = re.findall(r'"code": "(\w+)"|Status\.(?:FAILED|EXPIRED), "(\w+)"', sources)
    return {code for pair in found for code in pair} - {""}


@pytest.mark.parametrize(("seconds", "said"), [(90, "in 1m"), (1, "in 1s"), (0.4, "now"), (0, "now"), (-500, "now")])
def test_a_probe_that_is_overdue_is_now(seconds: float, said: str) -> None:
    assert wording.due(Gate("pixazo", closed=True, next_probe_at=NOW + seconds), NOW) == f"the next probe is {said}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["jobs", "--limit", "-1"], "--limit: '-1' is not allowed; allowed: a whole number from 1 to 1000"),
        (["jobs", "--limit", "x"], "--limit: 'x' is not allowed; allowed: a whole number from 1 to 1000"),
        (["up", "--port", "99999"], "--port: '99999' is not allowed; allowed: a whole number from 0 to 65535"),
        (["watch", "a", "--timeout", "-1"], "--timeout: '-1' is not allowed; allowed: a number from 0"),
    ],
)
def test_a_number_that_is_not_allowed_is_told_with_what_is(
    words: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dropreel", *words])
    with pytest.raises(SystemExit, match="2"):
        run()
    assert capsys.readouterr().err.startswith(f"dropreel: {told} (`dropreel {words[0]} --help` says more)")


# What to do


def test_the_sources_name_the_codes_of_the_contract() -> None:
    assert codes() == {"failed", "error", "declined", "output_unavailable", "expired", "invalid_input", "given_up"}


@pytest.mark.parametrize("status", Status)
def test_every_status_is_explained(status: Status) -> None:
    assert advise(a_job(status), "prod").meaning.endswith(".")


@pytest.mark.parametrize("status", [*sorted(ATTENTION), Status.REJECTED, Status.EXPIRED])
def test_every_status_that_needs_a_person_says_what_to_do(status: Status) -> None:
    assert advise(a_job(status, gate="pixazo"), "prod").todo


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_error_code_says_what_to_do_in_its_own_words(code: str) -> None:
    advice = advise(a_job(Status.FAILED, code), "prod")
    assert advice.todo
    assert advice.meaning != advise(a_job(Status.FAILED, "a code that nobody knows"), "prod").meaning


@pytest.mark.parametrize(
    ("gate", "reason", "word"),
    [
        ("pixazo", "the gateway answered 401: no", "valid key"),
        ("pixazo", "the gateway answered 402: no", "Top up"),
        ("pixazo", "the gateway answered 403: no", "allow the model"),
        ("pixazo", "the secret holds no usable key", "put-secret-value --secret-id dropreel/prod/pixazo"),
        ("pixazo", "the key could not be read from its secret (X)", "put-secret-value"),
        ("pixazo", "no connection to the gateway: refused", "dropreel doctor --env prod"),
        ("budget", "the daily budget is used up", "daily_budget_usd"),
        ("", "ERROR (not charged): broke down", "retry"),
    ],
)
def test_a_held_job_says_how_to_let_it_go(gate: str, reason: str, word: str) -> None:
    assert word in advise(a_job(Status.HELD, gate=gate, reason=reason), "prod").todo


def test_a_gateway_that_is_asked_too_often_needs_nobody() -> None:
    advice = advise(a_job(Status.HELD, gate="pixazo", reason="the gateway answered 429: slow down"), "prod")
    assert "429" in advice.meaning
    assert advice.todo == ""


def test_a_model_that_does_not_exist_is_not_looked_up() -> None:
    rejected = a_job(Status.REJECTED, "invalid_input")
    assert "`dropreel models veo-3-1-fast --env prod`" in advise(rejected, "prod").todo
    assert "`dropreel models --env prod`" in advise(replace(rejected, model="no-such-model"), "prod").todo


def test_an_adopted_job_says_since_when_wherever_it_is_told() -> None:
    adopted = a_job(Status.SUBMITTED, reason="adopted at 2026-06-01 09:30:36 UTC; its film is being waited for")
    assert summary.trouble(adopted) == adopted.reason
    assert adopted.reason[:40] in table.table([adopted], NOW, 80).plain
    assert summary.brief(adopted)["reason"] == adopted.reason


def test_advice_can_be_copied_into_the_shell() -> None:
    job = a_job(Status.UNKNOWN)
    assert f"`dropreel adopt {job.job_id} REQUEST --env prod`" in advise(job, "prod").todo
    assert f"`dropreel adopt {job.job_id} REQUEST`" in advise(job, "local").todo


@pytest.mark.parametrize("status", Status)
def test_advice_names_only_verbs_that_exist(status: Status) -> None:
    verbs = {name for verbs in VERBS.values() for name in verbs}
    for code in ["", *codes()]:
        named = re.findall(r"`dropreel ([a-z-]+)", advise(a_job(status, code), "dev").todo)
        assert set(named) <= verbs


# Money and times


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (a_job(Status.SUCCEEDED, price_usd=Decimal("0.60")), "0.60 USD, an estimate"),
        (a_job(Status.SUCCEEDED), "not known, since the gateway lists no price for this model"),
        (a_job(Status.UNKNOWN), "not known, since the gateway lists no price for this model"),
        (a_job(Status.HELD), "nothing yet"),
        (a_job(Status.REJECTED, "invalid_input"), "nothing"),
        (a_job(Status.FAILED, "declined", price_usd=Decimal(1)), "nothing"),
        (a_job(Status.FAILED, "error", price_usd=Decimal(1)), "nothing"),
        (a_job(Status.FAILED, "failed", price_usd=Decimal(1)), "perhaps 1.00 USD"),
        (a_job(Status.FAILED, "output_unavailable", price_usd=Decimal(1)), "1.00 USD, an estimate"),
        (a_job(Status.UNKNOWN, price_usd=Decimal("0.6")), "perhaps 0.60 USD"),
        (a_job(Status.HELD, price_usd=Decimal("0.6")), "nothing yet, 0.60 USD once it is sent"),
    ],
)
def test_cost_is_never_said_to_be_nothing_where_it_may_be_something(job: Job, words: str) -> None:
    assert summary.cost(job) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (7300, "2h"), (200_000, "2d")]
)
def test_ages_have_one_unit(seconds: float, words: str) -> None:
    assert wording.age(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(3.42, "3.4 s"), (125, "2 min 5 s"), (11_240, "3 h 7 min")])
def test_lengths_have_two_units_at_most(seconds: float, words: str) -> None:
    assert wording.lasted(seconds) == words


def test_a_moment_is_absolute_and_relative() -> None:
    assert wording.when(NOW - 120, NOW) == "2026-05-28 20:24:40 UTC, 2m ago"
    assert wording.when(NOW + 120, NOW).endswith("in 2m")


@pytest.mark.parametrize(
    ("usd", "words"), [(None, "-"), (Decimal("0.6"), "0.60"), (Decimal("1.725"), "1.725"), (Decimal(100), "100.00")]
)
def test_no_part_of_a_cent_is_lost(usd: Decimal | None, words: str) -> None:
    assert wording.money(usd) == words


@pytest.mark.parametrize(
    ("model", "path", "words"),
    [
        ("veo-3-1-fast", "veo-3-1-fast/sea", "veo-3-1-fast/sea"),
        ("veo-3-1-fast", "veo-3-1-fast/campaign/summer/7/sea", "veo-3-1-fast/…/7/sea"),
        ("veed-fabric-1-0-api-130", "veed-fabric-1-0-api-130/b", "veed-fabric-1-0-api-130/b"),
        ("veed-fabric-1-0-api-130", "veed-fabric-1-0-api-130/tuesday/ben", "veed-fabric-1-0-api-…/ben"),
        ("pixverse-v6-image-to-video", "pixverse-v6-image-to-video/walk", "pixverse-v6-image-t…/walk"),
        ("no-such", "rejected/no-such/a-name-that-goes-on-and-on-and-on", "rejected/a-name-that-goe…"),
        ("", "x" * 30, "x" * 24 + "…"),
    ],
)
def test_a_place_keeps_its_model_and_its_name(model: str, path: str, words: str) -> None:
    assert wording.place(a_job(model=model, place=path), 25) == words


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800)])
def test_ages_of_filters_have_four_units(text: str, seconds: float) -> None:
    assert listing.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "2w", "-1h", "1.5h", "h"])
def test_other_ages_are_refused(text: str) -> None:
    with pytest.raises(Trouble) as refused:
        listing.seconds(text)
    assert refused.value.status == INVALID


# Eighty columns


@pytest.mark.parametrize("status", Status)
def test_the_list_fits_into_eighty_columns(status: Status) -> None:
    job = a_job(status, "failed", "because " * 40, price_usd=Decimal("1.725"), model="m", place="a-long-place/" * 20)
    lines = table.table([job], NOW, 80).plain.splitlines()
    assert job.job_id in lines[1]
    assert [len(line) for line in lines if len(line) > 80] == []


def test_the_timeline_fits_into_eighty_columns() -> None:
    history = tuple({"at": "2026-05-28T20:25:10.000Z", "status": str(each), "note": "n" * 500} for each in Status)
    lines = [timeline.line(moment, NOW, 80).plain for moment in timeline.moments(a_job(history=history))]
    assert len(lines) == len(Status) + 1
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("20:25:10")


def test_a_drop_and_a_message_arrive_differently() -> None:
    assert timeline.moments(a_job(source={"type": "message"}))[0].note == "by message"
    assert timeline.moments(a_job(source={"type": "drop"}))[0].note == "dropped"


def test_nothing_secret_is_told() -> None:
    job = a_job(
        Status.HELD,
        token_hash="a-hash",
        reason="see https://host/path?X-Amz-Signature=secret",
        input={"image": "https://host/cat.png?X-Amz-Signature=secret"},
    )
    told = str(summary.as_json(job, "prod"))
    assert "cat.png" in told
    assert "secret" not in told
    assert "a-hash" not in told


def test_a_list_of_jobs_and_a_job_itself_tell_the_same_and_nothing_secret() -> None:
    error = {"code": "failed", "message": "see https://host/path?X-Amz-Signature=secret"}
    job = replace(a_job(Status.FAILED), error=error, history=({"at": "", "status": "", "note": error["message"]},))
    told = summary.as_json(job, "prod")
    assert told | summary.brief(job) == told
    assert "host/path" in str(summary.brief(job))
    assert "secret" not in str(told)


def test_whoever_watches_a_held_job_is_told_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    job = a_job(Status.HELD, gate="pixazo", reason="the gateway answered 402: no balance")
    Follower(cast("Stack", SimpleNamespace(env="prod")), None, json_=False).see(job)
    said = " ".join(capsys.readouterr().err.split())
    assert advise(job, "prod").todo in said
    assert "Ctrl-C leaves it" in said


@pytest.mark.parametrize(("number", "words"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs")])
def test_one_is_no_plural(number: int, words: str) -> None:
    assert wording.count(number, "job") == words
    assert wording.count(2, "delivery", "deliveries") == "2 deliveries"


def test_the_first_line_to_try_takes_the_files_that_the_readme_makes() -> None:
    made = re.search(r"this makes (.*):", (PROJECT / "README.md").read_text())
    assert made
    assert set(re.findall(r"cat\.\w+", laptop._TRY)) <= set(re.findall(r"cat\.\w+", made[1]))


# The catalog


def media_of(parts: list[tuple[str, drops.Name]]) -> dict[str, object]:
    mistakes: list[Mistake] = []
    values = media_parts([Part(key, name, "", "", "") for key, name in parts], "s3://inbox/", mistakes)
    assert mistakes == []
    return values


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_line_to_copy_is_a_complete_drop(model: type[Model]) -> None:
    words = shlex.split(catalog.sample(model))
    assert words[:2] == ["dropreel", "drop"]
    files = [word for word in words[2:] if "." in word and "=" not in word]
    given = parameters(model, [words[i + 1] for i, word in enumerate(words) if word == "--set"])
    parts = [(f"{model.id}/{name}", drops.parse(f"{model.id}/{name}")) for name in files]
    values = {**media_of(parts), **given}
    if "--prompt" in words:
        values["prompt"] = words[words.index("--prompt") + 1]
    reading = read(model, [Said(values)])
    assert (reading.mistakes, reading.missing, reading.broken()) == ((), (), [])
    assert MODELS[model.id] is drops.parse(f"{words[words.index('--model') + 1]}/x.txt").place.model


def test_prices_go_from_the_least_to_the_most() -> None:
    assert catalog.price(MODELS["veo-3-1"]) == "1.80 to 4.80"
    assert catalog.price(MODELS["veed-fabric-1-0-api-130"]) == "unknown"


def test_settings_are_json_where_they_are_and_texts_where_the_model_wants_texts() -> None:
    model = MODELS["veo-3-1-fast"]
    given = ["duration=4", "generate-audio=false", "prompt=12", "aspect_ratio=16:9", "take=2"]
    values = {"duration": 4, "generate_audio": False, "prompt": "12", "aspect_ratio": "16:9", "take": 2}
    assert parameters(model, given) == values


@pytest.mark.parametrize(("given", "problem"), [("duration", "duration has no ="), ("=5", "=5 has no name")])
def test_a_setting_without_name_or_value_is_named(given: str, problem: str) -> None:
    with pytest.raises(Mistake, match=f"^--set: {problem}; allowed: NAME=VALUE"):
        parameters(MODELS["veo-3-1-fast"], [given])


# Dead letters


@pytest.mark.parametrize(
    "body",
    ['{"model": "veo-3-1-fast", "input": {"prompt": "x"}}', "junk", '{"model": 7}', '["a list"]'],
)
def test_a_message_that_goes_back_is_known_by_the_id_it_had(body: str) -> None:
    (before,) = envelopes.read(body, "first-id")
    (after,) = envelopes.read(redrive.resent(body, "first-id"), "second-id")
    assert isinstance(after, envelopes.Request)
    assert after.message_id == "first-id"
    assert isinstance(before, envelopes.Request)
    assert list(map(str, after.mistakes)) == list(map(str, before.mistakes))


@pytest.mark.parametrize("path", sorted((PROJECT / "events/submit").glob("s3*.json")), ids=lambda path: str(path.stem))
def test_a_drop_goes_back_as_it_is(path: Path) -> None:
    for record in json.loads(path.read_text())["Records"]:
        assert redrive.resent(record["body"], "an-id") == record["body"]


def test_our_own_messages_go_back_as_they_are() -> None:
    body = resume("a-job")
    assert redrive.resent(body, "an-id") == body


@pytest.mark.parametrize(
    ("queue", "body", "words"),
    [
        ("intake", resume("a-job"), ["resubmission of job a-job"]),
        ("intake", '{"model": "veo-3-1", "input": {}, "id": "order-1"}', ["request for veo-3-1, id order-1"]),
        ("intake", "junk", ["a message that can't be read"]),
        ("deliver", '{"job_id": "a-job"}', ["delivery of job a-job"]),
        *(("deliver", body, ["a message that can't be read"]) for body in ("junk", "[]", "{}", "7")),
    ],
)
def test_a_dead_letter_says_what_it_is(queue: str, body: str, words: list[str]) -> None:
    assert redrive.kinds(queue, redrive.Letter(message_id="an-id", body=body, receipt="any")) == words


# The page for operators


def test_the_operators_page_explains_every_status_and_code() -> None:
    page = (PROJECT / "docs" / "operations.md").read_text()
    for status in set(Status) - {Status.SUBMITTING, Status.DELIVERING, Status.SUCCEEDED}:
        assert f"\n### {status}\n" in page
    for code in codes():
        assert f"`{code}`" in page
    for exit_status in (INVALID, FAILED, UNREACHABLE):
        assert f"\n| {exit_status} | " in page


def test_the_shell_completes_models() -> None:
    words = "dropreel drop --model veo-3-1-fast-"
    surroundings = {"_DROPREEL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "3"}
    program = "from cli.app import app; app(prog_name='dropreel')"
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=PROJECT, env=surroundings
    )
    assert shown.stdout.split() == ["veo-3-1-fast-reference-to-video", "veo-3-1-fast-reference"]
