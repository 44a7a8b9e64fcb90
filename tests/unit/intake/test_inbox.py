"""What S3 will not hand out, whatever its listing says: each is a mistake that names the key and the reason."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from dropreel.aws.contents import Contents
from dropreel.catalog import find
from dropreel.errors import Mistake, Mistakes
from dropreel.intake import drops
from dropreel.intake.assembly import Assembly, assemble, wrong_defaults
from dropreel.intake.inbox import LARGEST_MEDIA, Inbox, Part
from tests.quick_moto import in_process

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

NUMBERS = count()
PNG = b"\x89PNG\r\n\x1a\n"
PICTURE = next(media for media in find("veo-3-1").media() if media.name == "image")
#: S3's answers to a GET, as its documents and users tell them: status, code, message.
ARCHIVED = (403, "InvalidObjectState", "The operation is not valid for the object's storage class")
SSE_C = (
    400,
    "InvalidRequest",
    "The object was stored using a form of Server Side Encryption. The correct parameters …",
)
KMS = (403, "AccessDenied", "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: kms:Decrypt on …")
KMS_OFF = (400, "KMS.DisabledException", "arn:aws:kms:us-east-1:1:key/k is disabled.")
DENIED = (403, "AccessDenied", "Access Denied")
ODD = (418, "Teapot", "short and stout")
REASONS = [
    (ARCHIVED, "is archived; restore it first"),
    (SSE_C, "is encrypted with a key of its uploader's own (SSE-C)"),
    (KMS, "is encrypted with a KMS key that we may not use"),
    (KMS_OFF, "is encrypted with a KMS key that we may not use"),
    (DENIED, "may not be read (access denied)"),
    (ODD, "can not be read (Teapot)"),
]
MOMENTARY = [
    (429, "TooManyRequests", ""),
    (500, "InternalError", ""),
    (501, "NotImplemented", ""),
    (503, "SlowDown", ""),
    (400, "RequestTimeout", ""),
    (400, "ThrottlingException", "You have exceeded the rate at which you may call KMS."),
    (400, "ExpiredToken", ""),
    (403, "RequestTimeTooSkewed", ""),
    (403, "SignatureDoesNotMatch", ""),
]


class Bucket:
    """An inbox in moto, whose answers to GET and HEAD can be those that only AWS gives."""

    def __init__(self, client: S3Client, *, versions: bool = True) -> None:
        self.client, self.name = client, f"parts-{next(NUMBERS)}"
        client.create_bucket(Bucket=self.name)
        if versions:
            client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        self.inbox = Inbox(client, self.name, lend_seconds=60)
        self.refused: dict[str, tuple[int, str, str]] = {}
        self.calls: Counter[str] = Counter()
        answer: Any = self._answer
        client.meta.events.register("before-call.s3", answer)

    def _answer(self, model: Any, params: Any, **_: Any) -> tuple[Any, dict[str, Any]] | None:
        self.calls[model.name] += 1
        key = unquote(params["url_path"]).removeprefix("/")
        if key not in self.refused or model.name not in ("GetObject", "HeadObject"):
            return None
        status, code, message = self.refused[key]
        # The answer to a HEAD has no body that could say why.
        error = {"Code": code, "Message": message} if model.name == "GetObject" else {"Code": str(status)}
        about = {"HTTPStatusCode": status, "HTTPHeaders": {}}
        return SimpleNamespace(status_code=status), {"Error": error, "ResponseMetadata": about}

    def drop(self, key: str, body: bytes = PNG, **more: Any) -> str:
        return self.client.put_object(Bucket=self.name, Key=key, Body=body, **more).get("VersionId", "")

    def drop_in_parts(self, key: str, *bodies: bytes) -> None:
        target: Any = {"Bucket": self.name, "Key": key}
        target["UploadId"] = self.client.create_multipart_upload(**target)["UploadId"]
        tags = [
            self.client.upload_part(PartNumber=number, Body=body, **target)["ETag"]
            for number, body in enumerate(bodies, start=1)
        ]
        parts: Any = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
        self.client.complete_multipart_upload(MultipartUpload={"Parts": parts}, **target)

    def read(self, key: str) -> Part:
        part = self.inbox.read(key, drops.parse(key))
        assert part is not None
        return part

    def assembled(self, key: str) -> Assembly:
        place = drops.parse(key).place
        keys, _ = self.inbox.newest(place)
        parts = [part for part in (self.inbox.read(key, drops.parse(key)) for key in keys) if part]
        return assemble(self.inbox, place, parts)

    def check(self, key: str) -> str:
        return self.inbox.lender.check(PICTURE, f"s3://{self.name}/{key}")


#: Its clients share what botocore has loaded.
SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="localhost", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    with in_process(f"http://localhost:{port}") as address:  # what is lent is fetched by HTTP
        yield address
    server.stop()


def client_of(endpoint: str) -> S3Client:
    once = Config(signature_version="s3v4", retries={"max_attempts": 0}, s3={"addressing_style": "path"})
    return SESSION.client("s3", endpoint_url=endpoint, config=once)


@pytest.fixture
def bucket(endpoint: str) -> Bucket:
    return Bucket(client_of(endpoint))


# What can't be read


@pytest.mark.parametrize("key", ["veo-3-1/c.png", "veo-3-1/c.txt", "veo-3-1/c.json", "veo-3-1/_defaults.json"])
@pytest.mark.parametrize(("answer", "words"), REASONS)
def test_a_part_or_default_that_can_not_be_read_is_a_mistake_that_names_it_and_the_reason(
    bucket: Bucket, key: str, answer: tuple[int, str, str], words: str
) -> None:
    bucket.drop("veo-3-1/c.png", Metadata={"prompt": "a cat"})
    bucket.drop(key, b"{}")
    bucket.refused[key] = answer
    found = bucket.assembled("veo-3-1/c.png")
    assert f"file: {key} {words}" in str(Mistakes(found.mistakes))
    assert (found.values, found.missing, found.versions) == ({}, (), {})


def test_every_part_that_can_not_be_read_is_named(bucket: Bucket) -> None:
    for key, answer in (("veo-3-1/c.png", ARCHIVED), ("veo-3-1/c.txt", DENIED)):
        bucket.drop(key)
        bucket.refused[key] = answer
    words = str(Mistakes(bucket.assembled("veo-3-1/c.txt").mistakes))
    assert "c.png is archived" in words
    assert "c.txt may not be read" in words


def test_defaults_that_can_not_be_read_are_a_mistake_of_their_own_drop(bucket: Bucket) -> None:
    key = "veo-3-1/a/_defaults.json"
    bucket.drop(key, b"{}")
    bucket.refused[key] = ARCHIVED
    (mistake,) = wrong_defaults(bucket.inbox, key, drops.parse(key))
    assert str(mistake).startswith("file: veo-3-1/a/_defaults.json is archived")


@pytest.mark.parametrize(("answer", "words"), REASONS)
def test_media_that_a_message_names_must_be_readable_too(
    bucket: Bucket, answer: tuple[int, str, str], words: str
) -> None:
    bucket.drop("a.png")
    bucket.refused["a.png"] = answer
    with pytest.raises(Mistake) as caught:
        bucket.check("a.png")
    assert str(caught.value).startswith(f"image: s3://{bucket.name}/a.png {words}")


def test_an_object_that_was_archived_since_it_was_checked_is_not_lent(bucket: Bucket) -> None:
    version = bucket.drop("a.png")
    assert bucket.check("a.png") == version
    bucket.refused["a.png"] = ARCHIVED
    with pytest.raises(Mistake, match=r"a\.png is archived"):
        bucket.inbox.lender.lend(f"s3://{bucket.name}/a.png", version)


def test_an_object_that_was_deleted_since_it_was_checked_is_not_lent(bucket: Bucket) -> None:
    version = bucket.drop("a.png")
    bucket.client.delete_object(Bucket=bucket.name, Key="a.png", VersionId=version)
    with pytest.raises(Mistake, match=r"a\.png does not exist any more"):
        bucket.inbox.lender.lend(f"s3://{bucket.name}/a.png", version)


@pytest.mark.parametrize("answer", MOMENTARY, ids=lambda answer: answer[1])
def test_a_momentary_answer_is_no_mistake_and_is_asked_again(bucket: Bucket, answer: tuple[int, str, str]) -> None:
    bucket.drop("veo-3-1/_defaults.json", b"{}")
    bucket.drop("veo-3-1/c.png")
    bucket.refused["veo-3-1/c.png"] = answer
    with pytest.raises(ClientError):
        bucket.check("veo-3-1/c.png")
    with pytest.raises(ClientError):
        bucket.read("veo-3-1/c.png")
    bucket.refused = {"veo-3-1/_defaults.json": answer}
    with pytest.raises(ClientError):
        bucket.assembled("veo-3-1/c.png")


def test_a_part_that_has_become_readable_is_another_drop(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/c.png", Metadata={"prompt": "a cat"})
    bucket.refused["veo-3-1/c.png"] = ARCHIVED
    before, repeated = bucket.assembled("veo-3-1/c.png"), bucket.assembled("veo-3-1/c.png")
    bucket.refused = {}
    after = bucket.assembled("veo-3-1/c.png")
    assert (before.job_id, before.drop) == (repeated.job_id, repeated.drop)
    assert after.drop != before.drop
    assert after.mistakes == ()


def test_a_part_that_is_gone_is_no_part(bucket: Bucket) -> None:
    assert bucket.inbox.read("veo-3-1/c.png", drops.parse("veo-3-1/c.png")) is None
    bucket.refused["veo-3-1/c.png"] = DENIED  # which S3 says of what is not there to those who may not list
    assert bucket.inbox.read("veo-3-1/c.png", drops.parse("veo-3-1/c.png")) is None


@pytest.mark.parametrize("answer", [SSE_C, DENIED])
def test_what_is_not_to_be_read_can_still_be_told_from_other_objects(
    bucket: Bucket, answer: tuple[int, str, str]
) -> None:
    bucket.drop("no-model/c.png")
    known = bucket.inbox.objects.head(bucket.name, "no-model/c.png")
    bucket.refused["no-model/c.png"] = answer
    listed = bucket.inbox.objects.head(bucket.name, "no-model/c.png")
    assert known is not None
    assert listed is not None
    assert (listed["ETag"], listed["LastModified"]) == (known["ETag"], known["LastModified"])
    assert bucket.inbox.objects.head(bucket.name, "no-model/c") is None


@pytest.mark.parametrize("storage", ["STANDARD", "GLACIER_IR", "INTELLIGENT_TIERING"])
def test_what_can_be_read_at_once_passes_whatever_its_storage_class(bucket: Bucket, storage: str) -> None:
    bucket.drop("veo-3-1/c.png", StorageClass=storage, Metadata={"prompt": "a cat"})
    assert bucket.assembled("veo-3-1/c.png").mistakes == ()
    assert bucket.check("veo-3-1/c.png")


@pytest.mark.parametrize("uri", ["s3://{inbox}/nothing.png", "s3://no-such-bucket-anywhere/a.png"])
def test_what_does_not_exist_is_a_mistake(bucket: Bucket, uri: str) -> None:
    with pytest.raises(Mistake, match="does not exist"):
        bucket.inbox.lender.check(PICTURE, uri.format(inbox=bucket.name))


def test_a_bucket_of_another_region_is_a_mistake_that_names_both_regions(bucket: Bucket) -> None:
    bucket.client.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    bucket.client.put_object(Bucket="far-away", Key="a.png", Body=PNG)
    with pytest.raises(Mistake) as caught:
        bucket.inbox.lender.check(PICTURE, "s3://far-away/a.png")
    assert str(caught.value) == "image: far-away is a bucket in eu-west-1; allowed: a bucket in us-east-1"


def test_where_a_bucket_lies_is_asked_once(bucket: Bucket) -> None:
    bucket.client.create_bucket(Bucket="near-by")
    bucket.client.put_object(Bucket="near-by", Key="a.png", Body=PNG)
    for _ in range(3):
        bucket.inbox.lender.check(PICTURE, "s3://near-by/a.png")
    assert bucket.calls["HeadBucket"] == 1


# What is lent


@pytest.mark.parametrize("stored", ["image/x-png", "binary/octet-stream", "text/html"])
def test_what_is_lent_is_served_with_the_type_of_its_bytes(bucket: Bucket, stored: str) -> None:
    version = bucket.drop("a b.jpg", PNG, ContentType=stored)
    url = bucket.inbox.lender.lend(f"s3://{bucket.name}/a b.jpg", version)
    assert parse_qs(urlsplit(url).query)["response-content-type"] == ["image/png"]
    with urlopen(url) as answer:
        assert (answer.headers["Content-Type"], answer.read()) == ("image/png", PNG)


def test_an_empty_object_is_a_mistake(bucket: Bucket) -> None:
    bucket.drop("veo-3-1/c.png", b"", Metadata={"prompt": "a cat"})
    assert "c.png is empty" in str(Mistakes(bucket.assembled("veo-3-1/c.png").mistakes))
    with pytest.raises(Mistake, match=r"c\.png is empty"):
        bucket.check("veo-3-1/c.png")


def test_an_object_without_an_extension_is_lent_if_its_bytes_say_what_it_is(bucket: Bucket) -> None:
    version = bucket.drop("0815", PNG)
    assert bucket.check("0815") == version
    assert "response-content-type=image%2Fpng" in bucket.inbox.lender.lend(f"s3://{bucket.name}/0815", version)


# What large objects hold


@pytest.fixture
def remembered(bucket: Bucket, endpoint: str) -> Bucket:
    dynamodb = SESSION.client("dynamodb", endpoint_url=endpoint)
    dynamodb.create_table(
        TableName=bucket.name,
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("name", "item")],
        BillingMode="PAY_PER_REQUEST",
    )
    contents = Contents(dynamodb, bucket.name, lambda: 1e9)
    bucket.inbox = Inbox(bucket.client, bucket.name, lend_seconds=60, contents=contents)
    return bucket


FILM = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40_000
KEY = "veed-background-remover/c.mp4"


@pytest.mark.parametrize("cut", [len(FILM), 5 * 2**20, 6 * 2**20])
def test_the_same_content_is_the_same_job_however_it_was_cut(bucket: Bucket, cut: int) -> None:
    bucket.drop(KEY, FILM)
    whole = bucket.read(KEY).content
    bucket.drop_in_parts(KEY, *filter(None, (FILM[:cut], FILM[cut:])))
    assert bucket.client.head_object(Bucket=bucket.name, Key=KEY)["ETag"].strip('"').partition("-")[1]
    assert bucket.read(KEY).content == whole == hashlib.md5(FILM, usedforsecurity=False).hexdigest()


def test_a_version_is_read_whole_once(remembered: Bucket) -> None:
    remembered.drop_in_parts(KEY, FILM)
    contents = set()
    for _ in range(3):
        contents.add(remembered.read(KEY).content)
    assert remembered.calls["GetObject"] == 3 + 1
    assert contents == {hashlib.md5(FILM, usedforsecurity=False).hexdigest()}


def test_another_version_is_read_anew(remembered: Bucket) -> None:
    remembered.drop_in_parts(KEY, FILM)
    first = remembered.read(KEY).content
    remembered.drop_in_parts(KEY, FILM + b"more")
    assert remembered.read(KEY).content != first


def test_media_above_the_documented_size_is_a_mistake_and_is_not_read(bucket: Bucket) -> None:
    bucket.drop_in_parts(KEY, FILM)
    events = bucket.client.meta.events
    events.register("after-call.s3.GetObject", _huge)
    try:
        found = bucket.assembled(KEY)
    finally:
        events.unregister("after-call.s3.GetObject", _huge)
    assert str(Mistakes(found.mistakes)) == f"file: {KEY} is too large; allowed: at most 10 GB"
    assert bucket.calls["GetObject"] == 3  # the look at it, and at both places of folder defaults


def _huge(parsed: dict[str, Any], **_: Any) -> None:
    if "ContentRange" in parsed:
        parsed["ContentRange"] = f"bytes 0-4095/{LARGEST_MEDIA + 1}"
        parsed["Body"] = io.BytesIO(parsed["Body"].read())


def test_without_versions_the_very_upload_is_what_is_read_and_lent(endpoint: str) -> None:
    plain = Bucket(client_of(endpoint), versions=False)
    plain.drop_in_parts(KEY, FILM)
    part = plain.read(KEY)
    assert (part.version, part.content) == ("", hashlib.md5(FILM, usedforsecurity=False).hexdigest())
    assert "versionId" not in plain.inbox.lender.lend(f"s3://{plain.name}/{KEY}", "")
