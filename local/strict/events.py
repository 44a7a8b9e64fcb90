"""EventBridge takes less than 1 MB of entries in one request.

See "PutEvents" in the EventBridge API reference, and "Calculating PutEvents event entry size" in its user guide.
"""

from collections.abc import Mapping
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend

from local.strict.moto import replace_in

#: "the total entry size must be less than 1MB"
MOST_BYTES = 1024 * 1024
#: what a Time counts, however it is written
_TIME_BYTES = 14


def apply() -> None:
    """Makes moto's EventBridge refuse what AWS's does, for every client in this process."""
    put: Any = EventsBackend.put_events

    def put_events(backend: EventsBackend, events: list[dict[str, Any]]) -> Any:
        if sum(map(size, events)) >= MOST_BYTES:
            raise ValidationException("Total size of the entries in the request is over the limit.")
        return put(backend, events)

    replace_in(EventsBackend, "put_events", put_events)


def size(entry: Mapping[str, Any]) -> int:
    """The bytes that an entry counts."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")] + (entry.get("Resources") or [])
    return sum(len(text.encode()) for text in texts) + (_TIME_BYTES if entry.get("Time") else 0)
