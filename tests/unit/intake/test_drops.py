"""The drop convention: which keys belong together, and what they are."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dropreel import catalog
from dropreel.catalog import MODELS
from dropreel.errors import Mistake
from dropreel.intake import drops
from dropreel.intake.assembly import media_parts
from dropreel.intake.drops import Name, Place
from dropreel.intake.inbox import Part

VEO, FABRIC, REFERENCE = "veo-3-1", "veed-fabric", "veo-3-1-fast-reference"
INBOX = "s3://inbox/"


def place(model: str, stem: str, folder: str = "") -> Place:
    return Place(catalog.find(model), folder, stem)


def media(*keys: str) -> dict[str, object]:
    """The media parameters of these keys, which all have the place of the first."""
    here = drops.parse(keys[0]).place
    mistakes: list[Mistake] = []
    parts = [Part(key, name, "", "", "") for key, name in drops.parts_of(here, keys)]
    values = media_parts(parts, INBOX, mistakes)
    if mistakes:
        raise mistakes[0]
    return values


def the_mistake(*keys: str) -> Mistake:
    with pytest.raises(Mistake) as caught:
        media(*keys)
    return caught.value


# The place that somebody means


@pytest.mark.parametrize(
    ("folder", "stem", "path"),
    [
        ("", "cat", "cat"),
        ("monday", "cat", "monday/cat"),
        ("/campaign//7/", "walk.v2", "campaign/7/walk.v2"),
        ("a b/.hidden/_drafts", "Screen\u202fshot 🐈", "a b/.hidden/_drafts/Screen\u202fshot 🐈"),
        ("..a/b..", "c..d", "..a/b../c..d"),
        ("", "_MG_1234", "_MG_1234"),
        ("e\u0301te\u0301", "u\u0308", "\xe9t\xe9/\xfc"),
        ("", "n" * 952, "n" * 952),
    ],
)
def test_a_folder_and_a_name_mean_a_place_where_its_parts_are_found(folder: str, stem: str, path: str) -> None:
    found = drops.place_named(catalog.find(VEO), folder, stem)
    assert found.path == f"veo-3-1/{path}"
    assert drops.parse(f"{found.path}.txt").place == found


@pytest.mark.parametrize(
    ("folder", "stem", "field", "words"),
    [
        ("../x", "x", "folder", "'../x' can not be dropped into"),
        ("a/./b", "x", "folder", "campaign/7"),
        ("..", "x", "folder", "campaign/7"),
        ("a\nb", "x", "folder", "campaign/7"),
        ("", "", "name", "is empty"),
        ("a", "b/c", "name", "folders go to folder"),
        ("", "a\x85b", "name", "can not be used"),
        ("", "a\ud800b", "name", "can not be used"),
        ("", ".hidden", "name", "begins with no . and no _"),
        ("", "_DSC_1", "name", "begins with no . and no _"),
        ("", "_defaults", "name", "begins with no . and no _"),
        ("", "..", "name", "begins with no . and no _"),
        ("", "n" * 953, "name", "960 bytes"),
        ("", "é" * 477, "name", "960 bytes"),
        ("f" * 952, "n", "folder", "960 bytes"),
    ],
)
def test_a_mistake_blames_the_folder_or_the_name(folder: str, stem: str, field: str, words: str) -> None:
    with pytest.raises(Mistake) as caught:
        drops.place_named(catalog.find(VEO), folder, stem)
    assert caught.value.field == field
    assert words in f"{caught.value.problem} {caught.value.allowed}"


# Taking keys apart


@pytest.mark.parametrize(
    ("key", "folder", "stem", "role", "extension"),
    [
        ("veo-3-1/cat.png", "", "cat", None, "png"),
        ("veo-3-1/a/b c/cat.png", "a/b c/", "cat", None, "png"),
        ("veo-3-1/a//cat.png", "a//", "cat", None, "png"),
        ("veo-3-1/cat.PNG", "", "cat", None, "png"),
        ("veo-3-1/cat.JpEg", "", "cat", None, "jpeg"),
        ("veo-3-1/cat.txt", "", "cat", None, "txt"),
        ("veo-3-1/cat.JSON", "", "cat", None, "json"),
        ("veo-3-1/tree.last.png", "", "tree", "last", "png"),
        ("veo-3-1/tree.last.WEBP", "", "tree", "last", "webp"),
        ("veo-3-1/hero.1.png", "", "hero", "1", "png"),
        ("veo-3-1/hero.9.png", "", "hero", "9", "png"),
        # A middle token that is no role of the model is part of the stem.
        ("veo-3-1/v1.2-final.png", "", "v1.2-final", None, "png"),
        ("veo-3-1/hero.0.png", "", "hero.0", None, "png"),
        ("veo-3-1/hero.10.png", "", "hero.10", None, "png"),
        ("veo-3-1/hero.².png", "", "hero.²", None, "png"),
        ("veo-3-1/tree.LAST.png", "", "tree.LAST", None, "png"),
        ("veo-3-1/tree.first.png", "", "tree.first", None, "png"),
        ("veed-fabric/tree.last.png", "", "tree.last", None, "png"),
        ("veed-fabric/hero.1.png", "", "hero.1", None, "png"),
        ("veo-3-1-fast/hero.1.png", "", "hero.1", None, "png"),
        ("veo-3-1-fast-reference/tree.last.png", "", "tree.last", None, "png"),
        # Only pictures have roles.
        ("veo-3-1/cat.1.txt", "", "cat.1", None, "txt"),
        ("veo-3-1/cat.last.json", "", "cat.last", None, "json"),
        ("veed-fabric/song.1.mp3", "", "song.1", None, "mp3"),
        ("veo-3-1/cat.last.bmp", "", "cat.last", None, "bmp"),
        # The role is the last token; what is left of it is the stem, even where that ends like one.
        ("veo-3-1/v1.2.3.png", "", "v1.2", "3", "png"),
        ("veo-3-1/a.last.last.png", "", "a.last", "last", "png"),
        # Odd names.
        ("veo-3-1/last.png", "", "last", None, "png"),
        ("veo-3-1/1.png", "", "1", None, "png"),
        ("veo-3-1/cat", "", "cat", None, ""),
        ("veo-3-1/cat.", "", "cat", None, ""),
        ("veo-3-1/cat .png", "", "cat ", None, "png"),
        ("veo-3-1/cat..png", "", "cat.", None, "png"),
        ("veo-3-1/été 🐈.png", "", "été 🐈", None, "png"),
        ("veo-3-1/veo-3-1/cat.png", "veo-3-1/", "cat", None, "png"),
    ],
)
def test_a_key_is_taken_apart_as_the_contract_says(
    key: str, folder: str, stem: str, role: str | None, extension: str
) -> None:
    assert drops.parse(key) == Name(place(key.partition("/")[0], stem, folder), role, extension)


def test_a_folder_without_a_name_is_a_folder() -> None:
    name = drops.parse("veo-3-1//cat.png")
    assert name.place.folder == "/"
    assert "veo-3-1//cat.png".startswith(name.place.prefixes)


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.id)
def test_id_and_alias_mean_the_same_place(model: type[catalog.Model]) -> None:
    places = {drops.parse(f"{root}/a/cat.txt").place.path for root in drops.roots(model)}
    assert places == {f"{model.id}/a/cat"}
    assert drops.roots(model)[0] == model.id


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("cat.png", "no model's folder"),
        ("veo-3-1", "no model's folder"),
        ("no-such-model/cat.png", "'no-such-model' is not a model"),
        ("VEO-3-1/cat.png", "'VEO-3-1' is not a model"),
        ("veo-3-1 /cat.png", "is not a model"),
        ("/veo-3-1/cat.png", "the key begins with /"),
    ],
)
def test_a_key_in_no_models_folder_is_a_mistake_that_lists_the_folders(key: str, shown: str) -> None:
    with pytest.raises(Mistake, match=shown) as caught:
        drops.parse(key)
    assert caught.value.field == "model"
    names = caught.value.allowed.removeprefix("a folder named like a model: ").split(", ")
    assert names == [root for model in MODELS.values() for root in drops.roots(model)]


@pytest.mark.parametrize(
    "key",
    ["", "veo-3-1/", "a/b/", "a/.DS_Store", ".hidden", "_notes.txt", "a/_x.png", "a/._cat.png"],
)
def test_folders_and_hidden_files_are_ignored(key: str) -> None:
    assert drops.ignored(key)


@pytest.mark.parametrize(
    "name",
    [
        *("Thumbs.db", "thumbs.db", "desktop.ini", "Desktop.ini", "Icon\r", "clips_$folder$"),
        *("cat.png.filepart", "cat.mp4.part", "cat.MP4.PART", "cat.mp4.crdownload"),
        *("cat.xmp", "cat.AAE", "cat.THM", "cat.srt", "cat.mp4.XMP"),
        *("_MG_.jpg", "_MG_cat.jpg", "_DSC_1234.jpg", "_mg_1234.jpg", "_IMG_1234.jpg", "__MG_1234.jpg"),
        *("_defaults.json~", "_defaults.json.part", "_defaults.txt", "_defaults"),
    ],
)
def test_what_programs_leave_beside_pictures_and_clips_is_ignored(name: str) -> None:
    assert drops.ignored(name)
    assert drops.ignored(f"veo-3-1/a/{name}")
    here = drops.parse("veo-3-1/a/cat.mp4").place
    assert drops.parts_of(here, [f"veo-3-1/a/{name}"]) == []


@pytest.mark.parametrize(
    "name",
    [
        *("_MG_1234.jpg", "_MG_1234.JPG", "_DSC1234.JPG", "_DSC1234.last.png", "_DSC1234.txt", "_MG_0001-edit.png"),
        *("Icon", "Icon.png", "cat.part.png", "Thumbs.png", "xmp.png", "part", "cat.srt.txt"),
        *("_DEFAULTS.json", "_defaults.JSON", "_defaults.json.txt", "_Defaults.json.json"),
    ],
)
def test_names_that_people_and_cameras_give_are_looked_at(name: str) -> None:
    assert not drops.ignored(f"veo-3-1/a/{name}")


@pytest.mark.parametrize("key", ["a/cat.png", "a/_defaults.json", "_folder/cat.png", ".folder/cat.png", "a/c_.d.png"])
def test_all_else_is_looked_at(key: str) -> None:
    assert not drops.ignored(key)


@pytest.mark.parametrize(
    ("extension", "kind"),
    [
        *((word, "image") for word in ["png", "jpg", "jpeg", "webp", "gif", "avif", "PNG"]),
        *((word, "audio") for word in ["mp3", "wav", "WAV"]),
        *((word, "video") for word in ["mp4", "mov", "webm", "mkv", "m4v", "MOV"]),
        *(("txt", "prompt"), ("TXT", "prompt"), ("json", "settings"), ("bmp", ""), ("", ""), ("mp4 ", "")),
    ],
)
def test_the_extension_says_what_a_file_is(extension: str, kind: str) -> None:
    assert drops.parse(f"veo-3-1/cat.{extension}").kind == kind


# Which keys belong together

SOME_KEYS = st.builds(
    "{}/{}".format,
    st.sampled_from([VEO, FABRIC, REFERENCE, "pixverse-i2v"]),
    st.lists(
        st.sampled_from(["a", "b/", "é", ".", "last", "1", "png", "TXT", "mp3", "/", " ", "-"]), min_size=1, max_size=8
    ).map("".join),
)


@given(SOME_KEYS)
def test_a_part_is_found_by_listing_its_places_prefixes(key: str) -> None:
    # Whatever is not listed would wait for ever without a trace.
    assume("//" not in key)  # see test_a_folder_without_a_name_is_a_folder
    assume(not drops.ignored(key))
    name = drops.parse(key)
    if name.extension:
        assert key.startswith(name.place.prefixes)
        assert drops.parts_of(name.place, [key]) == [(key, name)]


@given(SOME_KEYS, SOME_KEYS)
def test_keys_belong_together_when_model_folder_and_stem_agree(one: str, other: str) -> None:
    assume(not drops.ignored(one) and not drops.ignored(other))
    together = drops.parse(one).place == drops.parse(other).place
    assert (other in dict(drops.parts_of(drops.parse(one).place, [other]))) == together


def test_parts_are_those_of_the_very_place_in_the_order_of_role_and_name() -> None:
    here = drops.parse("veo-3-1-fast-reference/a/hero.png").place
    listed = [
        "veo-3-1-fast-reference/a/hero.2.png",
        "veo-3-1-fast-reference/a/hero.1.webp",
        "veo-3-1-fast-reference/a/hero.txt",
        "veo-3-1-fast-reference/a/hero.png",
        "veo-3-1-fast-reference-to-video/a/hero.3.png",
        "veo-3-1-fast-reference/a/hero.b.png",
        "veo-3-1-fast-reference/a/hero./cat.png",
        "veo-3-1-fast-reference/a/hero.last.png",
        "veo-3-1-fast-reference/a/hero./",
    ]
    assert [key.rpartition("/")[2] for key, _ in drops.parts_of(here, listed)] == [
        *("hero.png", "hero.txt", "hero.1.webp", "hero.2.png", "hero.3.png")
    ]


def test_hidden_files_are_parts_of_nothing() -> None:
    assert drops.parts_of(place(VEO, "_cat"), ["veo-3-1/_cat.png"]) == []


@pytest.mark.parametrize(
    ("key", "levels"),
    [
        ("veo-3-1/cat.png", [["veo-3-1/_defaults.json"]]),
        (
            "veo-3-1/a/b/cat.png",
            [["veo-3-1/_defaults.json"], ["veo-3-1/a/_defaults.json"], ["veo-3-1/a/b/_defaults.json"]],
        ),
        (
            "veed-fabric/a/cat.png",
            [
                ["veed-fabric-1-0-api-130/_defaults.json", "veed-fabric/_defaults.json"],
                ["veed-fabric-1-0-api-130/a/_defaults.json", "veed-fabric/a/_defaults.json"],
            ],
        ),
    ],
)
def test_defaults_lie_in_every_folder_up_to_the_models_weakest_first(key: str, levels: list[list[str]]) -> None:
    assert drops.default_keys(drops.parse(key).place) == levels


# Accents, which a Mac and all others write in different ways

MAC, OTHERS = normalize("NFD", "été/Zürich à l'aube"), normalize("NFC", "été/Zürich à l'aube")
WAYS = [MAC, OTHERS, f"{MAC[:5]}/{OTHERS[4:]}", f"{OTHERS[:3]}/{MAC[6:]}"]


@pytest.mark.parametrize("one", WAYS)
@pytest.mark.parametrize("other", WAYS)
def test_a_name_is_the_same_place_however_its_accents_are_written(one: str, other: str) -> None:
    picture, words = f"veo-3-1/{one}.png", f"veo-3-1/{other}.txt"
    here = drops.parse(picture).place
    assert here == drops.parse(words).place
    assert here.path == f"veo-3-1/{OTHERS}"
    assert picture.startswith(here.prefixes)
    assert words.startswith(here.prefixes)
    assert {key for key, _ in drops.parts_of(here, [picture, words])} == {picture, words}


@pytest.mark.parametrize("name", ["5 \u2126", "a\u030a\u0323", "\ufa19", "\u00e9e\u0301", "\u212bngstr\xf6m/\u212b"])
def test_a_key_is_found_by_its_own_place_however_odd_its_spelling(name: str) -> None:
    key = f"veo-3-1/{name}.png"
    assert key.startswith(drops.parse(key).place.prefixes)
    assert normalize("NFC", name) in drops.parse(key).place.path


def test_defaults_count_however_their_folders_accents_are_written() -> None:
    keys = [key for level in drops.default_keys(drops.parse(f"veo-3-1/{OTHERS}.png").place) for key in level]
    assert keys == [f"veo-3-1/{folder}_defaults.json" for folder in ("", "\xe9t\xe9/", "e\u0301te\u0301/")]


def test_a_name_without_accents_is_looked_for_once() -> None:
    assert drops.parse("veo-3-1/a/cat.png").place.prefixes == ("veo-3-1/a/cat.",)


# Keys that say something else than they seem to


def refused(*keys: str) -> Mistake:
    return next(drops.misnamed([(key, drops.parse(key)) for key in keys]))


@pytest.mark.parametrize(
    "key", ["veo-3-1/./x.png", "veo-3-1/a/../x.png", "veo-3-1/../x.txt", "veo-3-1/a/./_defaults.json"]
)
def test_a_step_that_clients_fold_away_is_a_mistake_and_its_manifest_lies_where_they_find_it(key: str) -> None:
    assert f"{key} has a . or .. step" in refused(key).problem
    assert not {".", ".."} & set(drops.parse(key).place.path.split("/"))


@pytest.mark.parametrize("key", ["veo-3-1//x.png", "veo-3-1/a//b/x.png", "veo-3-1/.../x.png", "veo-3-1/..a/b../x.png"])
def test_steps_that_are_empty_or_only_look_like_dots_are_kept(key: str) -> None:
    assert list(drops.misnamed([(key, drops.parse(key))])) == []
    assert key.startswith(drops.parse(key).place.prefixes)


@pytest.mark.parametrize(
    ("keys", "allowed"),
    [
        (["veo-3-1/cat.txt.txt"], "one, such as cat.txt"),
        (["veo-3-1/cat.json.txt"], "one, such as cat.json"),
        (["veo-3-1/cat.JSON.json"], "one, such as cat.JSON"),
        (["veo-3-1/cat.txt.txt", "veo-3-1/cat.txt.png"], "one, such as cat.txt"),
        (["veo-3-1/cat.png.txt"], "one, such as cat.txt"),
        (["veo-3-1/cat.MP4.json"], "one, such as cat.json"),
        (["veo-3-1/_defaults.JSON"], "_defaults.json"),
        (["veo-3-1/a/_DEFAULTS.json"], "_defaults.json"),
        (["veo-3-1/a/_defaults.json.txt"], "_defaults.json"),
    ],
)
def test_a_name_with_two_extensions_or_wrong_capitals_is_a_mistake_that_names_the_right_one(
    keys: list[str], allowed: str
) -> None:
    mistake = refused(*keys)
    assert (mistake.field, mistake.allowed) == ("file", allowed)
    assert keys[0].rpartition("/")[2] in mistake.problem


@pytest.mark.parametrize(
    "keys",
    [
        ["veo-3-1/cat.txt"],
        ["veo-3-1/txt.txt"],
        ["veo-3-1/v1.2.txt"],
        ["veo-3-1/cat.txt.png"],
        ["veo-3-1/cat.png.png", "veo-3-1/cat.png.txt"],
        ["veo-3-1/_defaults.json"],
    ],
)
def test_other_names_with_dots_are_taken(keys: list[str]) -> None:
    assert list(drops.misnamed([(key, drops.parse(key)) for key in keys])) == []


# What the parts say


@pytest.mark.parametrize(
    ("keys", "values"),
    [
        (["veo-3-1/cat.png"], {"image": "s3://inbox/veo-3-1/cat.png"}),
        (["veo-3-1/cat.txt", "veo-3-1/cat.json"], {}),
        (
            ["veo-3-1/cat.last.png", "veo-3-1/cat.png"],
            {"image": "s3://inbox/veo-3-1/cat.png", "last_frame": "s3://inbox/veo-3-1/cat.last.png"},
        ),
        (
            ["veed-fabric/a b.JPG", "veed-fabric/a b.wav"],
            {"image_url": "s3://inbox/veed-fabric/a b.JPG", "audio_url": "s3://inbox/veed-fabric/a b.wav"},
        ),
        (
            ["veo-3-1-fast-reference/h.2.png", "veo-3-1-fast-reference/h.1.png", "veo-3-1-fast-reference/h.png"],
            {"image_urls": [f"s3://inbox/veo-3-1-fast-reference/h{role}.png" for role in ("", ".1", ".2")]},
        ),
        (["veo-3-1-fast-reference/h.png"], {"image_urls": ["s3://inbox/veo-3-1-fast-reference/h.png"]}),
        (
            ["veo-3-1/h.1.png", "veo-3-1/h.png"],
            {"image": "s3://inbox/veo-3-1/h.png", "reference_images": ["s3://inbox/veo-3-1/h.1.png"]},
        ),
        (["veed-background-remover/c.MOV"], {"video_url": "s3://inbox/veed-background-remover/c.MOV"}),
        (["pixverse-i2v/c.avif"], {"image_url": "s3://inbox/pixverse-i2v/c.avif"}),
    ],
)
def test_each_part_becomes_the_field_of_its_kind_and_role(keys: list[str], values: dict[str, object]) -> None:
    assert media(*keys) == values


@pytest.mark.parametrize(
    ("keys", "field", "words"),
    [
        (["veo-3-1/cat.bmp"], "file", "cat.bmp has an extension that is not known"),
        (["veo-3-1/cat.mp3"], "file", "veo-3-1 takes no audio (cat.mp3)"),
        (["veed-background-remover/cat.png"], "file", "takes no image (cat.png)"),
        (["pixverse/cat.mp4"], "file", "pixverse takes no video (cat.mp4)"),
        (["veed-fabric/cat.webp"], "image_url", "takes no .webp (cat.webp)"),
        (["veed-fabric/cat.WEBP"], "image_url", "takes no .webp (cat.WEBP)"),
        (["veo-3-1/cat.png", "veo-3-1/cat.jpg"], "image", "two files for it: veo-3-1/cat.jpg, veo-3-1/cat.png"),
        (["veo-3-1/cat.png", "veo-3-1/cat.PNG"], "image", "two files for it"),
        (["veo-3-1/c.last.png", "veo-3-1/c.last.jpg"], "last_frame", "two files for it"),
        (["veed-fabric/c.mp3", "veed-fabric-1-0-api-130/c.mp3"], "audio_url", "two files for it"),
    ],
)
def test_a_part_that_the_model_does_not_take_is_a_mistake(keys: list[str], field: str, words: str) -> None:
    mistake = the_mistake(*keys)
    assert mistake.field == field
    assert words in str(mistake)
    assert mistake.allowed


def test_a_part_without_an_extension_is_a_mistake() -> None:
    name = drops.parse("veo-3-1/cat")
    with pytest.raises(Mistake, match=r"cat has no extension; allowed: png, jpg, .*txt, json"):
        drops.taken_by("veo-3-1/cat", name)


def test_the_mistake_says_what_the_model_does_take() -> None:
    assert the_mistake("veed-fabric/c.mp4").allowed == "image (image_url), audio (audio_url), json (settings)"
    assert the_mistake("pixverse/c.png").allowed == "txt (prompt), json (settings)"


def test_no_key_is_looked_for_that_s3_would_not_take() -> None:
    folder = "a" * 200 + "/"
    key = f"veed-fabric/{folder * 4}{'b' * 204}.png"
    assert len(key) == 1024
    place = drops.parse(key).place
    looked_for = [*place.prefixes, *(key for level in drops.default_keys(place) for key in level)]
    assert looked_for
    assert [key for key in looked_for if len(key) > 1024] == []
    assert len(place.path) == 960, "what follows a path must fit behind it"
