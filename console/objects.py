"""Files between the browser and the buckets, piece by piece, with the rights of whoever started the page."""

from io import BufferedReader, RawIOBase
from typing import Any, cast

from boto3.s3.transfer import TransferConfig
from werkzeug.exceptions import LengthRequired, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from dropreel.intake.inbox import LARGEST_MEDIA
from dropreel.submit import lending

_CHUNK = 256 * 1024
#: Large files go in pieces of 8 MiB, of which so many are in memory at a time.
_PIECES = TransferConfig(max_concurrency=3)
_PIECES.max_in_memory_upload_chunks = 3
#: What a browser may show of an object; anything else is only kept.
_PLAYED = ("video/", "image/", "audio/")


def upload(s3: Any, bucket: str, key: str, request: Request) -> None:
    """The request's body becomes an object, whole or not at all."""
    if request.content_length is None:
        raise LengthRequired("The length of the file is not said.")
    if request.content_length > LARGEST_MEDIA:
        raise RequestEntityTooLarge(f"{key} is too large: at most {LARGEST_MEDIA // 10**9} GB.")
    request.max_content_length = LARGEST_MEDIA
    # It reads whole blocks, as pieces need them, and raises where the browser goes away: half a file is never a whole
    # one.
    body = BufferedReader(cast("RawIOBase", request.stream), lending.HEAD)
    about = {"ContentType": lending.uploaded_as(key, body.peek(lending.HEAD)[: lending.HEAD])}
    s3.upload_fileobj(body, bucket, key, ExtraArgs=about, Config=_PIECES)


def download(s3: Any, bucket: str, key: str, request: Request) -> Response:
    """An object, or the range of it that a player asks for; of the version that is asked for."""
    asked = {"Range": request.headers["Range"]} if "Range" in request.headers else {}
    if request.args.get("version"):
        asked["VersionId"] = request.args["version"]
    found = s3.get_object(Bucket=bucket, Key=key, **asked)
    body = found["Body"]
    answer = Response(body.iter_chunks(_CHUNK), 206 if "ContentRange" in found else 200)
    answer.call_on_close(body.close)
    answer.content_type = found["ContentType"]
    answer.content_length = found["ContentLength"]
    answer.headers["Accept-Ranges"] = "bytes"
    if "ContentRange" in found:
        answer.headers["Content-Range"] = found["ContentRange"]
    if not found["ContentType"].startswith(_PLAYED):
        answer.headers["Content-Disposition"] = "attachment"
    return answer
