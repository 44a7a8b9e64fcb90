"""What lies in S3 can be listed and looked at, and yet not always be read."""

import base64
import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.e2e.tiny import Tiny

pytestmark = pytest.mark.thorough

Put = Callable[..., dict[str, str]]
FOREIGN = "arn:aws:kms:us-east-1:999999999999:key/11111111-2222-3333-4444-555555555555"
OWN = FOREIGN.replace("999999999999", "123456789012")
SECRET = b"k" * 32
#: what a client that has the key says; boto3 would refuse to say it over http
KEY = {
    "x-amz-server-side-encryption-customer-algorithm": "AES256",
    "x-amz-server-side-encryption-customer-key": base64.b64encode(SECRET).decode(),
    "x-amz-server-side-encryption-customer-key-md5": base64.b64encode(
        hashlib.md5(SECRET, usedforsecurity=False).digest()
    ).decode(),
}


@pytest.fixture
def put(tiny: Tiny) -> Put:
    def put_object(**more: Any) -> dict[str, str]:
        place = {"Bucket": tiny["Bucket"], "Key": uuid.uuid4().hex}
        tiny.client("s3").put_object(**place, Body=b"abc", **more)
        return place

    return put_object


def failure(call: Callable[..., Any], place: dict[str, str]) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**place)
    answer: Any = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"].get("Message", "")


@pytest.mark.parametrize("kind", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_is_seen_and_not_read_until_it_is_restored(tiny: Tiny, put: Put, kind: str) -> None:
    s3, place = tiny.client("s3"), put(StorageClass=kind)
    assert s3.head_object(**place)["StorageClass"] == kind
    status, code, words = failure(s3.get_object, place)
    assert (status, code) == (403, "InvalidObjectState")
    assert words == "The operation is not valid for the object's storage class"
    body = httpx.get(s3.generate_presigned_url("get_object", Params=place))
    assert (body.status_code, f"<StorageClass>{kind}</StorageClass>" in body.text) == (403, True)
    s3.restore_object(**place, RestoreRequest={"Days": 1})
    assert 'ongoing-request="false"' in s3.head_object(**place)["Restore"]
    assert s3.get_object(**place)["Body"].read() == b"abc"


def test_the_classes_that_are_read_at_once_are_read(tiny: Tiny, put: Put) -> None:
    for kind in ("GLACIER_IR", "STANDARD_IA", "INTELLIGENT_TIERING"):
        assert tiny.client("s3").get_object(**put(StorageClass=kind))["Body"].read() == b"abc"


def test_an_object_under_a_customers_key_is_refused_to_whoever_has_it_not(tiny: Tiny) -> None:
    s3, place = tiny.client("s3"), {"Bucket": tiny["Bucket"], "Key": uuid.uuid4().hex}
    address = s3.generate_presigned_url("put_object", Params=place)
    assert httpx.put(address, content=b"abc", headers=KEY).status_code == 200
    assert failure(s3.head_object, place)[0] == 400
    status, code, words = failure(s3.get_object, place)
    assert (status, code) == (400, "InvalidRequest")
    assert words.startswith("The object was stored using a form of Server Side Encryption.")
    assert httpx.get(s3.generate_presigned_url("get_object", Params=place), headers=KEY).content == b"abc"


def test_an_object_under_somebody_elses_kms_key_is_seen_and_not_read(tiny: Tiny, put: Put) -> None:
    s3 = tiny.client("s3")
    place = put(ServerSideEncryption="aws:kms", SSEKMSKeyId=FOREIGN)
    assert s3.head_object(**place)["SSEKMSKeyId"] == FOREIGN
    status, code, words = failure(s3.get_object, place)
    assert (status, code, "kms:Decrypt" in words) == (403, "AccessDenied", True)
    own = put(ServerSideEncryption="aws:kms", SSEKMSKeyId=OWN)
    assert s3.get_object(**own)["Body"].read() == b"abc"
