"""GET of a result, as a CDN answers it: ranges, ETag, If-Range, and what a test asked to go wrong."""

from __future__ import annotations

import gzip
import re

from local.gateways.exchange import Answer, Request
from local.gateways.generation import Generation, Output

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def serve(generation: Generation, output: Output, request: Request) -> Answer:
    """The file or the part of it that was asked for, unless this generation's media misbehave."""
    behaviour = generation.behaviour
    generation.media_gets += 1
    wrong = generation.media_gets <= behaviour.media_times
    if behaviour.media == "expired" and request.query("link") == "0":
        generation.link = 1
        return Answer(403, b"Request has expired", {"Content-Type": "text/plain"})
    if behaviour.media == "redirect" and request.query("direct") is None:
        return Answer(302, b"", {"Location": f"{output.path}?direct=1"})
    if behaviour.media == "vanished" and wrong:
        return Answer(404, b"Object not found", {"Content-Type": "text/plain"})
    if behaviour.media == "forbidden" and wrong:
        return Answer(302, b"", {"Location": "https://10.0.0.1/private.mp4"})
    if behaviour.media == "page" and wrong:
        return Answer(200, b"<!DOCTYPE html><title>Busy</title>", {"Content-Type": "text/html"})
    if behaviour.media == "packed":
        about = {"Content-Type": output.media_type, "Content-Encoding": "gzip"}
        return Answer(200, gzip.compress(output.data, 1), about)
    answer = _whole_or_part(output, request)
    if behaviour.media == "truncated" and wrong:
        return Answer(answer.status, answer.body, answer.headers, cut=len(answer.body) // 2)
    if behaviour.media == "slow" and wrong:
        return Answer(answer.status, answer.body, answer.headers, pace=behaviour.media_seconds)
    return answer


def _whole_or_part(output: Output, request: Request) -> Answer:
    headers = {"Content-Type": output.media_type, "ETag": output.etag, "Accept-Ranges": "bytes"}
    size = len(output.data)
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    # A range of something that has changed since is answered with the whole (RFC 9110, 13.1.5).
    changed = request.headers.get("if-range", output.etag) != output.etag
    if not wanted or wanted.group() == "bytes=-" or changed:
        return Answer(200, output.data, headers)
    first, last = _span(wanted[1], wanted[2], size)
    if first >= size or first > last:
        return Answer(416, b"", {**headers, "Content-Range": f"bytes */{size}"})
    return Answer(206, output.data[first : last + 1], {**headers, "Content-Range": f"bytes {first}-{last}/{size}"})


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return (size - min(int(last), size), size - 1) if int(last) else (size, size)
    return int(first), min(int(last), size - 1) if last else size - 1
