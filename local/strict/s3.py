"""S3 hands out no object that is archived, or whose key the reader has not.

See "Archived objects" and "Using server-side encryption with customer-provided keys" in the S3 user guide. A test marks
an object by what it says when it puts it: a storage class, a customer's key, or the ARN of a KMS key of somebody else.
moto itself refuses to read archives.
"""

from collections.abc import Mapping
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeKey
from moto.s3.responses import S3Response

from local.strict.moto import replace_in

_CUSTOMERS_KEY = "x-amz-server-side-encryption-customer-key-md5"


class _NeedsItsKey(S3ClientError):
    def __init__(self) -> None:
        super().__init__(
            "InvalidRequest",
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to "
            "retrieve the object.",
        )


class _NotYourKey(S3ClientError):
    def __init__(self, arn: str) -> None:
        super().__init__(
            "AccessDenied",
            f"not authorized to perform: kms:Decrypt on resource: {arn} because no resource-based policy allows the "
            "kms:Decrypt action",
        )


def apply() -> None:
    """Makes moto's S3 refuse what AWS's does, for every client in this process."""
    put: Any = S3Response.put_object
    read: Any = S3Response._get_key
    head: Any = S3Response.head_object

    def put_object(response: S3Response) -> Any:
        answer = put(response)
        key: Any = response.backend.get_object(response.bucket_name, response.parse_key_name())
        key.customers_key = response.headers.get(_CUSTOMERS_KEY)
        return answer

    def get_key(response: S3Response, validate_storage_class: bool = True) -> Any:
        key, not_modified = read(response, validate_storage_class)
        if not _has_customers_key(key, response.headers):
            raise _NeedsItsKey
        if (key.kms_key_id or "").startswith("arn:") and key.kms_key_id.split(":")[4] != key.account_id:
            raise _NotYourKey(key.kms_key_id)
        return key, not_modified

    def head_object(response: S3Response, bucket: str, query: dict[str, Any], name: str, headers: Any) -> Any:
        version = query.get("versionId", [None])[0]
        key = response.backend.head_object(bucket, name, version_id=version)
        if key and not _has_customers_key(key, headers):
            return 400, {}, ""
        return head(response, bucket, query, name, headers)

    replace_in(S3Response, "put_object", put_object)
    replace_in(S3Response, "_get_key", get_key)
    replace_in(S3Response, "head_object", head_object)


def _has_customers_key(key: FakeKey, headers: Mapping[str, str]) -> bool:
    wanted = getattr(key, "customers_key", None)
    return wanted is None or headers.get(_CUSTOMERS_KEY) == wanted
