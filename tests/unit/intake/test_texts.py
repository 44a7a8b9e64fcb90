"""What people write in prompts, settings and messages, and what is said when nobody can read it."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropreel.intake.texts import Illegible, json_of, text_of


@pytest.mark.parametrize("text", ["a cat", "", "été 🐈\r\n\ttwo", "A\0cat", "\u200b"])
def test_utf_8_is_read_with_and_without_its_mark(text: str) -> None:
    assert text_of(text.encode()) == text_of(text.encode("utf-8-sig")) == text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("A cat".encode("utf-16"), "is saved as UTF-16; save it as UTF-8"),
        ("A cat".encode("utf-16-le"), "is saved as UTF-16; save it as UTF-8"),
        ("A cat".encode("utf-16-be"), "is saved as UTF-16; save it as UTF-8"),
        ("A cat in Zürich".encode("utf-16-le"), "is saved as UTF-16; save it as UTF-8"),
        ('{"seed": 1}'.encode("utf-16-le"), "is saved as UTF-16; save it as UTF-8"),
        (b"\xfe\xff" + "A cat".encode("utf-16-be"), "is saved as UTF-16; save it as UTF-8"),
        ("A cat".encode("utf-32"), "is saved as UTF-32; save it as UTF-8"),
        ("Zürich".encode("latin-1"), "is not UTF-8; save it as UTF-8"),
        (gzip.compress(b"A cat", mtime=0), "is compressed"),
        (b"\x28\xb5\x2f\xfd\x04", "is compressed"),
        (b"PK\x03\x04 word/document.xml", "is compressed, or a document of an office program"),
        (b"%PDF-1.7", "is a PDF"),
        (b"{\\rtf1 A cat}", "is saved as rich text (RTF); save it as plain text"),
    ],
)
def test_what_is_no_utf_8_is_called_what_it_is(data: bytes, words: str) -> None:
    with pytest.raises(Illegible) as why:
        text_of(data)
    assert str(why.value) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("\ufeff", "is empty"),
        ('{"a": 1,\n "b" 2}', "is not JSON: see line 2, character 6"),
        ("{'a': 1}", "is not JSON: see line 1, character 2"),
        ('{"a": 1} x', "is not JSON: see line 1, character 10"),
        ('{"a": "two\nlines"}', "is not JSON: see line 1, character 11"),
        ('{"seed": NaN}', "is not JSON: NaN is no number there"),
        ('{"seed": -Infinity}', "is not JSON: -Infinity is no number there"),
        ('{"seed": ' + "1" * 5000 + "}", "holds a number that is too long"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"seed": 1, "seed": 1}', 'says "seed" twice'),
        ('{"color": {"r": 1, "r": 2}}', 'says "r" twice'),
        ('{"\\ud800": 1, "\\ud800": 2}', 'says "?" twice'),
    ],
)
def test_what_is_no_json_that_one_can_rely_on_is_said_in_plain_words(text: str, words: str) -> None:
    with pytest.raises(Illegible) as why:
        json_of(text)
    assert str(why.value) == words


def test_a_long_name_that_is_said_twice_is_not_repeated_whole() -> None:
    name = "n" * 10_000
    with pytest.raises(Illegible) as why:
        json_of(f'{{"{name}": 1, "{name}": 2}}')
    assert len(str(why.value)) < 100


def test_json_may_begin_with_a_byte_order_mark_and_name_a_thing_once_in_each_object() -> None:
    assert json_of('\ufeff{"a": {"x": 1}, "b": {"x": 2.5}}') == {"a": {"x": 1}, "b": {"x": 2.5}}


@given(st.text())
def test_any_text_is_json_or_illegible_and_nothing_else(text: str) -> None:
    with suppress(Illegible):
        json_of(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_what_json_can_say_is_read_as_it_is(value: object) -> None:
    assert json_of(json.dumps(value)) == value


@given(st.text(), st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1", "shift-jis"]))
def test_bytes_are_text_or_illegible_and_nothing_else(text: str, encoding: str) -> None:
    data = text.encode(encoding, "ignore")
    with suppress(Illegible):
        assert text_of(data).encode() in (data, data.removeprefix(b"\xef\xbb\xbf"))
