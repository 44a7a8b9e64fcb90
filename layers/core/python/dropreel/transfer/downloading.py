"""Reading an output part by part, hashed in order, in as many lanes as bring it sooner.

A lane is a thread with a connection of its own. There is one to begin with, and twice as many whenever a piece keeps
the reader waiting, as it does where a host limits each connection. A lane that fails leaves its piece to the others and
is not replaced; when the last has failed, so has the reading.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

from dropreel.errors import MediaUnavailable
from dropreel.transfer.buffers import PART, Part, Piece, Window
from dropreel.transfer.connection import Line
from dropreel.transfer.fetching import PIECE, Media, RangesBroken

#: Connections to one host at a time, where it hands out ranges.
MOST_LANES = 8
#: Seconds that a piece may take while the reader waits for it before there are more lanes: over a connection that gives
#: less than 40 MB/s it takes longer.
LATE = 0.05


class Reading:
    """An output on its way into memory."""

    def __init__(self, media: Media, buffers: list[bytearray]) -> None:
        self._media = media
        self._ranged = media.ranged
        self._window = Window(media.size, buffers)
        self._sha256 = hashlib.sha256()
        #: Bytes that the reader has had.
        self.size = 0
        self._lock = threading.Lock()
        self._lanes: list[Line] = []
        self._most = MOST_LANES if media.ranged else 1
        #: A part's buffer may be used again.
        self.release = self._window.release

    @property
    def sha256(self) -> str:
        """Of all the bytes that the reader has had."""
        return self._sha256.hexdigest()

    @property
    def ended(self) -> bool:
        """Whether the reader is known to have had everything."""
        return self.size == self._window.size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the lanes. One that is still connecting has no piece, so it need not be waited for."""
        self._window.over = True
        with self._lock:
            for line in self._lanes:
                line.hang_up()
        self._window.close()

    def parts(self, beat: Callable[[], None]) -> Iterator[Part]:
        """Every part, all but the last of them full. `beat` is called all the while.

        Raises MediaUnavailable; RangesBroken if what came was not of one and the same file.
        """
        if self._ranged is None and self._media.size is not None and self._media.size <= PIECE:
            yield from self._little(self._media.size, beat)
            return
        self._add_lane()
        part = None
        while piece := self._next(beat):
            part = piece.part
            self._had(part, piece.view[: piece.count])
            if part.count == PART:
                yield part
        if part and 0 < part.count < PART:
            yield part

    def _little(self, size: int, beat: Callable[[], None]) -> Iterator[Part]:
        """A file of one piece is not worth a thread."""
        part = Part(1, bytearray(size))
        self._media.readinto(memoryview(part.buffer), beat)
        self._had(part, memoryview(part.buffer))
        if size:
            yield part

    def _had(self, part: Part, content: memoryview) -> None:
        self._sha256.update(content)
        self.size += len(content)
        part.count += len(content)

    def _next(self, beat: Callable[[], None]) -> Piece | None:
        asked_at = time.monotonic()
        while not self._window.ready(LATE):
            if self._window.late(asked_at, LATE):
                self._widen()
            beat()
        beat()
        return self._window.next()

    def _widen(self) -> None:
        """Twice as many lanes, as far as the host goes along."""
        for _ in range(min(len(self._lanes), self._most - len(self._lanes))):
            self._add_lane()

    def _add_lane(self) -> None:
        """The first lane goes on with what is open already; it alone has all of a file that is no ranged one."""
        media = None if self._lanes else self._media
        line = media.line if media else self._media.line.another()
        with self._lock:
            self._lanes.append(line)
        threading.Thread(target=self._lane, args=(line, media), name="lane", daemon=True).start()

    def _lane(self, line: Line, media: Media | None) -> None:
        try:
            if self._ranged and not media:
                line.connect(self._ranged.url)
            # A lane that is alone saves requests: it asks for a whole part at once.
            while pieces := self._window.take(several=not media and len(self._lanes) == 1):
                self._fill(line, media, pieces)
                media = None if self._ranged else media
        except BaseException as problem:  # whatever it is, the reader is to know
            self._lost(line, problem)
        finally:
            line.close()

    def _fill(self, line: Line, media: Media | None, pieces: list[Piece]) -> None:
        """Fill them in order from what is open, or ask for them."""
        try:
            if self._ranged and not media:
                media = self._ranged.open(line, pieces[0].start, pieces[-1].stop)
            assert media
            while pieces:
                count = media.readinto(pieces[0].view, lambda: None)
                self._window.filled(pieces.pop(0), count)
        except BaseException:
            self._window.put_back(pieces)
            raise

    def _lost(self, line: Line, problem: BaseException) -> None:
        with self._lock:
            self._lanes.remove(line)
            # A host that has had enough of us is not asked for more.
            self._most = len(self._lanes)
            last = not self._lanes
        if last or isinstance(problem, RangesBroken) or not isinstance(problem, MediaUnavailable):
            self._window.fail(problem)
