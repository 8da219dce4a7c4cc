"""The Redis protocol on one socket: many questions under way, answers in their order, none waited for too long."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from hiredis import HiredisError, Reader

from recsys.errors import Unavailable

NAME = "redis"
MAX_UNDER_WAY = 4096
"""Batches without an answer; more are refused."""

Replies = list[Any]
Outcome = Callable[[Replies | Unavailable], None]


class Batch:
    """Commands sent together; `outcome` is told once, the replies or what went wrong."""

    __slots__ = ("expected", "late_at", "lost_at", "outcome", "replies")

    def __init__(self, expected: int, outcome: Outcome, *, late_at: float, lost_at: float) -> None:
        self.expected = expected
        self.outcome: Outcome | None = outcome
        self.replies: Replies = []
        self.late_at = late_at
        """When the caller stops waiting, in the loop's time; the answer is still read."""
        self.lost_at = lost_at
        """When the connection is given up."""

    def tell(self, outcome: Replies | Unavailable) -> None:
        if self.outcome is not None:
            told, self.outcome = self.outcome, None
            told(outcome)


class Pipeline(asyncio.Protocol):
    """`on_answer` is called after each arrival of answers, `on_late` when a caller stops waiting."""

    def __init__(self, on_answer: Callable[[], None], on_late: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_answer, self._on_late = on_answer, on_late
        self._reader = Reader(notEnoughData=self)
        self._under_way: deque[Batch] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._look_at = math.inf
        self._transport: asyncio.Transport | None = None
        self._congested = False
        self.lost = asyncio.Event()

    def send(self, packed: bytes, expected: int, outcome: Outcome, *, patience: float, timeout: float) -> None:
        """Raises `Unavailable` where nothing can be sent; then `outcome` is not told."""
        if self._transport is None or self._congested or len(self._under_way) >= MAX_UNDER_WAY:
            raise Unavailable("Redis is away", dependency=NAME)
        now = self._loop.time()
        self._under_way.append(Batch(expected, outcome, late_at=now + patience, lost_at=now + timeout))
        self._transport.write(packed)
        if now + patience < self._look_at:
            self._look_again(now + patience)

    def abort(self) -> None:
        """Give the connection up; whoever waits is told."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        reader, under_way = self._reader, self._under_way
        try:
            reader.feed(data)
            while (reply := reader.gets()) is not self:
                batch = under_way[0]
                batch.replies.append(reply)
                if len(batch.replies) == batch.expected:
                    under_way.popleft()
                    batch.tell(batch.replies)
        except (HiredisError, IndexError):
            # An answer that is none, or one that nobody asked for.
            self.abort()
            return
        self._on_answer()

    def pause_writing(self) -> None:
        self._congested = True

    def resume_writing(self) -> None:
        self._congested = False

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        while self._under_way:
            self._under_way.popleft().tell(Unavailable("Redis went away", dependency=NAME))
        self.lost.set()

    def _look_again(self, at: float) -> None:
        """One timer for all, at the moment when the first question may be late."""
        if self._watch is not None:
            self._watch.cancel()
        self._look_at = at
        self._watch = self._loop.call_at(at, self._look_for_late)

    def _look_for_late(self) -> None:
        self._watch, self._look_at = None, math.inf
        if not self._under_way:
            return
        now = self._loop.time()
        if self._under_way[0].lost_at <= now:
            self.abort()
            return
        next_look = self._under_way[0].lost_at
        for batch in [batch for batch in self._under_way if batch.outcome is not None]:
            if batch.late_at <= now:
                batch.tell(Unavailable("Redis did not answer in time", dependency=NAME))
                self._on_late()
            else:
                next_look = min(next_look, batch.late_at)
        self._look_again(next_look)
