"""The life of each accepted generation: QUEUED, PROCESSING, its end, and the callbacks that tell of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from local.gateways import wire
from local.gateways.dialects import PIXAZO
from local.gateways.generation import Ending, Generation, Output
from local.gateways.journal import Callback, Journal
from local.gateways.studio import Studio, UnusableInputError
from local.gateways.timetable import Timetable

_log = logging.getLogger(__name__)
_CALLBACK_SECONDS = 5.0
#: between two looks whether a generation was asked for often enough
_LOOK_AGAIN_SECONDS = 0.1
_CALLBACK_RETRIES = 3


class Workshop:
    """Makes the results and sends the callbacks."""

    def __init__(
        self, *, base: str, studio: Studio, journal: Journal, cycle_seconds: float, retry_seconds: float
    ) -> None:
        self._base = base
        self._studio = studio
        self._journal = journal
        self._cycle_seconds = cycle_seconds
        self._retry_seconds = retry_seconds
        # Apart, so that callbacks never wait behind films.
        self._making = Timetable(workers=4)
        self._telling = Timetable(workers=32)
        #: By id.
        self.generations: dict[str, Generation] = {}
        #: By path.
        self.media: dict[str, tuple[Generation, Output]] = {}

    def start(self) -> None:
        self._making.start()
        self._telling.start()

    def stop(self) -> None:
        self._making.stop()
        self._telling.stop()

    def begin(self, generation: Generation) -> None:
        """Take the generation on; an early one has ended, and told so, when this returns."""
        self.generations[generation.id] = generation
        if generation.behaviour.early:
            self._end(generation, self._made(generation))
            return self._tell_end(generation)
        if generation.sync and generation.webhook:
            self._telling.after(self._cycle_seconds, partial(self._tell_progress, generation))
        return self._making.after(0.0, partial(self._make, generation))

    def _make(self, generation: Generation) -> None:
        made = self._made(generation)
        self._telling.after(generation.left, partial(self._finish, generation, made))

    def _made(self, generation: Generation) -> Ending:
        if generation.errs:
            return Ending("ERROR", "Internal error while processing the request")
        if generation.behaviour.failed:
            return Ending("FAILED", "The model could not generate a result from this input")
        try:
            return Ending("COMPLETED", outputs=self._studio.outputs(generation))
        except UnusableInputError as error:
            return Ending("FAILED", str(error))
        except Exception:
            # A bug here must end the generation, or whoever waits for it looks guilty.
            _log.exception("generation %s failed", generation.id)
            return Ending("ERROR", "The simulated gateway has a bug, see its log")

    def _finish(self, generation: Generation, made: Ending) -> None:
        if generation.told < generation.behaviour.asked:
            return self._telling.after(_LOOK_AGAIN_SECONDS, partial(self._finish, generation, made))
        self._end(generation, made)
        return self._telling.after(generation.behaviour.late, partial(self._tell_end, generation))

    def _end(self, generation: Generation, made: Ending) -> None:
        # The media first: who reads the end must find them.
        self.media.update({output.path: (generation, output) for output in made.outputs})
        generation.ending = replace(made, at=datetime.now(UTC))

    def _tell_progress(self, generation: Generation) -> None:
        body = PIXAZO.standing(generation, self._base)
        if body["status"] in ("QUEUED", "PROCESSING"):
            self._send(generation, body)
            self._telling.after(self._cycle_seconds, partial(self._tell_progress, generation))

    def _tell_end(self, generation: Generation) -> None:
        if not generation.webhook or not generation.behaviour.callbacks:
            return
        body = PIXAZO.standing(generation, self._base)
        for _ in range(generation.behaviour.callbacks - 1):
            self._telling.after(0.0, partial(self._send, generation, body))
        self._send(generation, body)
        if generation.behaviour.out_of_order:
            for status in ("PROCESSING", "QUEUED"):
                self._send(generation, PIXAZO.older(generation, status, self._base))

    def _send(self, generation: Generation, body: Mapping[str, object], retries: int = _CALLBACK_RETRIES) -> None:
        url = str(generation.webhook)
        answered = wire.post_json(url, body, _CALLBACK_SECONDS)
        self._journal.add(Callback(generation.id, url, body, time.time(), answered))
        if retries and (answered is None or not 200 <= answered < 300):
            self._telling.after(self._retry_seconds, partial(self._send, generation, body, retries - 1))
