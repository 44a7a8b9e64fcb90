"""What is never written down: presigned URLs, users and passwords, callback tokens, and what no store can hold."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropreel.delivery.ending import manifest
from dropreel.jobs import Job, Status, identity
from dropreel.redaction import DEEPEST, LARGEST, redact, redacted

SECRET = "SeCrEt-_09"
JOB_ID = identity("some job")
PRESIGNED = f"https://inbox.s3.amazonaws.com/a/cat.png?X-Amz-Algorithm=AWS4&X-Amz-Signature={SECRET}"
CALLBACK = f"https://abc.execute-api.us-east-1.amazonaws.com/callbacks/{JOB_ID}/{SECRET}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no address at all: a?b#c @d", "no address at all: a?b#c @d"),
        ("https://example.com/a/b.mp4", "https://example.com/a/b.mp4"),
        ("http://localhost:4566/a", "http://localhost:4566/a"),
        ("s3://inbox/what?.png", "s3://inbox/what?.png"),
        (PRESIGNED, "https://inbox.s3.amazonaws.com/a/cat.png"),
        (f"https://example.com?sig={SECRET}", "https://example.com"),
        (f"https://example.com/#{SECRET}", "https://example.com/"),
        (f"https://example.com/a#x?{SECRET}", "https://example.com/a"),
        (f"https://{SECRET}@example.com/a", "https://example.com/a"),
        (f"https://user:{SECRET}@example.com", "https://example.com"),
        (f"https://user:p@{SECRET}@example.com:8443/a@b", "https://example.com:8443/a@b"),
        (CALLBACK, f"https://abc.execute-api.us-east-1.amazonaws.com/callbacks/{JOB_ID}/…"),
        (f"{CALLBACK}?x", f"https://abc.execute-api.us-east-1.amazonaws.com/callbacks/{JOB_ID}/…"),
        (f"could not POST to '{CALLBACK}'.", "could not POST to "),
        (f"GET {PRESIGNED} gave 403, {PRESIGNED} too", "GET https://inbox.s3.amazonaws.com/a/cat.png gave 403, "),
        (f'{{"url": "{PRESIGNED}"}}', '{"url": "https://inbox.s3.amazonaws.com/a/cat.png"}'),
        (f"HTTPS://user:{SECRET}@example.com/a?X-Amz-Signature={SECRET}", "HTTPS://example.com/a"),
        (f"webhook /callbacks/{JOB_ID}/{SECRET} answered 500", f"webhook /callbacks/{JOB_ID}/… answered 500"),
        (f"<{PRESIGNED}>", "<https://inbox.s3.amazonaws.com/a/cat.png>"),
    ],
)
def test_what_may_be_secret_in_an_address_is_taken_out_and_nothing_else(text: str, left: str) -> None:
    assert redact(text).startswith(left)
    assert SECRET not in redact(text)
    if SECRET not in text:
        assert redact(text) == left


def test_redacting_twice_changes_nothing_more() -> None:
    for text in (PRESIGNED, CALLBACK, f"see {PRESIGNED} and {CALLBACK}"):
        assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"https://example.com/a?name=it's&X-Amz-Signature={SECRET}", id="quote in the query"),
        pytest.param(f"https://example.com/my cat.png?X-Amz-Signature={SECRET}", id="blank in the path"),
        pytest.param(f"https://example.com/a<1>.png?X-Amz-Signature={SECRET}", id="angle in the path"),
        pytest.param(f"https:\\/\\/example.com\\/a?X-Amz-Signature={SECRET}", id="escaped slashes"),
    ],
)
def test_an_untidy_address_keeps_no_secret_either(text: str) -> None:
    assert SECRET not in redact(text)


def test_a_folder_of_peoples_own_named_callbacks_is_left_alone() -> None:
    assert redact("s3://inbox/veo-3-1/callbacks/monday/cat.png") == "s3://inbox/veo-3-1/callbacks/monday/cat.png"


def test_names_are_redacted_as_well_as_values() -> None:
    assert SECRET not in json.dumps(redacted({PRESIGNED: 1, "a": {CALLBACK: 2}}))


WORD = st.text(string.ascii_letters + string.digits + "-._~%+,;=&!$*()", max_size=8)
HIDING = st.sampled_from(
    [
        "https://{w}:{s}@{h}/{w}",
        "https://{s}{w}@{h}",
        "http://{h}/{w}?{w}&X-Amz-Signature={s}{w}",
        "https://{h}?{s}",
        "https://{h}/{w}/{w}#{w}{s}",
        "https://{h}/callbacks/{j}/{s}{w}",
        "https://{w}@{h}:8080/callbacks/{j}/{s}?{w}#{s}",
    ]
)
HOST = st.sampled_from(["example.com", "localhost:80", "[::1]:443", "10.0.0.1", "a"])
BEHIND = st.sampled_from([" ", "\n", '" ', "' ", ">\n"])
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@st.composite
def texts_with_secrets(draw: st.DrawFn) -> str:
    text = draw(AROUND)
    for pattern in draw(st.lists(HIDING, min_size=1, max_size=3)):
        text += pattern.format(w=draw(WORD), s=SECRET, h=draw(HOST), j=JOB_ID) + draw(BEHIND) + draw(AROUND)
    return text


@given(texts_with_secrets())
def test_no_secret_in_an_address_survives_anywhere(text: str) -> None:
    job = Job("abc", "veo-3-1", "pixazo", Status.FAILED, "veo-3-1/cat").evolve(
        input={"prompt": text, "image_urls": [text, text]},
        source={"type": "message", "more": ({"deep": [text]},)},
        error={"code": "failed", "message": text},
    )
    assert SECRET not in json.dumps(manifest(job))


def test_names_are_neither_empty_nor_long() -> None:
    assert redacted({"": 1, "x" * 101: 2, "y" * 100: 3}) == {"…": 1, "x" * 100: 2, "y" * 100: 3}


def nested(depth: int) -> Any:
    return json.loads('{"a":[' * (depth // 2) + "1" + "]}" * (depth // 2))


def test_what_is_nested_deeper_than_a_store_takes_is_cut() -> None:
    assert redacted(nested(DEEPEST)) == nested(DEEPEST)
    text = json.dumps(redacted(nested(900)), ensure_ascii=False)
    assert text.count("[") == text.count("{") == DEEPEST // 2
    assert "…" in text


KEPT: list[object] = [None, True, False, 0, -1, LARGEST, -LARGEST, 0.5, -2.25, "", "été", [], {}]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        *((value, value) for value in KEPT),
        (LARGEST + 1, "a huge number"),
        (-LARGEST - 1, "a huge number"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "nan"),
        (1e300, "1e+300"),
        (-1e-300, "-1e-300"),
        (-0.0, 0.0),
        ("half a \ud83d", "half a ?"),
        ({"\ud83d": ("a",)}, {"?": ["a"]}),
    ],
)
def test_what_no_store_can_hold_is_written_in_words(value: object, kept: object) -> None:
    assert redacted(value) == kept
    assert redacted([value]) == [kept]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=8,
)


@given(ANY)
def test_whatever_a_sender_wrote_can_be_written_down(value: object) -> None:
    text = json.dumps(redacted(value), ensure_ascii=False, allow_nan=False)
    assert json.loads(text.encode()) == redacted(value)


@given(st.recursive(st.none() | st.booleans() | st.integers(-99, 99) | st.text(), lambda inner: st.lists(inner)))
def test_what_holds_no_address_is_left_as_it_is(value: object) -> None:
    text = json.dumps(value).lower()
    if "http" not in text and "callbacks" not in text:
        assert redacted(value) == value
