"""Whether what is dropped arrives: a new bucket may take minutes until it tells its queue of new objects.

S3 forgets what is dropped before that. So a file that is no drop, as it lies in no model's folder, is dropped again
and again until its refusal is in the outbox: a refusal costs nothing, and has come all the way.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import suppress

from botocore.exceptions import ClientError

from cli.check import Check, State
from cli.stack import Stack
from cli.wording import lasted

#: No model has this name.
FOLDER = "doctor"
#: Seconds between two drops and between two looks, and after which it is given up.
AGAIN, LOOK_AGAIN, MOST = 15.0, 1.0, 900.0


def inbox(there: Stack, *, clock: Callable[[], float] = time.monotonic) -> Check:
    """Wait until a drop is answered; what was dropped for it, and its answers, are taken away again."""
    path, begun, drops = f"{FOLDER}/{uuid.uuid4().hex}", clock(), 0
    try:
        while (waited := clock() - begun) < MOST:
            if waited >= drops * AGAIN:
                there.s3.put_object(Bucket=there.settings.inbox_bucket, Key=f"{path}.txt", Body=b"Does this arrive?")
                drops += 1
            if _refusals(there, path):
                return Check("inbox", State.FINE, f"live: what is dropped was answered after {lasted(waited)}")
            time.sleep(LOOK_AGAIN)
    finally:
        _tidy(there, path)
    todo = "See whether the inbox notifies the intake queue, and what `dropreel logs --function submit` says."
    return Check("inbox", State.BAD, f"nothing that is dropped is answered within {lasted(MOST)}", todo)


def _refusals(there: Stack, path: str) -> list[str]:
    found = there.s3.list_objects_v2(Bucket=there.settings.outbox_bucket, Prefix=f"rejected/{path}-")
    return [item["Key"] for item in found.get("Contents", [])]


def _tidy(there: Stack, path: str) -> None:
    """Whoever may not delete leaves a file of a few bytes and its refusals."""
    with suppress(ClientError):
        there.s3.delete_object(Bucket=there.settings.inbox_bucket, Key=f"{path}.txt")
        for key in _refusals(there, path):
            there.s3.delete_object(Bucket=there.settings.outbox_bucket, Key=key)
