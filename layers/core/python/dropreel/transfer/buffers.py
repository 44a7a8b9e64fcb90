"""The part of a file that is in memory: a few buffers, cut into pieces that are filled in any order and had in one."""

from __future__ import annotations

import ctypes
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import cache

from dropreel.transfer.fetching import PIECE

#: Bytes of a buffer, and of a part of an upload: 10,000 parts, which is all that S3 takes, make 84 GB.
PART = 8 * 1024 * 1024
#: Parts in memory at a time: being read, waiting to be hashed, being uploaded.
PARTS = 4
#: glibc's name for the size from which on memory comes from the system itself; to set it also stops its adapting.
M_MMAP_THRESHOLD = -3


@dataclass(slots=True, eq=False)
class Part:
    """Some consecutive bytes of a file, the first of a buffer's."""

    #: From 1.
    number: int
    buffer: bytearray
    #: How many they are, as far as the reader has had them.
    count: int = 0

    @property
    def content(self) -> memoryview:
        """The bytes, where they are."""
        return memoryview(self.buffer)[: self.count]

    @property
    def body(self) -> bytearray:
        """The bytes as the AWS client takes them: uncopied if the buffer is full."""
        return self.buffer if self.count == len(self.buffer) else self.buffer[: self.count]


@dataclass(slots=True, eq=False)
class Piece:
    """What is read at once."""

    part: Part
    #: Where it begins in the file.
    start: int
    view: memoryview
    #: Bytes that it turned out to have; None: they are still to come.
    count: int | None = None
    #: Since when somebody fills it, in seconds of the monotonic clock; None: nobody does.
    taken_at: float | None = None

    @property
    def stop(self) -> int:
        """Where the next begins."""
        return self.start + len(self.view)


@cache
def return_what_is_freed() -> None:
    """Have the C library give every freed buffer back to the system, for the whole process, where it is glibc.

    Else it keeps what is copied of last parts in a heap for each thread: half as much again as the window.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 1024 * 1024)


class Window:
    """Who may do what to the buffers while one file is copied. For one reader and any number of fillers."""

    def __init__(self, size: int | None, buffers: list[bytearray]) -> None:
        #: Bytes of the file, as soon as they are known.
        self.size = size
        self.over = False
        #: All that there are, earlier files' too.
        self._buffers = buffers
        self._free = [*buffers]
        self._changed = threading.Condition()
        self._parts = 0
        self._busy = 0
        #: In the file's order: those that the reader has not had, and those among them that nobody fills.
        self._pieces: deque[Piece] = deque()
        self._open: deque[Piece] = deque()
        self._problem: BaseException | None = None

    def take(self, *, several: bool) -> list[Piece]:
        """The first piece that nobody fills, once there is one, or it and those that follow; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self.over or self._available())
            if self.over:
                return []
            taken = [self._open.popleft()]
            while several and self._open and self._open[0].start == taken[-1].stop:
                taken.append(self._open.popleft())
            for piece in taken:
                piece.taken_at = time.monotonic()
            self._busy += len(taken)
            return taken

    def filled(self, piece: Piece, count: int) -> None:
        """A piece is there; with fewer bytes than it has room for, it was the file's last."""
        with self._changed:
            piece.count = count
            if count < len(piece.view):
                self.size = piece.start + count
                self._open.clear()
                while self._pieces[-1] is not piece:
                    self._pieces.pop()
            self._busy -= 1
            self._changed.notify_all()

    def put_back(self, pieces: list[Piece]) -> None:
        """Somebody could not fill them."""
        with self._changed:
            for piece in reversed(pieces):
                piece.taken_at = None
                self._open.appendleft(piece)
            self._busy -= len(pieces)
            self._changed.notify_all()

    def fail(self, problem: BaseException) -> None:
        """Nobody can; the reader is told."""
        with self._changed:
            self._problem = problem
            self._changed.notify_all()

    def ready(self, seconds: float) -> bool:
        """Whether the reader can go on, after waiting for no longer than this. Raises what `fail` was told."""
        with self._changed:
            ready = self._changed.wait_for(self._is_ready, seconds)
            if self._problem:
                raise self._problem
            return ready

    def late(self, asked_at: float, seconds: float) -> bool:
        """Whether the reader has waited for longer than this for a piece that is being filled, and others are not."""
        with self._changed:
            taken_at = self._pieces[0].taken_at if self._pieces else None
            if taken_at is None or time.monotonic() - max(asked_at, taken_at) < seconds:
                return False
            return self._available()

    def next(self) -> Piece | None:
        """The file's next piece, if it is ready; None at its end."""
        with self._changed:
            return self._pieces.popleft() if self._pieces else None

    def release(self, part: Part) -> None:
        """A part's buffer may be filled with another."""
        with self._changed:
            self._free.append(part.buffer)
            self._changed.notify_all()

    def close(self) -> None:
        """It is over; returns when nobody fills anything any more."""
        with self._changed:
            self.over = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy)

    def _is_ready(self) -> bool:
        if self._problem:
            return True
        if self._pieces:
            return self._pieces[0].count is not None
        return self.size is not None and self._parts * PART >= self.size

    def _available(self) -> bool:
        if not self._open:
            self._begin_part()
        return bool(self._open)

    def _begin_part(self) -> None:
        start = self._parts * PART
        length = PART if self.size is None else min(PART, self.size - start)
        if length <= 0 or not (self._free or self._another_buffer()):
            return
        self._parts += 1
        part = Part(self._parts, self._free.pop())
        view = memoryview(part.buffer)[:length]
        for offset in range(0, length, PIECE):
            piece = Piece(part, start + offset, view[offset : offset + PIECE])
            self._pieces.append(piece)
            self._open.append(piece)

    def _another_buffer(self) -> bool:
        if len(self._buffers) == PARTS:
            return False
        buffer = bytearray(PART)
        self._buffers.append(buffer)
        self._free.append(buffer)
        return True
