"""What each kind of field takes from people, and that nothing but Mistake comes out for the rest."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from dropreel import catalog
from dropreel.catalog import Model
from dropreel.catalog.fields import KIND_OF, Color, DigitSeconds, Files, Prompt, Seconds, Text, Whole
from dropreel.catalog.requests import Reading, Said, read
from dropreel.errors import Mistake, Mistakes

CAT = "https://example.com/cat.png"


class Sample(Model, id="sample", title="Sample", endpoint="/sample"):
    """A parameter of every type."""

    prompt: Prompt
    negative_prompt: Text | None = None
    resolution: Literal["720p", "1080p"] = "720p"
    safety: Literal["1", "4"] | None = None
    seed: Whole | None = None
    duration: Seconds[Literal[4, 6, 8]] = 8
    length: DigitSeconds[Annotated[int, Field(ge=1, le=15)]] = 5
    audio: bool = True
    color: Color | None = None
    image: Annotated[str, Files("image", ("png", "jpg", "jpeg"))] | None = None
    images: list[Annotated[str, Files("image", ("png",))]] = Field([], min_length=1, max_length=3)


NEVER: list[object] = [
    None,
    float("nan"),
    float("inf"),
    float("-inf"),
    10**400,
    -(10**4000),
    1e300,
    "9" * 5000,
    b"8",
    object(),
    {},
    [],
    {"r": {"g": []}},
    [[["8"]]],
    "\ud800",
    "٨",
    "1_0",
    "[" * 50_000,
]

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters())
    | st.binary(max_size=4)
    | st.decimals()
    | st.sampled_from([*NEVER, CAT, "s3://inbox/cat.png", "http://localhost/a", "8s", "true", '{"r":1,"g":2,"b":3}']),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("rgbx"), inner, max_size=4),
    max_leaves=8,
)


def reading(name: str, value: object, model: type[Model] = Sample) -> Reading:
    return read(model, [Said({name: value})])


def sent(name: str, value: object) -> object:
    found = reading(name, value)
    assert found.mistakes == ()
    return found.values[name]


def problem(name: str, value: object) -> str:
    """What is said of a value that is wrong."""
    found = reading(name, value)
    assert found.values == {}
    assert {(each.field, each.allowed) for each in found.mistakes} == {(name, Sample.allowed(name))}
    str(found.mistakes[0]).encode()
    return found.mistakes[0].problem


@given(st.sampled_from([(model, name) for model in catalog.MODELS.values() for name in model.model_fields]), junk)
def test_any_value_at_all_is_sent_as_json_or_is_a_mistake(parameter: tuple[type[Model], str], value: object) -> None:
    model, name = parameter
    found = reading(name, value, model)
    assert set(found.values) == ({name} if not found.mistakes else set())
    str(found.mistakes).encode()
    json.dumps(found.values, allow_nan=False, ensure_ascii=False).encode()
    assert read(model, [Said(found.values)]).values == found.values


@given(st.sampled_from(list(catalog.MODELS.values())), st.dictionaries(st.text(st.characters(), max_size=99), junk))
def test_any_object_at_all_is_read_or_is_a_mistake(model: type[Model], values: dict[str, object]) -> None:
    found = read(model, [Said({"x" + name: value for name, value in values.items()})])
    assert (len(found.mistakes), found.values) == (len(values), {})
    "".join(map(str, found.mistakes)).encode()


@pytest.mark.parametrize("name", Sample.model_fields)
def test_what_is_no_value_of_any_parameter_is_a_mistake(name: str) -> None:
    for value in [*NEVER, 10**5000]:  # longer than Python itself is willing to print
        if not ("prompt" in name and isinstance(value, str) and value != "\ud800" and len(value) <= 20_000):
            problem(name, value)


def test_what_is_allowed_is_described_as_people_say_it() -> None:
    assert {name: Sample.allowed(name) for name in Sample.model_fields} == {
        "prompt": "text of at most 20000 characters, not blank",
        "negative_prompt": "text of at most 20000 characters",
        "resolution": "720p, 1080p",
        "safety": "1, 4",
        "seed": "a whole number from -9007199254740991 to 9007199254740991",
        "duration": "4, 6, 8 seconds",
        "length": "1 to 15 seconds",
        "audio": "true or false",
        "color": 'an object {"r": 0 to 255, "g": 0 to 255, "b": 0 to 255}',
        "image": "an https:// URL or s3://bucket/key of image (png, jpg, jpeg)",
        "images": "a list of 1 to 3, each an https:// URL or s3://bucket/key of image (png)",
    }


def test_a_prompt_is_not_blank_and_another_text_may_be() -> None:
    for blank in ("", " \n\t"):
        assert problem("prompt", blank) == "is blank"
        assert sent("negative_prompt", blank) == blank


@pytest.mark.parametrize(
    "blank", ["\u200b", "\ufeff \u2060", "\u00a0\u3000", "\u2800\u3164", "\ufe0f\u0301", "\u200e\u202e"]
)
def test_a_text_of_nothing_but_invisible_characters_is_blank(blank: str) -> None:
    assert problem("prompt", blank) == "is blank"


@pytest.mark.parametrize(
    "text", ["\u200b.", "🐈", "👨\u200d👩\u200d👧", "\U0001fae9", "\ue000", "e\u0301", "a\r\n\tb", "\u202eabc"]
)
def test_a_text_that_shows_anything_is_none(text: str) -> None:
    assert sent("prompt", text) == text


@pytest.mark.parametrize(
    ("text", "code"), [("A\0cat", "0000"), ("a\x1b[31m", "001B"), ("a\x7f", "007F"), ("a\x85", "0085")]
)
def test_a_text_with_a_control_character_is_a_mistake(text: str, code: str) -> None:
    for name in ("prompt", "negative_prompt"):
        assert problem(name, text) == f"holds a control character (U+{code})"


def test_a_text_is_sent_as_it_is_written() -> None:
    assert sent("prompt", " Ein Kätzchen 🐈\n") == " Ein Kätzchen 🐈\n"


def test_a_text_of_half_a_character_is_a_mistake() -> None:
    assert "surrogate" in problem("prompt", "cat \ud800")


@pytest.mark.parametrize("value", [True, False, "4.5", 4.5, "four", "", " "])
def test_what_is_no_whole_number_is_a_mistake(value: object) -> None:
    problem("seed", value)
    problem("duration", value)
    problem("length", value)


def test_a_whole_number_is_one_that_every_json_reader_keeps() -> None:
    assert sent("seed", str(2**53 - 1)) == 2**53 - 1
    assert sent("seed", -(2**53) + 1) == -(2**53) + 1
    problem("seed", 2**53)
    problem("seed", -(2**53))


@pytest.mark.parametrize("value", [True, 8.5, "8.5s", "8m", "s", "-8", -8, "8 s"])
def test_what_is_no_length_of_time_is_a_mistake(value: object) -> None:
    problem("length", value)


@pytest.mark.parametrize("value", [0, 16, "16s", 2.0**60])
def test_a_length_keeps_its_bounds(value: object) -> None:
    problem("length", value)


@pytest.mark.parametrize("value", [0, 1, "yes", "1", "", "truee", 1.0])
def test_a_flag_is_nothing_but_true_or_false(value: object) -> None:
    problem("audio", value)


@pytest.mark.parametrize("value", [True, "720P", "720", 720, "720p,1080p", ""])
def test_a_choice_is_one_of_its_words(value: object) -> None:
    problem("resolution", value)


@pytest.mark.parametrize("value", [4, "4", 4.0, " 4 "])
def test_a_number_counts_as_the_word_that_it_spells(value: object) -> None:
    assert sent("safety", value) == "4"


@pytest.mark.parametrize(
    "value",
    [
        {"r": 0, "g": 0},
        {"r": 0, "g": 0, "b": 0, "a": 0},
        {"r": -1, "g": 0, "b": 0},
        {"r": 0, "g": 0, "b": 256},
        {"r": 0, "g": 0, "b": True},
        {"r": 0.5, "g": 0, "b": 0},
        {"R": 0, "G": 0, "B": 0},
        [0, 0, 0],
        "#ff0000",
        "[0, 0, 0]",
        '{"r": 1e999, "g": 0, "b": 0}',
        "{",
    ],
)
def test_a_color_is_exactly_r_g_and_b_from_0_to_255(value: object) -> None:
    problem("color", value)


@pytest.mark.parametrize(
    "place",
    [
        CAT,
        "https://example.com:8443/cat%20one.png?X-Amz-Signature=abc&a=b#c",
        "https://bücher.example/ä.png",
        "https://[2001:db8::1]/cat.png",
        "http://localhost:4566/inbox/cat.png",
        "http://127.0.0.1/cat.png",
        "http://127.9.8.7:80/cat.png",
        "http://[::1]:5000/cat.png",
        "s3://inbox/cat.png",
        "s3://my.inbox-1/veo-3-1/über uns/cat one\u202fPM.png",
        "s3://inbox/" + "k" * 1024,
    ],
)
def test_media_lie_at_an_https_url_or_in_s3(place: str) -> None:
    assert sent("image", place) == place


@pytest.mark.parametrize(
    "place",
    [
        "",
        "cat.png",
        "https://",
        "https:///cat.png",
        "https://:443/cat.png",
        "https://example.com:port/cat.png",
        "https://[::1/cat.png",
        "https://example.com/cat one.png",
        " https://example.com/cat.png",
        "https://example.com/cat.png\n",
        "https://exam\tple.com/cat.png",
        "https://example.com/\ud800",
        "https://example.com/" + "x" * 9000,
        "http://example.com/cat.png",
        "http://10.0.0.1/cat.png",
        "http://localhost.example.com/cat.png",
        "http://localhost@example.com/cat.png",
        "http://example.com#@localhost/",
        "http://0.0.0.0/cat.png",
        "http://169.254.169.254/latest/meta-data",
        "ftp://example.com/cat.png",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:image/png;base64,aGk=",
        "s3://",
        "s3://inbox",
        "s3://inbox/",
        "s3:///cat.png",
        "s3://In Box/cat.png",
        "s3://inbox/\ud800.png",
        "s3://inbox/" + "ü" * 513,
        [CAT],
        {"url": CAT},
    ],
)
def test_media_lie_nowhere_else(place: object) -> None:
    problem("image", place)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("s3://inbox//cat.png", "has a key that begins with /, which many clients leave out"),
        ("s3://inbox/./cat.png", "has a . or .. step, which every client folds away"),
        ("s3://inbox/a/../cat.png", "has a . or .. step, which every client folds away"),
        ("s3://inbox/a/..", "has a . or .. step, which every client folds away"),
        ("https://example.com/cat one.png", "has a space in its URL; write %20"),
        ("https://example.com/cat.png ", "has a space in its URL; write %20"),
        ("s3://inbox", "is not a place that media can be read from"),
        (7, "is not a place that media can be read from"),
    ],
)
def test_what_is_wrong_with_a_place_is_said_in_plain_words(place: object, words: str) -> None:
    assert problem("image", place) == words


@pytest.mark.parametrize("place", ["s3://inbox/a//cat.png", "s3://inbox/.../cat.png", "s3://inbox/a b?.png"])
def test_odd_keys_that_clients_leave_alone_are_taken(place: str) -> None:
    assert sent("image", place) == place


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("image", "s3://inbox/_a.bmp", "takes no .bmp (_a.bmp)"),
        ("image", "s3://inbox/a.WEBP", "takes no .webp (a.WEBP)"),
        ("image", "s3://inbox/a.txt", "takes no .txt (a.txt)"),
        ("image", "s3://inbox/a/b.mp3", "takes no .mp3 (b.mp3)"),
        ("images", ["s3://inbox/a.png", "s3://inbox/b.jpg"], "takes no .jpg (b.jpg)"),
    ],
)
def test_an_object_must_have_an_extension_that_the_field_takes(name: str, place: object, words: str) -> None:
    assert problem(name, place) == words


@pytest.mark.parametrize(
    "place",
    ["s3://inbox/a", "s3://inbox/v1.2", "s3://inbox/v1.2-final", "s3://inbox/b.bmp/a", "https://example.com/a.bmp"],
)
def test_an_object_without_one_and_any_url_are_taken_by_their_bytes(place: str) -> None:
    assert sent("image", place) == place


def test_a_wrong_url_is_not_repeated_for_it_may_carry_a_signature() -> None:
    for place in ("http://example.com/cat.png?X-Amz-Signature=secret", "http://example.com/secret cat.png"):
        told = str(reading("image", place).mistakes) + str(reading("images", [place]).mistakes)
        assert "secret" not in told
        assert "example.com" not in told


def test_a_wrong_value_is_repeated_in_short_and_as_it_was_written() -> None:
    assert problem("resolution", "x" * 10_000) == f"'{'x' * 40}'… is not allowed"
    assert problem("resolution", 10**5000) == "a huge number is not allowed"
    assert problem("resolution", 720) == "720 is not allowed"
    assert problem("duration", " 5s ") == "' 5s ' is not allowed"
    assert problem("color", {"r": 1, "g": {}, "b": 256}) == "an object is not allowed"
    assert problem("audio", None) == "null is not allowed"
    assert problem("seed", float("inf")) == "a huge number is not allowed"
    assert problem("seed", float("nan")) == "what is no number is not allowed"


def test_everything_that_is_wrong_with_a_list_is_told_once() -> None:
    found = reading("images", ["s3://inbox/a.jpg", "cat", "dog"])
    assert [each.problem for each in found.mistakes] == [
        "takes no .jpg (a.jpg)",
        "is not a place that media can be read from",
    ]
    assert "holds 5 values" in [each.problem for each in reading("images", [CAT] * 5).mistakes]


@pytest.mark.parametrize("places", [[CAT], (CAT, CAT), [CAT] * 3, json.dumps([CAT, "s3://inbox/cat.png"])])
def test_a_list_of_media_holds_one_to_most(places: object) -> None:
    expected = json.loads(places) if isinstance(places, str) else list(places)  # type: ignore[call-overload]
    assert sent("images", places) == expected


@pytest.mark.parametrize("places", [[], [CAT] * 4, CAT, {"0": CAT}, [CAT, "cat.png"], [CAT, None], [[CAT]], "[]", "{}"])
def test_a_list_of_media_is_a_list_of_places(places: object) -> None:
    problem("images", places)


@pytest.mark.parametrize("extension", ["png", "PNG", ".Png", "jpg", "JPEG"])
def test_formats_match_in_any_case(extension: str) -> None:
    assert Sample.media()[0].takes(extension)


@pytest.mark.parametrize("extension", ["webp", "", ".", "pn", "mp3"])
def test_other_formats_are_not_taken(extension: str) -> None:
    assert not Sample.media()[0].takes(extension)


def test_the_extensions_are_those_of_the_contract() -> None:
    assert dict(KIND_OF) == {
        **dict.fromkeys(["png", "jpg", "jpeg", "webp", "gif", "avif"], "image"),
        **dict.fromkeys(["mp3", "wav"], "audio"),
        **dict.fromkeys(["mp4", "mov", "webm", "mkv", "m4v"], "video"),
    }


# Whose word counts


def test_the_strongest_word_counts_and_a_wrong_one_is_told_wherever_it_is() -> None:
    said = [Said({"seed": 1, "duration": 4}, "a.json"), Said({"seed": "x"}, "b.json"), Said({"seed": 3, "audio": "?"})]
    found = read(Sample, said)
    assert found.values == {"seed": 3, "duration": 4}
    assert [str(each) for each in found.mistakes] == [
        f"seed: 'x' is not allowed (in b.json); allowed: {Sample.allowed('seed')}",
        "audio: '?' is not allowed; allowed: true or false",
    ]


def test_what_is_wrong_is_not_missing_as_well() -> None:
    assert read(Sample, [Said({"prompt": 5})]).missing == ()
    assert read(Sample, [Said({"seed": 5})]).missing == ("prompt",)


def test_values_are_sent_in_the_order_in_which_they_were_named() -> None:
    found = read(Sample, [Said({"seed": 1, "prompt": "A"}), Said({"audio": True, "seed": 2})])
    assert list(found.values.items()) == [("seed", 2), ("prompt", "A"), ("audio", True)]


def test_so_many_mistakes_are_told_as_a_record_holds_and_the_others_counted() -> None:
    told = str(Mistakes([Mistake(f"x{number}", "is wrong") for number in range(30)]))
    assert told.splitlines()[:2] == ["x0: is wrong", "x1: is wrong"]
    assert told.splitlines()[-1] == "and 10 more"
