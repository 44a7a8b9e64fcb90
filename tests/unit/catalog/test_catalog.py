"""Every model against its document's parameter table and price list, typed out here from the documents."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import pytest
from pydantic import Field

from dropreel import catalog
from dropreel.catalog.fields import KIND_OF, Picture
from dropreel.catalog.model import Model
from dropreel.catalog.requests import Reading, Said, read
from dropreel.errors import Mistake

CAT = "https://example.com/cat.png"
SONG = "https://example.com/song.mp3"
CLIP = "s3://inbox/clip.mp4"


class Parameter(NamedTuple):
    """One row of a document's table."""

    required: bool
    default: object
    allowed: list[tuple[object, object]]  # what people write, what is sent
    disallowed: object


class Document(NamedTuple):
    """One model's document."""

    alias: str | None
    gateway: str
    endpoint: str
    minimal: dict[str, object]
    sent: dict[str, object]
    price: str | None
    example: dict[str, object]  # the document's own fullest request
    parameters: dict[str, Parameter]


def words(*values: str) -> list[tuple[object, object]]:
    return [(value, value) for value in values]


def lengths(*values: int, form: str = "{}") -> list[tuple[object, object]]:
    sent: list[object] = [form.format(value) if form != "{}" else value for value in values]
    written: list[list[object]] = [[value, str(value), f"{value}s", float(value)] for value in values]
    return [(one, wire) for forms, wire in zip(written, sent, strict=True) for one in forms]


FLAGS: list[tuple[object, object]] = [(True, True), (False, False), ("true", True), ("False", False), ("TRUE", True)]
WHOLES: list[tuple[object, object]] = [(42, 42), ("42", 42), (42.0, 42), (0, 0), (-1, -1)]
ONE: list[tuple[object, object]] = [(CAT, CAT), ("s3://inbox/a b.png", "s3://inbox/a b.png")]

PROMPT = Parameter(True, None, words("A cat", "x" * 20_000), "x" * 20_001)
NEGATIVE = Parameter(False, None, words("blurry", ""), 5)
IMAGE = Parameter(True, None, ONE, "data:image/png;base64,aGk=")
SOUND = Parameter(True, None, [(SONG, SONG)], "ftp://example.com/song.mp3")
VIDEO = Parameter(True, None, [(CLIP, CLIP)], "/home/clip.mp4")
FRAME = Parameter(False, None, ONE, [CAT])
SEED = Parameter(False, None, WHOLES, 1.5)
AUDIO_ON = Parameter(False, True, FLAGS, "yes")
SWITCH = Parameter(False, False, FLAGS, 1)
VEO_ASPECT = Parameter(False, "16:9", words("16:9", "9:16"), "1:1")
VEO_LENGTH = Parameter(False, 8, lengths(4, 6, 8), 5)
VEO_RESOLUTION = Parameter(False, "720p", words("720p", "1080p"), "4k")
STYLE = Parameter(False, None, words("anime", "3d_animation", "clay", "comic", "cyberpunk"), "noir")
THINKING = Parameter(False, None, words("enabled", "disabled", "auto"), "on")
PIX_LENGTH = Parameter(False, 5, lengths(*range(1, 16)), 16)
PIX_RESOLUTION = Parameter(False, "720p", words("360p", "540p", "720p", "1080p"), "480p")
PIX_ASPECT = Parameter(False, "16:9", words("16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9"), "5:4")
BACKGROUNDS = "transparent black white green blue magenta custom"
OUTPUTS = "webm_vp9 mp4_h264 mp4_h265 mov_proresks mov_h265 mkv_h264 mkv_h265 mkv_vp9 gif"
PIX_TEXT = {
    "prompt": PROMPT,
    "negative_prompt": Parameter(False, "", words("blurry", ""), 5),
    "aspect_ratio": PIX_ASPECT,
    "resolution": PIX_RESOLUTION,
    "duration": PIX_LENGTH,
    "style": STYLE,
    "seed": SEED,
    "generate_audio_switch": SWITCH,
    "generate_multi_clip_switch": SWITCH,
    "thinking_type": THINKING,
}
PIX_TEXT_EXAMPLE: dict[str, object] = {
    "prompt": "A cat sitting by a window",
    "negative_prompt": "blurry, low quality, pixelated",
    "aspect_ratio": "16:9",
    "resolution": "720p",
    "duration": 5,
    "style": "cyberpunk",
    "generate_audio_switch": True,
}

DOCUMENTS: dict[str, Document] = {
    "veed-fabric-1-0-api-130": Document(
        alias="veed-fabric",
        gateway="pixazo",
        endpoint="/veed-fabric-1-0-api-130/v1/veed-fabric-1-0-api-request",
        minimal={"image-url": CAT, "audio-url": SONG},
        sent={"image_url": CAT, "audio_url": SONG},
        price=None,
        example={"image_url": CAT, "audio_url": SONG, "resolution": "720p"},
        parameters={
            "image_url": IMAGE,
            "audio_url": SOUND,
            "resolution": Parameter(False, "720p", words("720p", "1080p"), "480p"),
        },
    ),
    "veed-video-background-remover-541": Document(
        alias="veed-background-remover",
        gateway="pixazo",
        endpoint="/veed-video-background-remover-541/v1/veed-video-background-remover-request",
        minimal={"video_url": CLIP},
        sent={"video_url": CLIP},
        price=None,
        example={
            "video_url": CLIP,
            "output_codec": "vp9",
            "refine_foreground_edges": True,
            "subject_is_person": True,
        },
        parameters={
            "video_url": VIDEO,
            "output_codec": Parameter(False, "vp9", words("vp9", "h264", "h265"), "av1"),
            "refine_foreground_edges": Parameter(False, True, FLAGS, "on"),
            "subject_is_person": Parameter(False, True, FLAGS, 0),
        },
    ),
    "veo-3-1-fast": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/veo31f/v1/veo-3.1-fast/generate",
        minimal={"prompt": "A cat"},
        sent={"prompt": "A cat"},
        price="1.20",
        example={
            "prompt": "A snow-covered tree",
            "image": CAT,
            "last_frame": CAT,
            "duration": 8,
            "aspect_ratio": "16:9",
            "resolution": "1080p",
            "negative_prompt": "blurry",
            "generate_audio": True,
            "seed": 42,
        },
        parameters={
            "prompt": PROMPT,
            "image": FRAME,
            "last_frame": FRAME,
            "duration": VEO_LENGTH,
            "aspect_ratio": VEO_ASPECT,
            "resolution": VEO_RESOLUTION,
            "negative_prompt": NEGATIVE,
            "generate_audio": AUDIO_ON,
            "seed": SEED,
        },
    ),
    "veo-3-1-fast-reference-to-video": Document(
        alias="veo-3-1-fast-reference",
        gateway="pixazo",
        endpoint="/veo-3-1-fast-reference-to-video/v1/veo-3-1-fast-reference-to-video-request",
        minimal={"prompt": "A chimpanzee", "image_urls": [CAT]},
        sent={"prompt": "A chimpanzee", "image_urls": [CAT]},
        price="1.20",
        example={
            "prompt": "A chimpanzee",
            "image_urls": [CAT, CAT, CAT],
            "aspect_ratio": "16:9",
            "duration": "8s",
            "resolution": "720p",
            "generate_audio": True,
            "safety_tolerance": "4",
        },
        parameters={
            "prompt": PROMPT,
            "image_urls": Parameter(True, None, [([CAT], [CAT]), ([CAT] * 10, [CAT] * 10)], [CAT] * 11),
            "aspect_ratio": VEO_ASPECT,
            "duration": Parameter(False, 8, lengths(*range(4, 17), form="{}s"), "17s"),
            "resolution": Parameter(False, "720p", words("720p", "1080p", "4k"), "2160p"),
            "generate_audio": AUDIO_ON,
            "auto_fix": Parameter(False, None, FLAGS, "maybe"),
            "safety_tolerance": Parameter(
                False,
                "4",
                [pair for number in range(1, 7) for pair in ((number, str(number)), (str(number), str(number)))],
                7,
            ),
        },
    ),
    "veo-3-1": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/veo/v1/veo-3.1/generate",
        minimal={"prompt": "A serene lake", "duration": "8s"},
        sent={"prompt": "A serene lake", "duration": 8},
        price="3.60",
        example={
            "prompt": "A serene lake",
            "aspect_ratio": "16:9",
            "duration": 8,
            "resolution": "1080p",
            "generate_audio": True,
            "negative_prompt": "blur, distortion, low quality",
        },
        parameters={
            "prompt": PROMPT,
            "aspect_ratio": VEO_ASPECT,
            "duration": VEO_LENGTH,
            "resolution": VEO_RESOLUTION,
            "generate_audio": AUDIO_ON,
            "negative_prompt": NEGATIVE,
            "image": FRAME,
            "last_frame": FRAME,
            "reference_images": Parameter(False, None, [([CAT], [CAT]), ([CAT] * 3, [CAT] * 3)], [CAT] * 4),
            "seed": SEED,
        },
    ),
    "pixelcut-video-background-removal": Document(
        alias="pixelcut-background-removal",
        gateway="pixazo",
        endpoint="/pixelcut-video-background-removal/v1/pixelcut-video-background-removal-request",
        minimal={"video_url": CLIP},
        sent={"video_url": CLIP},
        price=None,
        example={"video_url": CLIP, "background": "transparent", "output_format": "webm_vp9"},
        parameters={
            "video_url": VIDEO,
            "background": Parameter(False, "transparent", words(*BACKGROUNDS.split()), "red"),
            "background_color": Parameter(
                False,
                None,
                [
                    ({"r": 0, "g": 128, "b": 255}, {"r": 0, "g": 128, "b": 255}),
                    ('{"b": 255, "g": 128, "r": 0}', {"r": 0, "g": 128, "b": 255}),
                ],
                {"r": 0, "g": 128, "b": 256},
            ),
            "output_format": Parameter(False, "webm_vp9", words(*OUTPUTS.split()), "mp4"),
        },
    ),
    "pixverse-v6-text-to-video": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/pixverse-v6-text-to-video/v1/pixverse-v6-text-to-video-request",
        minimal={"prompt": "A cat"},
        sent={"prompt": "A cat"},
        price=None,
        example=PIX_TEXT_EXAMPLE,
        parameters=PIX_TEXT,
    ),
    "pixverse-v6-image-to-video": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/pixverse-v6-image-to-video/v1/pixverse-v6-image-to-video-request",
        minimal={"prompt": "Snow", "image_url": CAT},
        sent={"prompt": "Snow", "image_url": CAT},
        price="0.225",
        example={
            "prompt": "Snow",
            "resolution": "720p",
            "duration": 5,
            "negative_prompt": "blurry, low quality",
            "image_url": CAT,
        },
        parameters={
            "prompt": PROMPT,
            "resolution": Parameter(False, "720p", words("360p", "480p", "720p", "1080p"), "540p"),
            "duration": PIX_LENGTH,
            "negative_prompt": NEGATIVE,
            "image_url": IMAGE,
            "style": STYLE,
            "seed": SEED,
            "generate_audio_switch": SWITCH,
            "generate_multi_clip_switch": SWITCH,
            "thinking_type": THINKING._replace(default="auto"),
        },
    ),
    "pixverse-c1-text-to-video": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/pixverse-c1-text-to-video/v1/pixverse-c1-text-to-video-request",
        minimal={"prompt": "A cat"},
        sent={"prompt": "A cat"},
        price=None,
        example=PIX_TEXT_EXAMPLE,
        parameters=PIX_TEXT,
    ),
    "pixverse-c1-image-to-video": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/pixverse-c1-image-to-video/v1/pixverse-c1-image-to-video-request",
        minimal={"prompt": "A warrior", "image_url": CAT},
        sent={"prompt": "A warrior", "image_url": CAT},
        price=None,
        example={
            "prompt": "A warrior",
            "image_url": CAT,
            "resolution": "720p",
            "duration": 5,
            "generate_audio_switch": True,
        },
        parameters={
            "prompt": PROMPT,
            "image_url": IMAGE,
            "resolution": PIX_RESOLUTION,
            "duration": PIX_LENGTH,
            "seed": SEED,
            "generate_audio_switch": SWITCH,
        },
    ),
    "pixverse": Document(
        alias="pixverse-v5-6-text-to-video",
        gateway="pixazo",
        endpoint="/pixverse/v1/pixverse-request",
        minimal={"prompt": "A sunset", "aspect-ratio": "16:9", "resolution": "720p", "duration": "5"},
        sent={"prompt": "A sunset", "aspect_ratio": "16:9", "resolution": "720p", "duration": 5},
        price=None,
        example={
            "prompt": "A sunset",
            "aspect_ratio": "16:9",
            "resolution": "720p",
            "duration": 5,
            "negative_prompt": "blurry",
        },
        parameters={
            "prompt": PROMPT,
            "aspect_ratio": Parameter(True, None, words("16:9", "9:16", "1:1", "4:3", "3:4"), "21:9"),
            "resolution": Parameter(True, None, words("720p", "1080p", "2160p"), "4k"),
            "duration": Parameter(True, None, lengths(3, 5, 7, 10), 4),
            "negative_prompt": NEGATIVE,
        },
    ),
    "pixverse-i2v": Document(
        alias="pixverse-v5-6-image-to-video",
        gateway="pixazo",
        endpoint="/pixverse-i2v/v1/pixverse-i2v-request",
        minimal={"prompt": "A dragon", "image_url": CAT, "resolution": "720p", "duration": 5},
        sent={"prompt": "A dragon", "image_url": CAT, "resolution": "720p", "duration": "5"},
        price=None,
        example={
            "prompt": "A dragon",
            "resolution": "720p",
            "duration": "5",
            "negative_prompt": "blurry",
            "image_url": CAT,
        },
        parameters={
            "prompt": PROMPT,
            "resolution": Parameter(True, None, words("720p", "1080p"), "2160p"),
            "duration": Parameter(True, None, lengths(5, 10, form="{:d}"), 8),
            "negative_prompt": NEGATIVE,
            "image_url": IMAGE,
        },
    ),
    "aimlapi-veed-fabric-1-0": Document(
        alias="aimlapi-veed-fabric",
        gateway="aimlapi",
        endpoint="veed/fabric-1.0",
        minimal={"image_url": CAT, "audio_url": SONG},
        sent={"image_url": CAT, "audio_url": SONG},
        price=None,
        example={"image_url": CAT, "audio_url": SONG, "resolution": "720p"},
        parameters={
            "image_url": IMAGE,
            "audio_url": SOUND,
            "resolution": Parameter(False, None, words("480p", "720p"), "1080p"),
        },
    ),
}

# What a document names, where that is not all that dropreel knows of the kind.
FORMATS = {
    ("veed-fabric-1-0-api-130", "image_url"): {"png", "jpg", "jpeg"},
    ("pixverse-v6-image-to-video", "image_url"): {"jpg", "jpeg", "png", "webp"},
}

# (model, kind, role) and the field that takes such a file; any other combination is taken by none.
PLACES: dict[tuple[str, str, str | None], str] = {
    ("veed-fabric-1-0-api-130", "image", None): "image_url",
    ("veed-fabric-1-0-api-130", "audio", None): "audio_url",
    ("veed-video-background-remover-541", "video", None): "video_url",
    ("veo-3-1-fast", "image", None): "image",
    ("veo-3-1-fast", "image", "last"): "last_frame",
    ("veo-3-1-fast-reference-to-video", "image", None): "image_urls",
    **{("veo-3-1-fast-reference-to-video", "image", role): "image_urls" for role in "123456789"},
    ("veo-3-1", "image", None): "image",
    ("veo-3-1", "image", "last"): "last_frame",
    **{("veo-3-1", "image", role): "reference_images" for role in "123456789"},
    ("pixelcut-video-background-removal", "video", None): "video_url",
    ("pixverse-v6-image-to-video", "image", None): "image_url",
    ("pixverse-c1-image-to-video", "image", None): "image_url",
    ("pixverse-i2v", "image", None): "image_url",
    ("aimlapi-veed-fabric-1-0", "image", None): "image_url",
    ("aimlapi-veed-fabric-1-0", "audio", None): "audio_url",
}


@pytest.fixture(params=DOCUMENTS, ids=str)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def allowed_values() -> Iterator[tuple[str, str, object, object]]:
    for model, document in DOCUMENTS.items():
        for field, parameter in document.parameters.items():
            for given, sent in parameter.allowed:
                yield model, field, given, sent


def reading(model: type[Model], values: Mapping[str, object]) -> Reading:
    return read(model, [Said(values)])


def sent(model: type[Model], values: Mapping[str, object]) -> dict[str, object]:
    found = reading(model, values)
    assert (found.mistakes, found.broken()) == ((), [])
    return dict(found.values)


def mistake(model: type[Model], values: Mapping[str, object]) -> Mistake:
    found = reading(model, values)
    (only,) = [*found.mistakes, *found.broken()]
    return only


def test_the_catalog_holds_every_documented_model_and_no_other() -> None:
    assert list(catalog.MODELS) == list(DOCUMENTS)


def test_a_model_is_found_by_its_id_and_its_alias(name: str) -> None:
    document = DOCUMENTS[name]
    model = catalog.find(name)
    assert (model.id, model.alias, model.gateway, model.endpoint) == (
        name,
        document.alias,
        document.gateway,
        document.endpoint,
    )
    assert document.alias is None or catalog.find(document.alias) is model


def test_a_name_that_is_no_model_is_a_mistake_that_lists_every_name() -> None:
    with pytest.raises(Mistake) as caught:
        catalog.find("veo-4")
    assert (caught.value.field, caught.value.problem) == ("model", "'veo-4' is not a model (did you mean veo-3-1?)")
    names = {*DOCUMENTS, *(document.alias for document in DOCUMENTS.values() if document.alias)}
    assert set(caught.value.allowed.split(", ")) == names
    assert catalog.resolve("veo-4") is None


def test_a_name_that_is_like_no_model_has_no_suggestion() -> None:
    with pytest.raises(Mistake, match=r"^model: 'sunrise' is not a model; allowed: "):
        catalog.find("sunrise")


def test_the_parameters_are_those_of_the_document_and_in_its_order(name: str) -> None:
    model = catalog.find(name)
    described = model.described()["properties"].items()
    found = [(field, field in model.required(), row.get("default")) for field, row in described]
    assert found == [(field, row.required, row.default) for field, row in DOCUMENTS[name].parameters.items()]


def test_the_minimal_input_is_sent_in_wire_form_without_defaults_and_has_the_documented_price(name: str) -> None:
    model, document = catalog.find(name), DOCUMENTS[name]
    found = reading(model, document.minimal)
    assert (repr(found.values), found.missing) == (repr(document.sent), ())
    assert found.request.price_usd() == (None if document.price is None else Decimal(document.price))
    assert model.model_validate(found.values).price_usd() == found.request.price_usd(), "a record has the wire form"


def test_the_documents_own_example_is_sent_as_it_stands(name: str) -> None:
    example = DOCUMENTS[name].example
    assert repr(sent(catalog.find(name), example)) == repr(example)


@pytest.mark.parametrize("allowed", list(allowed_values()), ids=lambda one: f"{one[0]}-{one[1]}")
def test_an_allowed_value_is_sent_in_the_documented_form(allowed: tuple[str, str, object, object]) -> None:
    model, field, given, wire = allowed
    assert repr(sent(catalog.find(model), {field: given})) == repr({field: wire})


def test_what_another_document_allows_is_taken_only_where_this_one_allows_it(name: str) -> None:
    model = catalog.find(name)
    pool = [*range(40), *(wire for _, _, _, wire in allowed_values() if isinstance(wire, str) and len(wire) < 20)]
    for field, row in DOCUMENTS[name].parameters.items():
        if "enum" in (found := model.described()["properties"][field]) or found.get("format") == "seconds":
            taken = {repr(wire) for value in pool for wire in reading(model, {field: value}).values.values()}
            assert taken == {repr(wire) for _, wire in row.allowed}, field


def test_every_disallowed_value_is_told_with_its_field_and_what_is_allowed(name: str) -> None:
    model, rows = catalog.find(name), DOCUMENTS[name].parameters
    found = reading(model, {field: row.disallowed for field, row in rows.items()})
    assert [(each.field, each.allowed) for each in found.mistakes] == [(field, model.allowed(field)) for field in rows]


def test_missing_names_the_required_fields_in_the_documents_order(name: str) -> None:
    model = catalog.find(name)
    required = tuple(field for field, row in DOCUMENTS[name].parameters.items() if row.required)
    assert reading(model, {}).missing == required
    assert reading(model, {required[0].replace("_", "-"): "wrong or not"}).missing == required[1:]


def test_a_hyphen_and_an_underscore_are_alike_in_a_name() -> None:
    model = catalog.find("veo-3-1")
    assert sent(model, {"negative-prompt": "blur"}) == {"negative_prompt": "blur"}
    assert mistake(model, {"negative-prompt": "a", "negative_prompt": "b"}).field == "negative_prompt"


def test_an_unknown_parameter_is_a_mistake_that_lists_the_models_parameters(name: str) -> None:
    found = mistake(catalog.find(name), {"fps": 24})
    assert (found.field, found.problem) == ("fps", f"is not a parameter of {name}")
    assert found.allowed.split(", ") == list(DOCUMENTS[name].parameters)


@pytest.mark.parametrize("owned", ["webhook", "webhook_events_filter", "webhook-events-filter"])
def test_the_callback_belongs_to_the_pipeline(name: str, owned: str) -> None:
    found = mistake(catalog.find(name), {owned: "https://example.com/hook"})
    assert found.field == owned.replace("-", "_")
    assert "the pipeline owns the callback" in found.problem


@pytest.mark.parametrize("model", ["veo-3-1", "veo-3-1-fast"])
def test_1080p_takes_eight_seconds_where_the_document_says_so(model: str) -> None:
    veo = catalog.find(model)
    for duration in (4, "6s"):
        assert mistake(veo, {"prompt": "A", "resolution": "1080p", "duration": duration}).field == "duration"
        sent(veo, {"prompt": "A", "resolution": "720p", "duration": duration})
    sent(veo, {"prompt": "A", "resolution": "1080p", "duration": "8s"})
    sent(veo, {"prompt": "A", "resolution": "1080p"})


def test_1080p_takes_any_length_where_the_document_names_no_limit() -> None:
    sent(
        catalog.find("veo-3-1-fast-reference"),
        {"prompt": "A", "image_urls": [CAT], "resolution": "1080p", "duration": 4},
    )


@pytest.mark.parametrize("model", ["veo-3-1", "veo-3-1-fast"])
def test_a_last_frame_takes_an_image(model: str) -> None:
    veo = catalog.find(model)
    assert mistake(veo, {"prompt": "A", "last_frame": CAT}).field == "last_frame"
    sent(veo, {"prompt": "A", "last_frame": CAT, "image": CAT})


def test_every_broken_rule_is_told() -> None:
    veo = catalog.find("veo-3-1")
    broken = reading(veo, {"prompt": "A", "last_frame": CAT, "resolution": "1080p", "duration": 4}).broken()
    assert [mistake.field for mistake in broken] == ["duration", "last_frame"]


def test_a_background_color_goes_with_a_custom_background_and_no_other() -> None:
    pixelcut, color = catalog.find("pixelcut-background-removal"), {"r": 0, "g": 0, "b": 0}
    sent(pixelcut, {"video_url": CLIP, "background": "custom", "background_color": color})
    assert mistake(pixelcut, {"video_url": CLIP, "background": "custom"}).field == "background_color"
    assert mistake(pixelcut, {"video_url": CLIP, "background_color": color}).field == "background_color"
    for background in ("transparent", "black", "white", "green", "blue", "magenta"):
        found = mistake(pixelcut, {"video_url": CLIP, "background": background, "background_color": color})
        assert found.field == "background_color"


@pytest.mark.parametrize(
    ("model", "values", "price"),
    [
        ("veo-3-1", {"duration": 4}, "1.80"),
        ("veo-3-1", {"duration": 6, "resolution": "720p"}, "2.70"),
        ("veo-3-1", {"duration": 8, "resolution": "720p"}, "3.60"),
        ("veo-3-1", {"resolution": "1080p"}, "4.80"),
        ("veo-3-1", {"duration": 8, "resolution": "1080p", "generate_audio": False}, "4.80"),
        ("veo-3-1-fast", {"duration": 4}, "0.60"),
        ("veo-3-1-fast", {"duration": 6, "generate_audio": "false"}, "0.60"),
        ("veo-3-1-fast", {"generate_audio": False}, "0.80"),
        ("veo-3-1-fast-reference", {"duration": 16}, "2.40"),
        ("veo-3-1-fast-reference", {"duration": "4s", "generate_audio": False, "resolution": "4k"}, "0.60"),
        ("pixverse-v6-image-to-video", {"resolution": "360p", "duration": 1}, "0.025"),
        ("pixverse-v6-image-to-video", {"resolution": "360p", "generate_audio_switch": True, "duration": 1}, "0.035"),
        ("pixverse-v6-image-to-video", {"resolution": "480p", "duration": 1}, "0.035"),
        ("pixverse-v6-image-to-video", {"resolution": "480p", "generate_audio_switch": True, "duration": 1}, "0.045"),
        ("pixverse-v6-image-to-video", {"resolution": "720p", "duration": 1}, "0.045"),
        ("pixverse-v6-image-to-video", {"resolution": "720p", "generate_audio_switch": True, "duration": 1}, "0.06"),
        ("pixverse-v6-image-to-video", {"resolution": "1080p", "duration": 1}, "0.09"),
        ("pixverse-v6-image-to-video", {"resolution": "1080p", "generate_audio_switch": "true"}, "0.575"),
    ],
)
def test_a_price_is_that_of_the_price_list(model: str, values: dict[str, object], price: str) -> None:
    assert reading(catalog.find(model), values).request.price_usd() == Decimal(price)


def test_what_the_document_forbids_has_no_price() -> None:
    assert reading(catalog.find("veo-3-1"), {"resolution": "1080p", "duration": 4}).request.price_usd() is None


def test_every_media_field_takes_the_formats_of_its_document(name: str) -> None:
    for media in catalog.find(name).media():
        known = {extension for extension, kind in KIND_OF.items() if kind == media.kind}
        assert {each for each in KIND_OF if media.takes(each)} == FORMATS.get((name, media.name), known)


def test_every_role_goes_to_its_field_and_no_other(name: str) -> None:
    roles = [None, "last", *"0123456789", "10", "12", "first", ""]
    for kind in ("image", "audio", "video", "text"):
        for role in roles:
            place = catalog.find(name).place_for(kind, role)
            assert (place.name if place else None) == PLACES.get((name, kind, role)), (kind, role)


def test_a_plain_image_is_never_the_last_frame() -> None:
    class Odd(Model, id="odd", title="Odd", endpoint="/odd"):
        last_frame: Picture | None = None
        image_urls: list[Picture] = Field(min_length=1, max_length=9)

    found = [place.name for role in (None, "last") if (place := Odd.place_for("image", role))]
    assert found == ["image_urls", "last_frame"]


def test_a_model_is_at_most_25_lines_long(name: str) -> None:
    assert len(inspect.getsource(catalog.find(name)).splitlines()) <= 25
