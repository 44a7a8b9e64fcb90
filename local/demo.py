"""`dropreel demo`: a picture and a sound become a video, before your eyes."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from local.gateways.samples import sample_picture, sample_sound
from local.leash import BUILD
from local.up import Running

#: the demo waits for as little as it can
SETTINGS = {"quiet_seconds": "1", "first_poll_seconds": "10", "poll_seconds": "2"}
#: where the parts are dropped
_PLACE = "veed-fabric/demo/cat"
#: seconds until the demo gives up
_PATIENCE = 120
#: how often it looks at the job, in seconds
_GLANCE = 0.1


class DemoFailed(RuntimeError):
    """The demo did not end in a playable video; the message says how it ended."""


@dataclass(frozen=True, kw_only=True)
class Video:
    """What a file turned out to hold."""

    path: Path
    #: of the picture, in pixels
    width: int
    height: int
    #: seconds
    duration: float
    #: codec of the picture
    picture: str
    #: codec of the sound
    sound: str


def demonstrate(running: Running, *, show: Callable[[str], None]) -> Video:
    """Drops the parts, shows each step of the job, and returns the video.

    Raises DemoFailed.
    """
    s3, addresses = running.laptop.client("s3"), running.addresses
    for name, body in {f"{_PLACE}.png": sample_picture(), f"{_PLACE}.wav": sample_sound()}.items():
        s3.put_object(Bucket=addresses.inbox_bucket, Key=name, Body=body)
        show(f"dropped {name} ({len(body):,} bytes)")
    manifest = _watch(running, s3, show)
    if manifest["status"] != "SUCCEEDED":
        raise DemoFailed(f"the job {manifest['status']}: {manifest['error']}")
    target = BUILD / "demo" / f"cat-{manifest['job_id']}.mp4"
    target.parent.mkdir(parents=True, exist_ok=True)
    s3.download_file(addresses.outbox_bucket, manifest["outputs"][0]["key"], str(target))
    return examine(target)


def examine(path: Path) -> Video:
    """Decodes a video, to be sure that it plays.

    Raises DemoFailed where it has no picture or no sound.
    """
    try:
        with av.open(str(path)) as film:
            picture, sound = film.streams.video[0], film.streams.audio[0]
            frames = sum(1 for _ in film.decode(picture))
            seconds = float((film.duration or 0) / av.time_base)
            if not frames or not seconds:
                raise DemoFailed(f"{path} shows nothing")
            return Video(
                path=path,
                width=picture.width,
                height=picture.height,
                duration=seconds,
                picture=picture.codec_context.name,
                sound=sound.codec_context.name,
            )
    except (IndexError, av.FFmpegError) as error:
        raise DemoFailed(f"{path} is no video with picture and sound: {error}") from error


def _watch(running: Running, s3: Any, show: Callable[[str], None]) -> dict[str, Any]:
    """Shows every change of the job until its manifest is there, and returns that."""
    table, bucket = running.laptop.client("dynamodb"), running.addresses.outbox_bucket
    begin, last = time.monotonic(), ""
    while time.monotonic() < begin + _PATIENCE:
        now = _state(table.scan(TableName=running.addresses.jobs_table)["Items"])
        if now != last:
            show(f"{time.monotonic() - begin:5.1f} s  {now}")
            last = now
        for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            if found["Key"].endswith(".json"):
                manifest: dict[str, Any] = json.load(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"])
                show(f"{time.monotonic() - begin:5.1f} s  {manifest['status']}, {found['Key']}")
                return manifest
        time.sleep(_GLANCE)
    raise DemoFailed(f"nothing in the outbox after {_PATIENCE} s, the last that was seen: {last or 'no job'}")


def _state(items: list[dict[str, Any]]) -> str:
    """A line about the job, or about the place that still waits for a part of it."""
    return ", ".join(sorted(_words({name: value.get("S", "") for name, value in item.items()}) for item in items))


def _words(job: dict[str, str]) -> str:
    said = {"SUBMITTED": job.get("progress", "")}.get(job["status"], job.get("reason", ""))
    return f"{job['status']} {said}".strip()
