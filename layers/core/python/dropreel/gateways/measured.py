"""How quick the gateways are, and how often they refuse us."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dropreel.errors import NotSent, Refused
from dropreel.gateways import Answer, Callback, Gateway
from dropreel.measures import measure

if TYPE_CHECKING:
    from dropreel.catalog.model import Model

#: By this a gateway asks us to wait; every other refusal is for a person to mend, if it goes on.
BUSY = 429


class Measured:
    """A gateway whose answers are timed, with the time of those that never came."""

    def __init__(self, gateway: Gateway, name: str) -> None:
        self._gateway = gateway
        self._name = name
        self.calls_back = gateway.calls_back

    def submit(self, model: type[Model], values: Mapping[str, Any], callback: Callback | None) -> str:
        """POST one generation, as the gateway itself does."""
        try:
            with self._timed():
                return self._gateway.submit(model, values, callback)
        except NotSent as refusal:
            busy = isinstance(refusal, Refused) and refusal.status == BUSY
            measure("GatewayBusy" if busy else "GatewayRefusal", gateway=self._name)
            raise

    def status(self, request_id: str) -> Answer:
        """Ask how a request stands, as the gateway itself does."""
        with self._timed():
            return self._gateway.status(request_id)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            measure("GatewayLatency", (time.perf_counter() - begin) * 1000, "Milliseconds", gateway=self._name)
