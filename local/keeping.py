"""Films outlive the laptop stack that made them: what comes into its outbox is copied into a folder at once."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

#: seconds between two looks into the outbox
_GLANCE = 1.0


@contextmanager
def keeping(s3: Any, bucket: str, folder: Path, *, tell: Callable[[str], None]) -> Iterator[None]:
    """Copies what comes into a bucket for as long as the context lasts, and what came last before it ends."""
    keeper, ended = Keeper(s3, bucket, folder, tell), threading.Event()

    def go_on() -> None:
        while not ended.wait(_GLANCE):
            keeper.look()

    thread = threading.Thread(target=go_on, name="keeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        keeper.look()


class Keeper:
    """Copies each object of a bucket, and again when it has changed."""

    def __init__(self, s3: Any, bucket: str, folder: Path, tell: Callable[[str], None]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._folder = folder.resolve()
        self._tell = tell
        self._kept: dict[str, str] = {}
        self._told: set[str] = set()

    def look(self) -> None:
        """Copies what is new; what can't be copied is said once, and tried again at the next look."""
        try:
            for key, etag in self._new():
                self._keep(key, etag)
        except (BotoCoreError, ClientError) as error:
            self._complain(f"the outbox can not be read: {error}")

    def _new(self) -> list[tuple[str, str]]:
        """Films before their manifests: whoever sees a manifest has all that it names."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        found = [(each["Key"], each["ETag"]) for page in pages for each in page.get("Contents", [])]
        new = [(key, etag) for key, etag in found if self._kept.get(key) != etag]
        return sorted(new, key=lambda each: each[0].endswith(".json"))

    def _keep(self, key: str, etag: str) -> None:
        path = Path(os.path.normpath(self._folder / key))
        try:
            if self._folder not in path.parents:
                raise ValueError("its name leads out of the folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            if key not in self._kept:
                _make_room(path)
            # It writes beside the file and renames that in the end: nobody ever sees half a film.
            self._s3.download_file(self._bucket, key, str(path))
            self._kept[key] = etag
        except (OSError, ValueError, Boto3Error, BotoCoreError, ClientError) as error:
            self._complain(f"{key} is not kept: {getattr(error, 'strerror', None) or error}")

    def _complain(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(text)


def _make_room(path: Path) -> None:
    """Gives what an earlier stack left under this name another one: it may be a film that was paid."""
    if path.exists():
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        path.rename(path.with_name(f"{path.stem}.{made:%Y-%m-%dT%H%M%S}{path.suffix}"))
