"""From the parts in a real (moto) bucket to the input of a job: whose word counts, what is missing, what is wrong."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from itertools import count, permutations
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import normalize

import boto3
import pytest

from dropreel.errors import Mistakes
from dropreel.intake import drops
from dropreel.intake.assembly import Assembly, assemble, wrong_defaults
from dropreel.intake.inbox import LONGEST_TEXT, Inbox
from dropreel.submit.lending import media_of
from tests.quick_moto import in_process

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

REFERENCE = "veo-3-1-fast-reference"
NUMBERS = count()
Form = Literal["NFC", "NFD"]
#: What a file of each kind begins with.
BEGINNINGS = {"png": b"\x89PNG\r\n\x1a\n", "mp3": b"ID3\x04", "mp4": b"\0\0\0\x18ftypmp42"}


def media(key: str, rest: bytes = b"") -> bytes:
    """The bytes of a picture, a sound or a clip, as the key's extension says; of others, a letter."""
    return BEGINNINGS.get(key.rpartition(".")[2], b"x") + rest


class Bucket:
    """An inbox that people drop into."""

    def __init__(self, client: S3Client, name: str) -> None:
        self.client, self.name = client, name
        client.create_bucket(Bucket=name)
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        self.inbox = Inbox(client, name, lend_seconds=60)

    def drop(self, key: str, body: str | bytes | Mapping[str, Any] | None = None, **metadata: str) -> str:
        """Drop a file, and return its version."""
        data = json.dumps(body) if isinstance(body, Mapping) else media(key) if body is None else body
        about = {name.replace("_", "-"): value for name, value in metadata.items()}
        return self.client.put_object(Bucket=self.name, Key=key, Body=data, Metadata=about)["VersionId"]

    def assembled(self, key: str) -> Assembly:
        """What the place of this key says now."""
        place = drops.parse(key).place
        keys, _ = self.inbox.newest(place)
        parts = [part for part in (self.inbox.read(key, drops.parse(key)) for key in keys) if part]
        return assemble(self.inbox, place, parts)

    def values(self, key: str) -> dict[str, Any]:
        found = self.assembled(key)
        assert found.mistakes == ()
        return dict(found.values)

    def mistake(self, key: str) -> str:
        found = self.assembled(key)
        assert found.mistakes
        assert (found.values, found.missing, found.versions) == ({}, (), {})
        return str(Mistakes(found.mistakes))


@pytest.fixture(scope="module")
def client() -> Iterator[S3Client]:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    with in_process() as endpoint:
        yield session.client("s3", endpoint_url=endpoint)


@pytest.fixture
def bucket(client: S3Client) -> Bucket:
    return Bucket(client, f"inbox-{next(NUMBERS)}")


def encoded(text: str) -> str:
    """How S3 hands out metadata that is not ASCII."""
    return f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="


# Whose word counts

SOURCES = ["defaults of the model", "defaults of the folder", "metadata", "prompt file", "settings file"]


@pytest.mark.parametrize("strongest", range(len(SOURCES)), ids=SOURCES)
def test_the_strongest_word_counts(bucket: Bucket, strongest: int) -> None:
    settings = [{"prompt": source} for source in SOURCES]
    words: list[tuple[str, str | dict[str, str] | None, dict[str, str]]] = [
        ("veo-3-1/_defaults.json", settings[0], {}),
        ("veo-3-1/a/_defaults.json", settings[1], {}),
        ("veo-3-1/a/cat.png", None, settings[2]),
        ("veo-3-1/a/cat.txt", SOURCES[3], {}),
        ("veo-3-1/a/cat.json", settings[4], {}),
    ]
    bucket.drop("veo-3-1/a/cat.png")
    for key, body, metadata in words[: strongest + 1]:
        bucket.drop(key, body, **metadata)
    assert bucket.values("veo-3-1/a/cat.png")["prompt"] == SOURCES[strongest]


def test_each_parameter_comes_from_its_own_strongest_word(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/_defaults.json", {"duration": 4, "aspect_ratio": "9:16", "seed": 1})
    bucket.drop("veo-3-1/a/b/_defaults.json", {"seed": 2})
    bucket.drop("veo-3-1/a/b/cat.png", duration="6s", negative_prompt="blur")
    bucket.drop("veo-3-1/a/b/cat.txt", "a cat\n")
    bucket.drop("veo-3-1/a/b/cat.json", {"generate-audio": False, "take": 2})
    assert bucket.values("veo-3-1/a/b/cat.txt") == {
        "duration": 6,
        "aspect_ratio": "9:16",
        "seed": 2,
        "negative_prompt": "blur",
        "prompt": "a cat",
        "generate_audio": False,
        "image": f"s3://{bucket.name}/veo-3-1/a/b/cat.png",
    }


def test_defaults_of_other_folders_do_not_count(bucket: Bucket) -> None:
    for folder in ("", "veo-3-1/b/", "veo-3-1/a/c/", "veo-3-1-fast/"):
        bucket.drop(f"{folder}_defaults.json", {"seed": 1})
    bucket.drop("veo-3-1/a/cat.txt", "a cat")
    assert bucket.values("veo-3-1/a/cat.txt") == {"prompt": "a cat"}


def test_a_settings_file_may_name_other_media_than_the_part(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/cat.png")
    bucket.drop("veo-3-1/cat.json", {"prompt": "a cat", "image": "https://example.com/other.png"})
    found = bucket.assembled("veo-3-1/cat.png")
    assert found.values["image"] == "https://example.com/other.png"
    assert found.versions == {}


def test_the_very_versions_that_were_read_are_lent(bucket: Bucket) -> None:
    picture = bucket.drop("veed-fabric/a b.png")
    sound = bucket.drop("veed-fabric/a b.mp3")
    bucket.drop("veed-fabric/a b.json", {"resolution": "1080p"})
    found = bucket.assembled("veed-fabric/a b.png")
    uri = f"s3://{bucket.name}/veed-fabric/a b"
    assert found.versions == {f"{uri}.png": picture, f"{uri}.mp3": sound}
    assert (found.values["image_url"], found.values["audio_url"]) == (f"{uri}.png", f"{uri}.mp3")


def test_the_version_of_an_object_that_a_settings_file_names_is_lent(bucket: Bucket) -> None:
    other = bucket.drop("stills/last.png")
    uri = f"s3://{bucket.name}/stills/last.png"
    bucket.drop("veo-3-1/cat.json", {"prompt": "a cat", "image": uri})
    assert bucket.assembled("veo-3-1/cat.json").versions == {uri: other}


@pytest.mark.parametrize("uri", ["s3://{inbox}/nothing.png", "s3://no-such-bucket-anywhere/a.png"])
def test_a_settings_file_that_names_no_object_is_a_mistake_and_not_a_paid_failure(bucket: Bucket, uri: str) -> None:
    named = uri.format(inbox=bucket.name)
    bucket.drop("veo-3-1/cat.json", {"prompt": "a cat", "image": named})
    assert bucket.mistake("veo-3-1/cat.json").startswith(f"image: {named} does not exist")


def test_an_empty_object_that_a_settings_file_names_is_a_mistake(bucket: Bucket) -> None:
    bucket.drop("stills/empty.png", b"")
    bucket.drop("veo-3-1/cat.json", {"prompt": "a cat", "image": f"s3://{bucket.name}/stills/empty.png"})
    assert "stills/empty.png is empty" in bucket.mistake("veo-3-1/cat.json")


def test_parts_under_id_and_alias_make_one_job(bucket: Bucket) -> None:
    bucket.drop("veed-fabric/cat.png")
    bucket.drop("veed-fabric-1-0-api-130/cat.mp3")
    bucket.drop("veed-fabric-1-0-api-130/_defaults.json", {"resolution": "720p"})
    bucket.drop("veed-fabric/_defaults.json", {"resolution": "1080p"})
    found = bucket.assembled("veed-fabric/cat.png")
    assert found.missing == ()
    assert found.values["resolution"] == "1080p"
    assert found.job_id == bucket.assembled("veed-fabric-1-0-api-130/cat.mp3").job_id


@pytest.mark.parametrize("order", list(permutations(["h.2.png", "h.txt", "h.1.png"])), ids=" ".join)
def test_the_order_of_arrival_changes_nothing(bucket: Bucket, order: tuple[str, ...]) -> None:
    for name in order:
        bucket.drop(f"{REFERENCE}/{name}", name if name.endswith("txt") else media(name, name.encode()))
    found = bucket.assembled(f"{REFERENCE}/h.txt")
    urls = [f"s3://{bucket.name}/{REFERENCE}/h.{number}.png" for number in (1, 2)]
    assert found.values == {"image_urls": urls, "prompt": "h.txt"}
    assert found.job_id == "mp4jhwi5w4ws5xxnhlksxnzqaa"


# Metadata


def test_metadata_counts_in_either_spelling_and_decoded(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/cat.png", prompt=encoded("une été à Zürich 🐈"), negative_prompt="=?x")
    assert bucket.values("veo-3-1/cat.png")["prompt"] == "une été à Zürich 🐈"
    assert bucket.values("veo-3-1/cat.png")["negative_prompt"] == "=?x"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("plain", "plain"),
        ("=?UTF-8?Q?caf=C3=A9_noir?=", "café noir"),
        (f"{encoded('é')} {encoded('à')}", "éà"),
        ("=?no-such-charset?B?YQ==?=", "=?no-such-charset?B?YQ==?="),
        ("1 =? 2", "1 =? 2"),
    ],
)
def test_rfc_2047_is_decoded_and_what_only_looks_like_it_is_kept(bucket: Bucket, sent: str, read: str) -> None:
    bucket.drop("veo-3-1/cat.png", prompt=sent)
    assert bucket.values("veo-3-1/cat.png")["prompt"] == read


@pytest.mark.parametrize(
    ("handed_back", "read"),
    [
        ("=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KR?=", "ÄMÄZÕÑ"),
        ("=?UTF-8?Q?=C3=83=C2=84MAZ?=", "ÄMAZ"),
        (encoded("🐈 été".encode().decode("latin-1")), "🐈 été"),
        (encoded("ÄMÄZÕÑ"), "ÄMÄZÕÑ"),
        (encoded("© 2026"), "© 2026"),
        (encoded("Ã"), "Ã"),
    ],
)
def test_metadata_that_was_sent_in_utf_8_and_taken_for_latin_1_is_put_right(
    bucket: Bucket, handed_back: str, read: str
) -> None:
    bucket.drop("veo-3-1/cat.png", prompt=handed_back)
    assert bucket.values("veo-3-1/cat.png")["prompt"] == read


def test_metadata_that_is_no_parameter_is_ignored(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/cat.png", prompt="a cat", mtime="1700000000", webhook="https://example.com")
    assert set(bucket.values("veo-3-1/cat.png")) == {"prompt", "image"}


def test_metadata_of_prompts_and_settings_is_ignored(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/cat.txt", "a cat", seed="1")
    bucket.drop("veo-3-1/cat.json", {}, seed="2")
    assert bucket.values("veo-3-1/cat.txt") == {"prompt": "a cat"}


def test_where_two_parts_disagree_the_first_ones_metadata_counts(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/cat.last.png", prompt="the last", seed="7")
    bucket.drop("veo-3-1/cat.png", prompt="the first")
    values = bucket.values("veo-3-1/cat.png")
    assert (values["prompt"], values["seed"]) == ("the first", 7)


# Identity


def test_the_same_files_dropped_again_are_the_same_job_and_another_drop(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/cat.png", None, prompt="a cat", mtime="1")
    first = bucket.assembled("veo-3-1/cat.png")
    assert bucket.assembled("veo-3-1/cat.png") == first
    bucket.drop("veo-3-1/cat.png", None, prompt="a cat", mtime="2")
    second = bucket.assembled("veo-3-1/cat.png")
    assert second.job_id == first.job_id
    assert second.drop != first.drop


def test_a_changed_default_is_no_new_job(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/cat.txt", "a cat")
    before = bucket.assembled("veo-3-1/cat.txt")
    bucket.drop("veo-3-1/_defaults.json", {"seed": 5})
    after = bucket.assembled("veo-3-1/cat.txt")
    assert after.values["seed"] == 5
    assert (after.job_id, after.drop) == (before.job_id, before.drop)


@pytest.mark.parametrize(
    ("key", "body", "metadata"),
    [
        ("cat.png", media("cat.png", b"other"), {"prompt": "a cat"}),
        ("cat.png", media("cat.png"), {"prompt": "a dog"}),
        ("cat.png", media("cat.png"), {"prompt": "a cat", "seed": "1"}),
        ("cat.txt", b"a cat", {}),
        ("cat.json", b'{"take": 2}', {}),
        ("cat.last.png", media("cat.png"), {}),
    ],
)
def test_changed_content_or_metadata_or_another_part_is_a_new_job(
    bucket: Bucket, key: str, body: bytes, metadata: dict[str, str]
) -> None:
    bucket.drop("veo-3-1/cat.png", None, prompt="a cat")
    before = bucket.assembled("veo-3-1/cat.png")
    bucket.drop(f"veo-3-1/{key}", body, **metadata)
    assert bucket.assembled("veo-3-1/cat.png").job_id != before.job_id


def test_equal_files_in_other_places_are_other_jobs(bucket: Bucket) -> None:
    keys = ["veo-3-1/cat.txt", "veo-3-1/a/cat.txt", "veo-3-1/dog.txt", "veo-3-1-fast/cat.txt"]
    for key in keys:
        bucket.drop(key, "a cat")
    assert len({bucket.assembled(key).job_id for key in keys}) == len(keys)


def test_two_pictures_that_change_places_are_another_job(bucket: Bucket) -> None:
    ids = set()
    for one, other in ((b"1", b"2"), (b"2", b"1")):
        bucket.drop("veo-3-1/c.png", media(".png", one), prompt="x")
        bucket.drop("veo-3-1/c.last.png", media(".png", other))
        ids.add(bucket.assembled("veo-3-1/c.png").job_id)
    assert len(ids) == 2


def test_a_file_uploaded_in_parts_is_the_same_job_as_one_uploaded_whole(bucket: Bucket) -> None:
    bucket.drop("veed-background-remover/c.mp4", b"film" * 100)
    whole = bucket.assembled("veed-background-remover/c.mp4")
    target: Any = {"Bucket": bucket.name, "Key": "veed-background-remover/c.mp4"}
    target["UploadId"] = bucket.client.create_multipart_upload(**target)["UploadId"]
    tag = bucket.client.upload_part(PartNumber=1, Body=b"film" * 100, **target)["ETag"]
    bucket.client.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}, **target)
    assert bucket.client.head_object(Bucket=bucket.name, Key=target["Key"])["ETag"].endswith('-1"')
    assert bucket.assembled("veed-background-remover/c.mp4").job_id == whole.job_id


@pytest.mark.parametrize(("one", "other"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_with_accents_is_one_job_however_they_are_written(bucket: Bucket, one: Form, other: Form) -> None:
    picture = f"veed-fabric/{normalize(one, 'été')}/{normalize(one, 'Zoë')}.png"
    sound = f"veed-fabric/{normalize(other, 'été')}/{normalize(other, 'Zoë')}.mp3"
    for key in (picture, sound):
        bucket.drop(key)
    bucket.drop(f"veed-fabric/{normalize(other, 'été')}/_defaults.json", {"resolution": "1080p"})
    found = bucket.assembled(picture)
    assert found.values == {
        "image_url": f"s3://{bucket.name}/{picture}",
        "audio_url": f"s3://{bucket.name}/{sound}",
        "resolution": "1080p",
    }
    assert found.job_id == bucket.assembled(sound).job_id


def test_names_of_either_spelling_are_the_same_job_when_dropped_alone(bucket: Bucket) -> None:
    ids = set()
    forms: tuple[Form, Form] = ("NFC", "NFD")
    for form in forms:
        key = f"veo-3-1/{normalize(form, 'été')}.txt"
        bucket.drop(key, "a cat")
        ids.add(bucket.assembled(key).job_id)
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
    assert len(ids) == 1


# What is missing, what is wrong


@pytest.mark.parametrize(
    ("key", "missing"),
    [
        ("veed-fabric/c.png", ("audio_url",)),
        ("veed-fabric/c.json", ("image_url", "audio_url")),
        ("pixverse-i2v/c.png", ("prompt", "resolution", "duration")),
        ("veo-3-1/c.last.png", ("prompt",)),  # the rule between fields waits for the whole
        ("veed-background-remover/c.mp4", ()),
    ],
)
def test_what_is_missing_is_named_in_the_documents_order(bucket: Bucket, key: str, missing: tuple[str, ...]) -> None:
    bucket.drop(key, b"{}" if key.endswith("json") else None)
    found = bucket.assembled(key)
    assert found.mistakes == ()
    assert sorted(found.missing) == sorted(missing)


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        ("veo-3-1/c.json", b"{", "settings: veo-3-1/c.json is not JSON: see line 1, character 2"),
        ("veo-3-1/c.json", b"", "settings: veo-3-1/c.json is empty"),
        ("veo-3-1/c.json", b"\xff{}", "settings: veo-3-1/c.json is not UTF-8"),
        ("veo-3-1/c.json", b"[" * 100_000, "settings: veo-3-1/c.json is nested too deeply"),
        ("veo-3-1/c.json", b"[]", "settings: veo-3-1/c.json is not a JSON object"),
        ("veo-3-1/c.json", b'{"seed": 1, "seed": 2}', 'settings: veo-3-1/c.json says "seed" twice'),
        ("veo-3-1/c.json", b'{"seed": %s}' % (b"1" * 5000), "settings: veo-3-1/c.json holds a number that is too long"),
        ("veo-3-1/c.json", gzip.compress(b"{}", mtime=0), "settings: veo-3-1/c.json is compressed"),
        ("veo-3-1/c.json", '{"seed": 1}'.encode("utf-16"), "settings: veo-3-1/c.json is saved as UTF-16"),
        (
            "veo-3-1/c.json",
            b'{"prompt": "A\\u0000cat"}',
            "prompt: holds a control character (U+0000) (in veo-3-1/c.json)",
        ),
        ("veo-3-1/c.json", b'{"prompt": "\\u200b"}', "prompt: is blank (in veo-3-1/c.json)"),
        ("veo-3-1/c.json", b'{"image": "s3://inbox/_a.bmp"}', "image: takes no .bmp (_a.bmp) (in veo-3-1/c.json)"),
        ("veo-3-1/c.json", b'{"image": "s3://inbox/./a.png"}', "image: has a . or .. step, which every client folds"),
        ("veo-3-1/c.txt", "A cat".encode("utf-16-le"), "prompt: veo-3-1/c.txt is saved as UTF-16; save it as UTF-8"),
        ("veo-3-1/c.txt", "A cat".encode("utf-16"), "prompt: veo-3-1/c.txt is saved as UTF-16; save it as UTF-8"),
        ("veo-3-1/c.txt", b"A\0cat", "prompt: holds a control character (U+0000) (in veo-3-1/c.txt)"),
        ("veo-3-1/c.txt", b"\xe2\x80\x8b", "prompt: is blank (in veo-3-1/c.txt)"),
        ("veo-3-1/c.txt", gzip.compress(b"A cat", mtime=0), "prompt: veo-3-1/c.txt is compressed"),
        ("veo-3-1/./c.txt", b"A cat", "file: veo-3-1/./c.txt has a . or .. step, which every client folds away"),
        ("veo-3-1/c.txt.txt", b"A cat", "file: c.txt.txt has two extensions; allowed: one, such as c.txt"),
        ("veo-3-1/_defaults.JSON", b"{}", "file: _defaults.JSON would not be read as the folder's defaults"),
        ("veo-3-1/c.json", b"{" + b" " * LONGEST_TEXT, "settings: veo-3-1/c.json is too long"),
        ("veo-3-1/c.json", b'{"duration": 5}', "duration: 5 is not allowed (in veo-3-1/c.json); allowed: 4, 6, 8"),
        ("veo-3-1/c.json", b'{"cfg": 5}', "cfg: is not a parameter of veo-3-1 (in veo-3-1/c.json); allowed: prompt"),
        ("veo-3-1/c.json", b'{"webhook": "x"}', "webhook: the pipeline owns the callback"),
        ("veo-3-1/c.json", b'{"take": [1]}', "take: is neither a text nor a whole number (in veo-3-1/c.json)"),
        ("veo-3-1/c.json", b'{"take": true}', "take: is neither"),
        ("veo-3-1/c.json", b'{"take": 1.5}', "take: is neither"),
        ("veo-3-1/c.txt", b"", "prompt: veo-3-1/c.txt is empty"),
        ("veo-3-1/c.txt", b" \n", "prompt: is blank (in veo-3-1/c.txt)"),
        ("veo-3-1/c.txt", b"caf\xe9", "prompt: veo-3-1/c.txt is not UTF-8"),
        ("veo-3-1/c.txt", b"x" * (LONGEST_TEXT + 1), "prompt: veo-3-1/c.txt is too long"),
        ("veo-3-1/c.txt", b"x" * 20_001, "prompt: has 20001 characters (in veo-3-1/c.txt)"),
        ("veed-fabric/c.txt", b"hi", "prompt: is not a parameter of veed-fabric-1-0-api-130 (in veed-fabric/c.txt)"),
        ("veo-3-1/c.bmp", b"x", "file: c.bmp has an extension that is not known"),
        ("veo-3-1/_defaults.json", b"[]", "settings: veo-3-1/_defaults.json is not a JSON object"),
        ("veo-3-1/_defaults.json", b'{"seed": "x"}', "seed: 'x' is not allowed (in veo-3-1/_defaults.json)"),
        ("veo-3-1/_defaults.json", b'{"take": 2}', "take: is not a parameter of veo-3-1 (in veo-3-1/_defaults.json)"),
        ("veo-3-1/_defaults.json", b" " * (LONGEST_TEXT + 1), "settings: veo-3-1/_defaults.json is too long"),
    ],
)
def test_a_mistake_says_where_it_is(bucket: Bucket, key: str, body: bytes, words: str) -> None:
    here = f"{key.partition('/')[0]}/c.png" if key.endswith("_defaults.json") else key
    bucket.drop(here, prompt="a cat")
    bucket.drop(key, body)
    assert bucket.mistake(here).startswith(words)


def test_a_mistake_in_metadata_says_where_it_is(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/c.png", prompt="a cat", duration="9")
    words = "duration: '9' is not allowed (in the metadata of veo-3-1/c.png); allowed: 4, 6, 8 seconds"
    assert bucket.mistake("veo-3-1/c.png") == words


@pytest.mark.parametrize(("name", "field"), [("c.txt", "prompt"), ("c.json", "settings")])
def test_two_files_of_one_kind_are_a_mistake(bucket: Bucket, name: str, field: str) -> None:
    bucket.drop(f"veo-3-1/{name}", "{}")
    bucket.drop(f"veo-3-1/{name.upper().replace('C.', 'c.')}", "{}")
    assert bucket.mistake(f"veo-3-1/{name}").startswith(f"{field}: two files for it: veo-3-1/c.")


def test_an_empty_picture_is_a_mistake_and_not_a_paid_failure(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/c.png", b"")
    bucket.drop("veo-3-1/c.txt", "A cat")
    assert bucket.mistake("veo-3-1/c.txt").startswith("image: veo-3-1/c.png is empty")
    bucket.drop("veo-3-1/c.png", None)
    assert bucket.values("veo-3-1/c.txt")["prompt"] == "A cat"


def test_the_id_and_the_alias_are_one_place(bucket: Bucket) -> None:
    for root in ("veed-fabric", "veed-fabric-1-0-api-130"):
        bucket.drop(f"{root}/c.png")
    assert "two files for it: veed-fabric" in bucket.mistake("veed-fabric/c.png")


def test_a_broken_rule_between_fields_is_a_mistake_once_the_job_is_complete(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/c.last.png")
    bucket.drop("veo-3-1/c.txt", "a cat")
    assert bucket.mistake("veo-3-1/c.txt").startswith("last_frame: requires image")


def test_more_pictures_than_the_model_takes_are_a_mistake(bucket: Bucket) -> None:
    for number in range(1, 5):
        bucket.drop(f"veo-3-1/c.{number}.png")
    assert bucket.mistake("veo-3-1/c.1.png").startswith("reference_images: holds 4 values; allowed: a list of 1 to 3")


def test_everything_that_is_wrong_with_a_drop_is_told_at_once(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/_defaults.json", {"duration": 7, "fps": 24})
    bucket.drop("veo-3-1/c.png", b"<html>", seed="x")
    bucket.drop("veo-3-1/c.mp3")
    bucket.drop("veo-3-1/c.txt", b"\xff")
    bucket.drop("veo-3-1/c.json", {"take": 1.5, "duration": 8, "last_frame": "s3://inbox//a.png", "resolution": "4k"})
    told = [line.partition("; allowed: ")[0] for line in bucket.mistake("veo-3-1/c.png").splitlines()]
    assert sorted(told) == [
        "duration: 7 is not allowed (in veo-3-1/_defaults.json)",
        "file: veo-3-1 takes no audio (c.mp3)",
        "fps: is not a parameter of veo-3-1 (in veo-3-1/_defaults.json)",
        "image: veo-3-1/c.png is a web page",
        "last_frame: has a key that begins with /, which many clients leave out (in veo-3-1/c.json)",
        "prompt: veo-3-1/c.txt is not UTF-8; save it as UTF-8",
        "resolution: '4k' is not allowed (in veo-3-1/c.json)",
        "seed: 'x' is not allowed (in the metadata of veo-3-1/c.png)",
        "take: is neither a text nor a whole number (in veo-3-1/c.json)",
    ]


def test_objects_that_do_not_exist_are_told_beside_other_mistakes(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/c.json", {"prompt": "a cat", "seed": "x", "image": f"s3://{bucket.name}/no.png"})
    told = bucket.mistake("veo-3-1/c.json")
    assert "seed: 'x' is not allowed" in told
    assert f"image: s3://{bucket.name}/no.png does not exist" in told


def test_a_wrong_word_is_a_mistake_even_where_a_stronger_one_overrides_it(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/_defaults.json", {"duration": 7})
    bucket.drop("veo-3-1/c.json", {"prompt": "a cat", "duration": 8})
    assert bucket.mistake("veo-3-1/c.json") == (
        "duration: 7 is not allowed (in veo-3-1/_defaults.json); allowed: 4, 6, 8 seconds"
    )


def test_all_mistakes_of_folder_defaults_are_told(bucket: Bucket) -> None:
    key = "veo-3-1/_defaults.json"
    bucket.drop(key, {"duration": 7, "take": 1, "resolution": "1080p", "prompt": "a cat", "$schema": "x"})
    assert [each.field for each in wrong_defaults(bucket.inbox, key, drops.parse(key))] == ["duration", "take"]
    bucket.drop(key, {"resolution": "1080p", "duration": 4, "prompt": "a cat"})
    assert wrong_defaults(bucket.inbox, key, drops.parse(key)) == [], "the rule is for whole requests"


def test_an_editors_schema_is_no_parameter(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/_defaults.json", {"$schema": "../veo.json", "seed": 1})
    bucket.drop("veo-3-1/c.json", {"$schema": "https://example.com/veo.json", "prompt": "a cat"})
    assert bucket.values("veo-3-1/c.json") == {"seed": 1, "prompt": "a cat"}


@pytest.mark.parametrize("take", [1, "two", None, "", 0])
def test_a_take_is_a_text_or_a_whole_number_and_no_parameter(bucket: Bucket, take: object) -> None:
    bucket.drop("veo-3-1/c.json", {"prompt": "a cat", "take": take})
    assert bucket.values("veo-3-1/c.json") == {"prompt": "a cat"}


@pytest.mark.parametrize("body", [b"\xef\xbb\xbfa cat", b"  a cat\r\n", b"a cat"])
def test_a_prompt_is_read_without_byte_order_mark_and_margins(bucket: Bucket, body: bytes) -> None:
    bucket.drop("veo-3-1/c.txt", body)
    assert bucket.values("veo-3-1/c.txt") == {"prompt": "a cat"}


def test_settings_may_have_a_byte_order_mark(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/c.json", b'\xef\xbb\xbf{"prompt": "a cat"}')
    assert bucket.values("veo-3-1/c.json") == {"prompt": "a cat"}


def test_a_text_of_exactly_the_longest_length_is_read(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/c.json", json.dumps({"prompt": "a cat"}).ljust(LONGEST_TEXT))
    assert bucket.values("veo-3-1/c.json") == {"prompt": "a cat"}


def test_media_of_finds_every_text_in_lists_too() -> None:
    assert media_of({"a": "x", "b": ["y", "z", 7], "c": 5, "d": None, "e": {"r": 1}}) == {"x", "y", "z"}
