"""Every model against its document's parameter table, example and price list."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from decimal import Decimal

import pytest
from pydantic import Field

from dropreel import catalog
from dropreel.catalog.fields import KIND_OF, Picture
from dropreel.catalog.model import Model
from dropreel.catalog.requests import Reading, Said, read
from dropreel.errors import Mistake
from tests.unit.catalog.documents import CAT, CLIP, DOCUMENTS, FORMATS, PLACES


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
