"""What each kind of field takes from people, and that nothing but Mistake comes out for the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropreel import catalog
from dropreel.catalog.fields import KIND_OF, Choice, Color, Field, Flag, Media, Seconds, Text, Whole
from dropreel.errors import Mistake

IMAGE = Media("image_url", "image", ("png", "jpg", "jpeg"))
IMAGES = Media("image_urls", "image", ("png",), many=True, most=3)
CAT = "https://example.com/cat.png"

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

ALL_KINDS: list[Field] = [
    Text("prompt", required=True),
    Choice("resolution", ("720p", "1080p")),
    Whole("seed"),
    Seconds("duration", (4, 6, 8)),
    Flag("generate_audio"),
    Color("background_color"),
    IMAGE,
    IMAGES,
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


def problem(field: Field, value: object) -> Mistake:
    with pytest.raises(Mistake) as caught:
        field.parse(value)
    assert caught.value.field == field.name
    assert caught.value.allowed == field.allowed()
    str(caught.value).encode()
    return caught.value


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([field for model in catalog.MODELS.values() for field in model.fields]), junk)
def test_any_value_at_all_is_sent_as_json_or_is_a_mistake(field: Field, value: object) -> None:
    try:
        sent = field.parse(value)
    except Mistake:
        problem(field, value)
    else:
        json.dumps(sent, allow_nan=False, ensure_ascii=False).encode()
        assert field.parse(sent) == sent


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(catalog.MODELS.values())), st.dictionaries(st.text(st.characters(), max_size=99), junk))
def test_any_object_at_all_is_parsed_or_is_a_mistake(model: catalog.Model, values: dict[str, object]) -> None:
    if values:
        with pytest.raises(Mistake) as caught:
            model.parse({"x" + name: value for name, value in values.items()})
        str(caught.value).encode()
    assert model.parse({}) == {}


@pytest.mark.parametrize("field", ALL_KINDS, ids=lambda field: str(field.name))
def test_what_is_no_value_of_any_field_is_a_mistake(field: Field) -> None:
    for value in [*NEVER, 10**5000]:  # longer than Python itself is willing to print
        if not (isinstance(field, Text) and isinstance(value, str) and value != "\ud800" and len(value) <= 20_000):
            problem(field, value)


def test_a_required_text_is_not_blank_and_another_may_be() -> None:
    for blank in ("", " \n\t"):
        assert problem(Text("prompt", required=True), blank).problem == "is blank"
        assert Text("negative_prompt").parse(blank) == blank


@pytest.mark.parametrize(
    "blank", ["\u200b", "\ufeff \u2060", "\u00a0\u3000", "\u2800\u3164", "\ufe0f\u0301", "\u200e\u202e"]
)
def test_a_text_of_nothing_but_invisible_characters_is_blank(blank: str) -> None:
    assert problem(Text("prompt", required=True), blank).problem == "is blank"


@pytest.mark.parametrize(
    "text", ["\u200b.", "🐈", "👨\u200d👩\u200d👧", "\U0001fae9", "\ue000", "e\u0301", "a\r\n\tb", "\u202eabc"]
)
def test_a_text_that_shows_anything_is_none(text: str) -> None:
    assert Text("prompt", required=True).parse(text) == text


@pytest.mark.parametrize(
    ("text", "code"), [("A\0cat", "0000"), ("a\x1b[31m", "001B"), ("a\x7f", "007F"), ("a\x85", "0085")]
)
def test_a_text_with_a_control_character_is_a_mistake(text: str, code: str) -> None:
    for field in (Text("prompt", required=True), Text("negative_prompt")):
        assert problem(field, text).problem == f"holds a control character (U+{code})"


def test_a_text_is_sent_as_it_is_written() -> None:
    assert Text("prompt").parse(" Ein Kätzchen 🐈\n") == " Ein Kätzchen 🐈\n"


def test_a_text_of_half_a_character_is_a_mistake() -> None:
    assert "surrogate" in problem(Text("prompt"), "cat \ud800").problem


@pytest.mark.parametrize("value", [True, False, "4.5", 4.5, "four", "", " "])
def test_what_is_no_whole_number_is_a_mistake(value: object) -> None:
    problem(Whole("seed"), value)
    problem(Seconds("duration", (0, 1, 4)), value)


@pytest.mark.parametrize("value", [0, 10, "-1", 2.0**60])
def test_a_whole_number_keeps_its_bounds(value: object) -> None:
    problem(Whole("seed", lowest=1, highest=9), value)


def test_a_whole_number_is_one_that_every_json_reader_keeps() -> None:
    assert Whole("seed").parse(str(2**53 - 1)) == 2**53 - 1
    assert Whole("seed").parse(-(2**53) + 1) == -(2**53) + 1
    problem(Whole("seed"), 2**53)
    problem(Whole("seed"), -(2**53))


@pytest.mark.parametrize("value", [True, 8.5, "8.5s", "8m", "s", "-8", -8, "8 s", "00000008"])
def test_what_is_no_length_of_time_is_a_mistake(value: object) -> None:
    problem(Seconds("duration", (1, 4, 6)), value)


def test_lengths_are_described_as_people_say_them() -> None:
    assert Seconds("duration", (4, 6, 8)).allowed() == "4, 6, 8 seconds"
    assert Seconds("duration", range(1, 16)).allowed() == "1 to 15 seconds"


@pytest.mark.parametrize("value", [0, 1, "yes", "1", "", "truee", 1.0])
def test_a_flag_is_nothing_but_true_or_false(value: object) -> None:
    problem(Flag("generate_audio"), value)


@pytest.mark.parametrize("value", [True, "720P", "720", 720, "720p,1080p", ""])
def test_a_choice_is_one_of_its_words(value: object) -> None:
    problem(Choice("resolution", ("720p", "1080p")), value)


@pytest.mark.parametrize("value", [4, "4", 4.0, " 4 "])
def test_a_number_counts_as_the_word_that_it_spells(value: object) -> None:
    assert Choice("safety_tolerance", ("1", "4")).parse(value) == "4"


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
    problem(Color("background_color"), value)


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
    assert IMAGE.parse(place) == place


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
    problem(IMAGE, place)


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
    assert problem(IMAGE, place).problem == words


@pytest.mark.parametrize("place", ["s3://inbox/a//cat.png", "s3://inbox/.../cat.png", "s3://inbox/a b?.png"])
def test_odd_keys_that_clients_leave_alone_are_taken(place: str) -> None:
    assert IMAGE.parse(place) == place


@pytest.mark.parametrize(
    ("field", "place", "words"),
    [
        (IMAGE, "s3://inbox/_a.bmp", "takes no .bmp (_a.bmp)"),
        (IMAGE, "s3://inbox/a.WEBP", "takes no .webp (a.WEBP)"),
        (IMAGE, "s3://inbox/a.txt", "takes no .txt (a.txt)"),
        (IMAGE, "s3://inbox/a/b.mp3", "takes no .mp3 (b.mp3)"),
        (IMAGES, ["s3://inbox/a.png", "s3://inbox/b.jpg"], "takes no .jpg (b.jpg)"),
    ],
)
def test_an_object_must_have_an_extension_that_the_field_takes(field: Field, place: object, words: str) -> None:
    assert problem(field, place).problem == words


@pytest.mark.parametrize(
    "place",
    ["s3://inbox/a", "s3://inbox/v1.2", "s3://inbox/v1.2-final", "s3://inbox/b.bmp/a", "https://example.com/a.bmp"],
)
def test_an_object_without_one_and_any_url_are_taken_by_their_bytes(place: str) -> None:
    assert IMAGE.parse(place) == place


def test_a_wrong_url_is_not_repeated_for_it_may_carry_a_signature() -> None:
    found = problem(IMAGE, "http://example.com/cat.png?X-Amz-Signature=secret")
    assert "secret" not in str(found)
    assert "example.com" not in str(found)


def test_a_wrong_value_is_repeated_in_short() -> None:
    assert problem(Choice("style", ("clay",)), "x" * 10_000).problem == f"'{'x' * 40}'… is not allowed"
    assert problem(Choice("style", ("clay",)), 10**5000).problem == "a huge number is not allowed"
    assert problem(Flag("subject_is_person"), None).problem == "null is not allowed"
    assert problem(Whole("seed"), float("inf")).problem == "a huge number is not allowed"
    assert problem(Whole("seed"), float("nan")).problem == "what is no number is not allowed"


@pytest.mark.parametrize("places", [[CAT], (CAT, CAT), [CAT] * 3, json.dumps([CAT, "s3://inbox/cat.png"])])
def test_a_list_of_media_holds_one_to_most(places: object) -> None:
    expected = json.loads(places) if isinstance(places, str) else list(places)  # type: ignore[call-overload]
    assert IMAGES.parse(places) == expected


@pytest.mark.parametrize("places", [[], [CAT] * 4, CAT, {"0": CAT}, [CAT, "cat.png"], [CAT, None], [[CAT]], "[]", "{}"])
def test_a_list_of_media_is_a_list_of_places(places: object) -> None:
    problem(IMAGES, places)


@pytest.mark.parametrize("extension", ["png", "PNG", ".Png", "jpg", "JPEG"])
def test_formats_match_in_any_case(extension: str) -> None:
    assert IMAGE.takes(extension)


@pytest.mark.parametrize("extension", ["webp", "", ".", "pn", "mp3"])
def test_other_formats_are_not_taken(extension: str) -> None:
    assert not IMAGE.takes(extension)


def test_the_extensions_are_those_of_the_contract() -> None:
    assert dict(KIND_OF) == {
        **dict.fromkeys(["png", "jpg", "jpeg", "webp", "gif", "avif"], "image"),
        **dict.fromkeys(["mp3", "wav"], "audio"),
        **dict.fromkeys(["mp4", "mov", "webm", "mkv", "m4v"], "video"),
    }


def test_the_catalog_needs_the_standard_library_only() -> None:
    # A cold start pays for every import; -S leaves site-packages out.
    core = Path(catalog.__file__).parents[2]
    program = f"import sys; sys.path.insert(0, {str(core)!r}); import dropreel.catalog"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)
