"""The copy's three ways and the lent URLs before SeaweedFS, which checks every signature and every digest."""

from __future__ import annotations

import hashlib
import random
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError
from botocore.session import get_session

from dropreel.aws import clients
from dropreel.submit.lending import Lender
from dropreel.transfer.addresses import Policy
from dropreel.transfer.buffers import PART, PARTS, Part
from dropreel.transfer.copying import Copier, Output
from dropreel.transfer.fetching import fetch
from dropreel.transfer.uploading import Stream, StreamBroken
from local.gateways.samples import sample_picture
from local.moto_server import REGION
from tests.judges.seaweed import ACCESS_KEY, SECRET_KEY, seaweedfs
from tests.unit.hosts import FilmHost

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.judge

#: one request with a digest in its head; with one behind it; and parts, since nobody says how much there is
WAYS = ("small", "streamed", "in-parts")
LABELS = {"dropreel-job": "job-1", "dropreel-model": "veo-3-1"}
ABOUT = {"ContentType": "video/mp4", "Metadata": LABELS}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as address:
        yield address


def client(url: str, secret: str = SECRET_KEY) -> S3Client:
    """A client as the functions have it, with keys of its own."""
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("AWS_ENDPOINT_URL", url)
        surroundings.setenv("AWS_DEFAULT_REGION", REGION)
        config = clients.client("s3").meta.config
    made: Any = get_session().create_client(
        "s3",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=secret,
        config=config,
    )
    signed_by: S3Client = made
    return signed_by


@pytest.fixture(scope="module")
def bucket(url: str) -> str:
    s3 = client(url)
    s3.create_bucket(Bucket="films")
    s3.put_bucket_versioning(Bucket="films", VersioningConfiguration={"Status": "Enabled"})
    return url


@pytest.fixture(scope="module")
def s3(bucket: str) -> S3Client:
    return client(bucket)


@pytest.fixture(scope="module")
def impostor(bucket: str) -> S3Client:
    return client(bucket, secret="a-wrong-secret")


def film(size: int) -> bytes:
    return (b"\0\0\0\x18ftypmp42" + random.Random(size).randbytes(size))[:size]  # noqa: S311


#: Content by way: the second and third are more than what is in memory at a time.
FILMS = {"small": film(300_000), "streamed": film(PARTS * PART + 17), "in-parts": film(PARTS * PART + 19)}


def copy(s3: S3Client, way: str, name: str) -> Output:
    """Copy a film from a host that makes the copy take this way."""
    with FilmHost(FILMS[way]) as host:
        if way == "in-parts":
            host.instead = host.endless
        return Copier(s3, "films", Policy(allow_loopback=True), fetch).copy(
            f"{host.url}/film", name, LABELS, lambda: None
        )


@contextmanager
def streaming(s3: S3Client, key: str, changed: Mapping[str, str] = MappingProxyType({})) -> Iterator[Stream]:
    """A stream of a single part, with headers that somebody changes after they were signed."""
    stream = Stream(s3, {"Bucket": "films", "Key": key}, ABOUT, PART, lambda part: None)
    stream._headers |= changed
    with stream:
        stream.add(Part(1, bytearray(PART), PART))
        yield stream


def keys(s3: S3Client, prefix: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="films", Prefix=prefix).get("Contents", [])]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_taken_at_its_word(s3: S3Client, way: str, caplog: pytest.LogCaptureFixture) -> None:
    output = copy(s3, way, f"right/{way}")
    assert (output.bytes, output.sha256) == (len(FILMS[way]), hashlib.sha256(FILMS[way]).hexdigest())
    found = s3.get_object(Bucket="films", Key=output.key)
    assert found["Body"].read() == FILMS[way]
    assert (found["ContentType"], found["Metadata"]) == ("video/mp4", LABELS)
    assert ("-" in found["ETag"]) == (way == "in-parts")
    assert not caplog.records, "another way was tried first"


@pytest.mark.parametrize("way", WAYS)
def test_wrong_secret_is_refused(s3: S3Client, impostor: S3Client, way: str) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        copy(impostor, way, f"impostor/{way}")
    assert not keys(s3, "impostor/")


def test_wrong_digest_of_a_small_film_is_refused(s3: S3Client) -> None:
    wrong = b64encode(hashlib.sha256(b"other").digest()).decode()
    with pytest.raises(ClientError, match=r"BadDigest|Checksum"):
        s3.put_object(Bucket="films", Key="wrong/small", Body=b"film", ChecksumSHA256=wrong)
    assert not keys(s3, "wrong/small")


def test_wrong_digest_behind_a_stream_is_refused(s3: S3Client) -> None:
    with pytest.raises(StreamBroken, match="answered 400"), streaming(s3, "wrong/streamed") as stream:
        stream.complete(PART, hashlib.sha256(b"other").hexdigest(), lambda: None)
    assert not keys(s3, "wrong/streamed")


def test_wrong_digest_of_a_part_is_refused(s3: S3Client) -> None:
    target = {"Bucket": "films", "Key": "wrong/in-parts"}
    upload = {**target, "UploadId": s3.create_multipart_upload(ChecksumAlgorithm="CRC32", **target)["UploadId"]}  # type: ignore[arg-type]
    with pytest.raises(ClientError, match=r"BadDigest|Checksum"):
        s3.upload_part(Body=b"part", PartNumber=1, ChecksumCRC32="AAAAAA==", **upload)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["small", "in-parts"])
def test_header_changed_on_the_way_is_refused(s3: S3Client, bucket: str, way: str) -> None:
    def change(request: AWSPreparedRequest, **_: object) -> None:
        request.headers["x-amz-meta-dropreel-job"] = "another"

    changed = client(bucket)
    changed.meta.events.register("before-send.s3", change)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        copy(changed, way, f"changed/{way}")
    assert not keys(s3, f"changed/{way}")


def test_header_of_a_stream_changed_on_the_way_is_refused(s3: S3Client) -> None:
    changed = {"x-amz-meta-dropreel-job": "another"}
    with pytest.raises(StreamBroken, match="answered 403"), streaming(s3, "changed/streamed", changed) as stream:
        stream.complete(PART, hashlib.sha256(bytes(PART)).hexdigest(), lambda: None)
    assert not keys(s3, "changed/streamed")


@pytest.fixture
def lent(s3: S3Client) -> str:
    """What a gateway gets to see of a picture."""
    return lend(s3, seconds=60)


def lend(s3: S3Client, seconds: int) -> str:
    version = s3.put_object(Bucket="films", Key="a cat/é+1 & 50%.png", Body=sample_picture())["VersionId"]
    return Lender(s3, "films", seconds).lend("s3://films/a cat/é+1 & 50%.png", version)


def test_lent_url_serves_the_file_with_the_type_of_its_bytes(lent: str) -> None:
    answer = httpx.get(lent)
    assert (answer.status_code, answer.content) == (200, sample_picture())
    assert answer.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("cat", "dog"),
        lambda url: url.replace("image%2Fpng", "text%2Fhtml"),
        lambda url: url.replace("X-Amz-Expires=60", "X-Amz-Expires=600000"),
        lambda url: url + "0",
        lambda url: url.partition("?")[0],
    ],
    ids=["other file", "other type", "longer", "other signature", "none"],
)
def test_lent_url_that_was_changed_serves_nothing(lent: str, change: Callable[[str], str]) -> None:
    assert change(lent) != lent
    assert httpx.get(change(lent)).status_code == 403


def test_lent_url_takes_no_other_method(lent: str) -> None:
    assert httpx.put(lent, content=b"mine").status_code == 403
    assert httpx.delete(lent).status_code == 403


def test_lent_url_ends(s3: S3Client) -> None:
    short = lend(s3, seconds=1)
    time.sleep(2.5)
    assert httpx.get(short).status_code == 403
