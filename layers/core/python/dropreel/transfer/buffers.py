"""The part of a file that is in memory: a few buffers, cut into pieces that are filled in any order and had in one."""

from __future__ import annotations

import ctypes
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import cache

from dropreel.transfer.fetching import PIECE

#: Bytes of a part, all but the last: 10,000 parts, which is all that S3 takes, make 84 GB.
PART = 8 * 1024 * 1024
#: Parts in memory at a time: being read, waiting to be hashed, being uploaded.
PARTS = 4
#: glibc's name for the size from which on memory comes from the system itself; to set it also stops its adapting.
M_MMAP_THRESHOLD = -3
NOTHING = bytearray()


@dataclass(slots=True, eq=False)
class Part:
    """Some consecutive bytes of a file."""

    #: From 1.
    number: int
    #: Where it begins in the file.
    start: int
    #: Taken away when it is released, for whoever still holds the part is not to hold on to that.
    buffer: bytearray


@dataclass(slots=True, eq=False)
class Piece:
    """What is read at once."""

    part: Part
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

    Else it keeps them, once it has seen a large one freed, in a heap for each thread: files of several sizes, one after
    the other, then take half as much again as the window.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 1024 * 1024)


class Window:
    """The buffers of one file, with who may do what to them. For one reader and any number of fillers."""

    def __init__(self, size: int | None, spare: list[bytearray]) -> None:
        #: Bytes of the file, as soon as they are known.
        self.size = size
        #: Buffers of earlier files.
        self._spare = spare
        self._changed = threading.Condition()
        #: A file that fits into one part is a part of its own size, to be sent without a copy.
        self._part = size if size is not None and size <= PART else PART
        self._parts = 0
        self._held = 0
        self._busy = 0
        #: In the file's order: those that the reader has not had, and those among them that nobody fills.
        self._pieces: deque[Piece] = deque()
        self._open: deque[Piece] = deque()
        self._problem: BaseException | None = None
        self.over = False

    def take(self, *, several: bool) -> list[Piece]:
        """The first piece that nobody fills, once there is one, or it and what follows of its part; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self.over or self._available())
            if self.over:
                return []
            taken = [self._open.popleft()]
            while several and self._open and self._follows(taken[-1], self._open[0]):
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
            self._changed.wait_for(self._is_ready, seconds)
            if self._problem:
                raise self._problem
            return self._is_ready()

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
            self._held -= 1
            if len(part.buffer) == PART:
                self._spare.append(part.buffer)
            part.buffer = NOTHING
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
        return self.size is not None and self._parts * self._part >= self.size

    def _follows(self, piece: Piece, other: Piece) -> bool:
        return other.part is piece.part and other.start == piece.stop

    def _available(self) -> bool:
        if not self._open:
            self._begin_part()
        return bool(self._open)

    def _begin_part(self) -> None:
        start = self._parts * self._part
        length = self._part if self.size is None else min(self._part, self.size - start)
        if self._held == PARTS or length <= 0:
            return
        if self._part == PART and self._spare:
            buffer = self._spare.pop()
        else:
            del self._spare[-1:]  # so that there is never more than the window: one buffer for another
            buffer = bytearray(self._part)
        self._parts += 1
        self._held += 1
        part = Part(self._parts, start, buffer)
        view = memoryview(buffer)[:length]
        for offset in range(0, length, PIECE):
            piece = Piece(part, start + offset, view[offset : offset + PIECE])
            self._pieces.append(piece)
            self._open.append(piece)
