"""Objects in S3: what can be read of them, or in plain words why nothing can."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dropreel.aws import s3_errors
from dropreel.errors import Mistake

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: An ETag that is the MD5 of the content: one upload, no KMS.
MD5 = re.compile(r"[0-9a-f]{32}")
#: What is allowed where an object can't be read.
READABLE = "an object that is there and can be read at once"


@dataclass(frozen=True, slots=True)
class Look:
    """What S3 says of an object, and its first bytes."""

    about: Mapping[str, Any]
    #: Bytes of the whole object.
    size: int
    head: bytes

    @property
    def version(self) -> str:
        return str(self.about.get("VersionId") or "")

    @property
    def drop(self) -> str:
        return self.version or written(self.about)

    @property
    def md5(self) -> str:
        """The MD5 that S3 knows of the bytes; "" of a multipart upload, and of what a KMS or foreign key encrypts."""
        etag = str(self.about["ETag"]).strip('"')
        plain = self.about.get("ServerSideEncryption") in (None, "AES256") and "SSECustomerAlgorithm" not in self.about
        return etag if plain and MD5.fullmatch(etag) else ""


class Objects:
    """Any bucket's objects."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def look(self, bucket: str, key: str, most: int, shown: str, version: str = "") -> Look | None:
        """Read up to `most` first bytes; None if there is no such object. Raises Mistake, or S3's momentary error.

        Only reading proves that an object can be read: HEAD answers for archived ones, and for those under a foreign
        key, too; and its errors carry no reason.
        """
        which: dict[str, Any] = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        try:
            found = self._client.get_object(**which, Range=f"bytes=0-{most - 1}")
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":  # of nothing, there is no first byte
                return Look(self._client.head_object(**which), 0, b"")
            if s3_errors.is_absence(error):
                return None
            if s3_errors.is_momentary(error):
                raise
            raise Mistake("file", f"{shown} {s3_errors.problem(error)}", READABLE) from None
        size = int(found.get("ContentRange", "").rpartition("/")[2] or found["ContentLength"])
        return Look(found, size, found["Body"].read())

    def head(self, bucket: str, key: str) -> Mapping[str, Any] | None:
        """An object's headers, or what its listing says where they may not be read; None if it does not exist."""
        try:
            return self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if s3_errors.is_absence(error):
                return None
            if s3_errors.is_momentary(error):
                raise
            return self.listed(bucket, key)

    def listed(self, bucket: str, key: str) -> Mapping[str, Any] | None:
        """What the bucket's listing says of an object; None if it does not exist."""
        found = self._client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        return next((item for item in found if item["Key"] == key), None)

    def region(self, bucket: str) -> str:
        """Where a bucket lies; S3 says so even to those who may not look into it. "" where it does not say."""
        try:
            headers = self._client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
        except ClientError as error:
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        return headers.get("x-amz-bucket-region", "")


def written(about: Mapping[str, Any]) -> str:
    """What tells an object in a bucket without versions from one that took its place."""
    return f"{about['ETag']}@{about['LastModified'].timestamp()}"
