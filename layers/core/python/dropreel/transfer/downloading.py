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
from functools import partial
from typing import Self

from dropreel.errors import MediaUnavailable
from dropreel.transfer.buffers import Part, Piece, Window
from dropreel.transfer.connection import Line
from dropreel.transfer.fetching import PIECE, Media, RangesBroken

#: Connections to one host at a time, where it hands out ranges.
MOST_LANES = 8
#: Seconds that a piece may take while the reader waits for it before there are more lanes: over a connection that gives
#: less than 40 MB/s it takes longer.
LATE = 0.05


class _Over(Exception):
    """Nobody wants any more what a lane is reading."""


class Reading:
    """An output on its way into memory."""

    def __init__(self, media: Media, spare: list[bytearray]) -> None:
        self._media = media
        self._window = Window(media.size, spare)
        self._sha256 = hashlib.sha256()
        #: Bytes that the reader has had.
        self.size = 0
        self._lock = threading.Lock()
        self._lanes: list[Line] = []
        self._most = MOST_LANES if media.ranged else 1

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

    def release(self, part: Part) -> None:
        """A part's buffer may be used again."""
        self._window.release(part)

    def parts(self, beat: Callable[[], None]) -> Iterator[tuple[Part, int]]:
        """Every part, with how many of its buffer's bytes are the file's. `beat` is called all the while.

        Raises MediaUnavailable; RangesBroken if what came was not of one and the same file.
        """
        if self._media.ranged is None and self._media.size is not None and self._media.size <= PIECE:
            yield from self._little(self._media.size, beat)
            return
        self._add_lane()
        given = 0
        while (piece := self._next(beat)) is not None:
            assert piece.count is not None
            self._sha256.update(piece.view[: piece.count])
            self.size += piece.count
            part = piece.part
            del piece  # with its view of the buffer, which may be released before the next is had
            count = self.size - part.start
            # The end of a file of unknown length may be an empty piece, known before or after the last part.
            if self.size > given and (count == len(part.buffer) or self.ended):
                given = self.size
                yield part, count

    def _little(self, size: int, beat: Callable[[], None]) -> Iterator[tuple[Part, int]]:
        """A file of one piece is not worth a thread."""
        buffer = bytearray(size)
        self.size = self._media.readinto(memoryview(buffer), beat)
        self._sha256.update(buffer)
        if size:
            yield Part(1, 0, buffer), size

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
        first = not self._lanes
        line = self._media.line if first else self._media.line.another()
        pieces = self._window.take(several=False) if first else []
        with self._lock:
            self._lanes.append(line)
        threading.Thread(target=self._lane, args=(line, pieces), name="lane", daemon=True).start()

    def _lane(self, line: Line, pieces: list[Piece]) -> None:
        try:
            if pieces:
                self._fill(pieces, lambda: self._media)
            elif self._media.ranged:
                line.connect(self._media.ranged.url)
            while pieces := self._window.take(several=self._alone()):
                self._fill(pieces, partial(self._open, line, pieces[0].start, pieces[-1].stop))
        except _Over:
            pass
        except BaseException as problem:  # whatever it is, the reader is to know
            self._lost(line, problem)
        finally:
            line.close()

    def _alone(self) -> bool:
        """A lane that is alone saves requests: it asks for a whole part at once."""
        return self._media.ranged is not None and len(self._lanes) == 1

    def _open(self, line: Line, start: int, stop: int) -> Media:
        return self._media.ranged.open(line, start, stop) if self._media.ranged else self._media

    def _fill(self, pieces: list[Piece], opened: Callable[[], Media]) -> None:
        """Fill them in order; none stays in the list, for a lane that lies idle is to hold on to no buffer."""
        try:
            media = opened()
            while pieces:
                count = media.readinto(pieces[0].view, self._go_on)
                self._window.filled(pieces.pop(0), count)
        except BaseException:
            self._window.put_back(pieces)
            raise

    def _go_on(self) -> None:
        if self._window.over:
            raise _Over

    def _lost(self, line: Line, problem: BaseException) -> None:
        with self._lock:
            self._lanes.remove(line)
            # A host that has had enough of us is not asked for more.
            self._most = len(self._lanes)
            last = not self._lanes
        if last or isinstance(problem, RangesBroken) or not isinstance(problem, MediaUnavailable):
            self._window.fail(problem)
